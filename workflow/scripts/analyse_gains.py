"""Give every gain over `none` its interval, its p-values and the effect that could have been found.

inputs   EXAMPLES/{model}/{source}/seed{seed}/{target}.parquet of all runs, languages.json
outputs  OUT_DIR/gains.parquet      one row per model, source and target, and for the average of the targets
         OUT_DIR/languages.parquet  one row per model, source, target and language
         OUT_DIR/variants.parquet   the same as gains, of variants of a source (with MLM, translated) over their base
         OUT_DIR/best.parquet       one row per model and target: the best source, naively and without its luck

Gains are in points, paired by seed and example, and means over the languages of a target; controls enter none.
Intervals are those that docs/statistics.md recommends. Targets are read one by one.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.config_schema import Settings, defaults
from workflow.scripts.files import commit, read_json
from workflow.scripts.logs import configure, run
from workflow.scripts.metrics.shares import Shares, read_shares
from workflow.scripts.reporting.gains import AVERAGE, SCHEMAS, write
from workflow.scripts.reporting.programs import names
from workflow.scripts.reporting.scores import BASELINE, Language, read_languages
from workflow.scripts.runspec import decode
from workflow.scripts.statistics import averages, multiplicity
from workflow.scripts.statistics.bootstrap import replicate
from workflow.scripts.statistics.power import minimum_detectable_effect
from workflow.scripts.statistics.ratios import Array, Measurements
from workflow.scripts.statistics.selection_bias import optimism, split_selection
from workflow.scripts.tasks import find_task

Row = dict[str, Any]

ROUNDING = 1e-9
"""Points below which a difference is the rounding of sums."""

SAME = "no seed or example shows another gain: no uncertainty can be estimated"
FEW = "a language has fewer than two examples: no interval"


def main(argv: Sequence[str] | None = None) -> int:
    """Compute and write; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=Path, required=True, help="folder of the tables of examples")
    parser.add_argument("--languages", type=Path, required=True, help="facts about the languages (JSON)")
    for name in ("models", "sources", "targets", "seeds"):
        parser.add_argument(f"--{name}", type=names, required=True, help=f"{name} in display order")
    parser.add_argument("--variants", type=json.loads, default={}, help="base of each variant of a source, as JSON")
    parser.add_argument("--spec", required=True, help="run specification (JSON) with the settings of the statistics")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the files")
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage="statistics")
    settings = decode(options.spec, defaults("statistics"))
    facts = read_languages(read_json(options.languages))
    sources = [BASELINE, *(source for source in options.sources if source != BASELINE)]
    found: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    for model in options.models:
        study = ModelGains(model, sources, options.variants, facts, settings)
        for target in options.targets:
            folders = [
                [options.examples / model / source / f"seed{seed}" for seed in options.seeds] for source in sources
            ]
            paths = [[folder / f"{target}.parquet" for folder in seeds] for seeds in folders]
            study.add(target, read_shares(paths, find_task(target)))
            log.info("%s: %s, %d runs", model, target, len(sources) * len(options.seeds))
        found["gains"] += study.gains()
        found["variants"] += study.variants()
        found["languages"] += study.languages
        found["best"] += study.best()
    provenance = {
        **settings,
        "spec": decode(options.spec),
        "seeds": [int(seed) for seed in options.seeds],
        "commit": commit(),
    }
    for name, rows in found.items():
        write(options.out_dir / f"{name}.parquet", name, rows, provenance)
    return 0


@dataclass(frozen=True)
class Compared:
    """One source beside another on one target: the gain of each seed, and what its interval needs, if it has one."""

    gains: Array
    part: averages.Part | None


class ModelGains:
    """The gains of one model, target by target.

    Args:
        model: which one.
        sources: `none` first.
        variants: the base of each source that is a variant of another; those whose base is no source are left out.
        facts: the languages by code.
        settings: those of the statistics.

    Attributes:
        languages: what was found by language.
    """

    def __init__(
        self,
        model: str,
        sources: Sequence[str],
        variants: Mapping[str, str],
        facts: Mapping[str, Language],
        settings: Settings,
    ) -> None:
        self.model, self.sources, self.facts, self.settings = model, sources, facts, settings
        self._variants = {name: base for name, base in variants.items() if {name, base} <= {*sources}}
        self.languages: list[Row] = []
        self._targets: list[str] = []
        self._compared: dict[tuple[str, str, str], Compared] = {}
        self._best: list[Row] = []

    def add(self, target: str, shares: Shares) -> None:
        """Take in what the examples of one target add to the scores, (sources, seeds, examples) by language."""
        self._targets.append(target)
        for code in shares.values:
            self._add_language(target, code, shares.values[code])
        counted = {
            code: v for code, v in shares.values.items() if not (code in self.facts and self.facts[code].is_control)
        }
        if not counted:
            return
        pairs = [(source, BASELINE) for source in self.sources[1:]] + list(self._variants.items())
        for source, base in pairs:
            arm, other = self.sources.index(source), self.sources.index(base)
            values = [table[arm] - table[other] for table in counted.values()]
            gains = np.mean([table.mean(axis=1) for table in values], axis=0)
            enough = all(table.shape[1] > 1 for table in values)
            families = [self._family(code) for code in counted]
            part = averages.part(values, families, parallel=shares.parallel) if enough else None
            self._compared[source, base, target] = Compared(gains, part)
        if len(self.sources) > 1:
            self._best.append(self._best_of(target, counted, parallel=shares.parallel))

    def gains(self) -> list[Row]:
        """Return a row per source and target, and per source for the average of the targets.

        p-values are adjusted over all sources and targets; those of averages over the sources.
        """
        return self._tested([(source, BASELINE) for source in self.sources[1:]])

    def variants(self) -> list[Row]:
        """Return the same rows of each variant over its base, with p-values adjusted over them alone."""
        return self._tested(list(self._variants.items()))

    def _tested(self, pairs: Sequence[tuple[str, str]]) -> list[Row]:
        rows = [
            self._gain(*pair, target, "+".join(find_task(target).metrics), [target])
            for pair in pairs
            for target in self._targets
        ]
        whole = [self._gain(*pair, AVERAGE, "score", self._targets) for pair in pairs]
        for family in (rows, whole):
            tested = [row for row in family if row.get("p") is not None]
            p = [row["p"] for row in tested]
            adjusted = {"p_holm": multiplicity.holm(p), "p_bh": multiplicity.benjamini_hochberg(p)}
            for i, row in enumerate(tested):
                row |= {name: float(values[i]) for name, values in adjusted.items()}
                if row["n_seeds"] > 1:
                    row["significant"] = row[f"p_{self.settings['correction']}"] < 1 - self.settings["confidence"]
        return [*rows, *whole]

    def best(self) -> list[Row]:
        """Return a row per target, and one for their average."""
        if not self._best:
            return []
        mean: Row = {name: float(np.mean([row[name] for row in self._best])) for name in ("naive", "corrected")}
        split = [row["corrected_split"] for row in self._best]
        mean["corrected_split"] = None if None in split else float(np.mean(split))
        last = {
            "model": self.model,
            "target": AVERAGE,
            "method": self._best[0]["method"],
            "caution": self._best[0]["caution"],
        }
        return [*self._best, last | mean]

    def _family(self, code: str) -> str:
        return (self.facts[code].family if code in self.facts else "") or code

    def _gain(self, source: str, base: str, name: str, metric: str, targets: Sequence[str]) -> Row:
        found = [self._compared.get((source, base, target)) for target in targets]
        known = [compared for compared in found if compared is not None]
        row: Row = {"model": self.model, "source": source, "base": base, "target": name, "metric": metric}
        if len(known) < len(found):
            return row | {"n_seeds": 0, "caution": "no language but controls"}
        row |= {"n_seeds": len(known[0].gains), "gain": float(np.mean([compared.gains for compared in known]))}
        parts = [compared.part for compared in known if compared.part is not None]
        return row | (self._inference(parts) if len(parts) == len(known) else {"caution": FEW})

    def _inference(self, parts: Sequence[averages.Part]) -> Row:
        confidence = self.settings["confidence"]
        fixed = averages.average_interval(parts, "fixed", confidence)
        families = {family for part in parts for family in part.families}
        if fixed.standard_error < ROUNDING:
            same = {"p": 1.0} if abs(fixed.estimate) < ROUNDING else {}
            return same | {"standard_error": 0.0, "families": len(families), "caution": fixed.caution or SAME}
        components = averages.average_components(parts)
        effect = minimum_detectable_effect(components, len(parts[0].gains), level=1 - confidence)
        row = {
            "low": fixed.low,
            "high": fixed.high,
            "standard_error": fixed.standard_error,
            "p": fixed.p,
            "families": len(families),
            "minimum_detectable_effect": effect,
            "caution": fixed.caution,
        }
        if len(families) > 1:
            drawn = averages.average_interval(parts, "random", confidence)
            if drawn.standard_error > ROUNDING:
                row |= {"low_random": drawn.low, "high_random": drawn.high, "p_random": drawn.p}
        return row

    def _add_language(self, target: str, code: str, values: Array) -> None:
        """Add score and gain of each source in one language, (sources, seeds, examples)."""
        for arm, source in enumerate(self.sources):
            row = {"model": self.model, "source": source, "target": target, "language": code, "n": values.shape[2]}
            low, high = self._interval(values[arm])
            row |= {"score": float(values[arm].mean()), "low": None, "high": None}
            if low is not None and high is not None:
                row |= {"low": max(low, 0.0), "high": min(high, 100.0)}
            if arm:
                gains = values[arm] - values[0]
                low, high = self._interval(gains)
                row |= {"gain": float(gains.mean()), "gain_low": low, "gain_high": high}
            self.languages.append(row)

    def _interval(self, values: Array) -> tuple[float, float] | tuple[None, None]:
        """Return the interval of a mean over (seeds, examples); where all are alike nothing can be estimated."""
        if values.shape[1] < 2:
            return None, None
        found = averages.average_interval([averages.part([values], [""])], "fixed", self.settings["confidence"])
        return (None, None) if found.standard_error < ROUNDING else (found.low, found.high)

    def _best_of(self, target: str, counted: Mapping[str, Array], *, parallel: bool) -> Row:
        """Return the source with the highest gain, naively and corrected."""
        tables = [values / 100 for values in counted.values()]
        ones = [np.broadcast_to(1.0, values.shape) for values in tables]
        measured = Measurements(tables, ones, list(counted), parallel=parallel)
        rng = np.random.default_rng([self.settings["seed"], crc32(f"{self.model}/{target}".encode())])
        drawn = replicate(measured, rng, self.settings["replicates"]).macro()
        gains = np.array([self._compared[source, BASELINE, target].gains for source in self.sources[1:]])
        seeds = gains.shape[1]
        found = optimism(gains.mean(axis=1), drawn[:, 1:] - drawn[:, :1], seeds)
        return {
            "model": self.model,
            "target": target,
            "source": self.sources[1:][found.best],
            "naive": found.naive,
            "corrected": found.corrected,
            "corrected_split": split_selection(gains, rng).corrected if seeds > 1 else None,
            "method": "optimism" if seeds > 1 else "optimism, examples alone",
            "frequency": float(found.frequencies[found.best]),
            "caution": averages.ONE_SEED if seeds == 1 else "",
        }


if __name__ == "__main__":
    sys.exit(run(main, stage="statistics"))
