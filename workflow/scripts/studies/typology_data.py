"""What the study `typology` compares: logits of scores by regime and language, and what is known of the languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workflow.scripts.designs.kind import Design
from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Features
from workflow.scripts.files import read_table
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies.runs import Runs
from workflow.scripts.studies.typology_contrasts import Languages, describe
from workflow.scripts.studies.typology_robustness import logits

ENGLISH = "en"


@dataclass(frozen=True)
class Scores:
    """Scores of a target in its languages but English.

    Attributes:
        languages: their codes.
        values: (arms, seeds, languages), 0 to 100.
        english: (arms, seeds); None of a target without English.
    """

    languages: list[str]
    values: Array
    english: Array | None

    @property
    def logits(self) -> Array:
        """Logits of the scores."""
        return logits(self.values)


def read_scores(design: Design, runs: Runs) -> dict[str, Scores]:
    """Return the scores by target, in languages whose distance to English is known.

    Raises:
        UserError: a target has no such language.
    """
    found = {}
    for target in design.targets:
        values, codes = runs.scores(target), runs.languages[target]
        kept = [place for place, code in enumerate(codes) if code != ENGLISH and _distance(runs, code) is not None]
        if not kept:
            raise UserError(
                f"study {design.name}: no language of '{target}' has a known distance to English; leave the target out"
            )
        english = values[:, :, codes.index(ENGLISH)] if ENGLISH in codes else None
        found[target] = Scores([codes[place] for place in kept], values[:, :, kept], english)
    return found


def _distance(runs: Runs, code: str) -> float | None:
    return runs.facts[code].distance if code in runs.facts else None


def read_languages(
    design: Design, runs: Runs, codes: Sequence[str], fertility: Mapping[str, float]
) -> tuple[Languages, list[str]]:
    """Return what is known of the languages, and the controls that were left out.

    Raises:
        UserError: there are fewer than four languages of different distances, or than three families.
    """
    facts = [runs.facts[code] for code in codes]
    families = [one.family or one.code for one in facts]
    if len(codes) > 3 and len(set(families)) < 3:
        raise UserError(
            f"study {design.name}: {', '.join(codes)} are of {len(set(families))} families of languages; the interval "
            "leaves out a family at a time and needs three: name targets in more languages"
        )
    size = design.options["pretraining_size"]
    english = runs.facts[ENGLISH].script if ENGLISH in runs.facts else ""
    controls = {
        "pretraining size": [np.log(float(size[code])) if size.get(code) else np.nan for code in codes],
        "script": [float(bool(one.script) and one.script != english) for one in facts],
        "fertility": [fertility.get(code, np.nan) for code in codes],
    }
    try:
        return describe(
            codes,
            [float(one.distance or 0.0) for one in facts],
            families,
            [one.script for one in facts],
            controls if design.options["controls"] else {},
        )
    except ValueError as error:
        raise UserError(f"study {design.name}: {error}; name targets in more languages") from error


def fertilities(paths: Sequence[Path]) -> dict[str, float]:
    """Return the tokens of each language per token of the same text in English, means over targets with parallel texts.

    Args:
        paths: token files `…/{target}/test.arrow` and data `…/{target}/test.parquet`, in any order.
    """
    data = {path.parent.name: path for path in paths if path.suffix == ".parquet"}
    ratios: dict[str, list[float]] = {}
    for path in (path for path in paths if path.suffix == ".arrow"):
        read = Features(path)
        languages = np.array(read_table(data[path.parent.name], ["language"])["language"].to_pylist())
        own = languages[read.columns["example"]]
        means = {code: float(read.input_ids.lengths[own == code].mean()) for code in np.unique(own).tolist()}
        for code, mean in means.items() if ENGLISH in means else ():
            ratios.setdefault(code, []).append(mean / means[ENGLISH])
    return {code: float(np.mean(values)) for code, values in ratios.items()}
