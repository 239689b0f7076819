"""Gains with what is known of their uncertainty: the files of `analyse_gains`, written and read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_table, write_table

AVERAGE = "average"
PROVENANCE = b"provenance"

MARK = "*"
CORRECTIONS = {"holm": "Holm's", "bh": "Benjamini and Hochberg's"}

GAIN_KEY = ("model", "source", "target")
LANGUAGE_KEY = (*GAIN_KEY, "language")
_GAIN = pa.schema(
    [
        *((name, pa.string()) for name in ("model", "source", "base", "target", "metric")),
        ("n_seeds", pa.int64()),
        *((name, pa.float64()) for name in ("gain", "low", "high", "p", "p_holm", "p_bh")),
        *((name, pa.float64()) for name in ("low_random", "high_random", "p_random")),
        *((name, pa.float64()) for name in ("minimum_detectable_effect", "standard_error")),
        ("families", pa.int64()),
        ("significant", pa.bool_()),
        ("caution", pa.string()),
    ]
)
SCHEMAS: Mapping[str, pa.Schema] = {
    "gains": _GAIN,
    "variants": _GAIN,
    "languages": pa.schema(
        [
            *((name, pa.string()) for name in LANGUAGE_KEY),
            *((name, pa.float64()) for name in ("score", "low", "high", "gain", "gain_low", "gain_high")),
            ("n", pa.int64()),
        ]
    ),
    "best": pa.schema(
        [
            *((name, pa.string()) for name in ("model", "target", "source")),
            *((name, pa.float64()) for name in ("naive", "corrected", "corrected_split")),
            ("method", pa.string()),
            ("frequency", pa.float64()),
            ("caution", pa.string()),
        ]
    ),
}
"""The columns of the files. `significant` is null with one seed, for then nothing can be said of another."""


@dataclass(frozen=True)
class Gains:
    """What `analyse_gains` found, by name.

    Attributes:
        gains: by model, source and target (or `AVERAGE`); their base is `none`.
        variants: the same of variants of a source; their base is the source without the variation.
        languages: by model, source, target and language.
        best: by model and target (or `AVERAGE`).
        settings: confidence, correction, replicates, seed; and the provenance.
    """

    gains: Mapping[tuple[str, str, str], Mapping[str, Any]]
    variants: Mapping[tuple[str, str, str], Mapping[str, Any]]
    languages: Mapping[tuple[str, str, str, str], Mapping[str, Any]]
    best: Mapping[tuple[str, str], Mapping[str, Any]]
    settings: Mapping[str, Any]

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return len(self.settings["seeds"])

    @property
    def percent(self) -> str:
        """The confidence, such as `95 %`."""
        return f"{100 * self.settings['confidence']:g} %"

    def of_model(self, model: str) -> list[Mapping[str, Any]]:
        """Return the gains of single targets of one model."""
        return [row for (name, _, target), row in self.gains.items() if name == model and target != AVERAGE]

    def is_significant(self, model: str, source: str, target: str) -> bool:
        """Return whether a gain is different from 0 after correction; with one seed none is."""
        return bool(self.gains.get((model, source, target), {}).get("significant"))


def write(path: Path, name: str, rows: Sequence[Mapping[str, Any]], provenance: Mapping[str, Any]) -> None:
    """Write rows as one of `SCHEMAS`; settings and provenance go into its metadata."""
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMAS[name])
    text = json.dumps(provenance, sort_keys=True).encode()
    write_table(path, table.replace_schema_metadata({PROVENANCE: text}))


def read_gains(folder: Path) -> Gains:
    """Read the files of one study.

    Raises:
        UserError: one is missing or is not as `analyse_gains` writes it.
    """
    tables = {name: read_table(folder / f"{name}.parquet", schema.names) for name, schema in SCHEMAS.items()}
    metadata = tables["gains"].schema.metadata or {}
    if PROVENANCE not in metadata:
        raise UserError(
            f"{folder / 'gains.parquet'} says nothing of its settings; delete it and run analyse_gains again"
        )
    return Gains(
        keyed(tables["gains"], GAIN_KEY),
        keyed(tables["variants"], GAIN_KEY),
        keyed(tables["languages"], LANGUAGE_KEY),
        keyed(tables["best"], ("model", "target")),
        json.loads(metadata[PROVENANCE]),
    )


def mark_note(gains: Gains, model: str) -> str:
    """Say what the marks of significance mean, or why there are none."""
    if gains.seeds == 1:
        return (
            "No gain is marked as significant: one seed cannot show how much seeds differ. "
            "Intervals, of examples alone, are in the table of gains."
        )
    tested = [row for row in gains.of_model(model) if row["p"] is not None]
    level = f"{1 - gains.settings['confidence']:.2g}"
    text = (
        f"{MARK}: different from 0 at the level {level} after {CORRECTIONS[gains.settings['correction']]} "
        f"correction for {len(tested)} tests (averages: for the sources); t tests over seeds and examples, "
        "these languages."
    )
    return text if any(row["significant"] for row in tested) else f"{text} No gain of a single target is."


def correction_note(gains: Gains) -> str:
    """Say how the best gains were corrected, and what that leaves."""
    text = (
        "Corrected: less what the best of replicated studies exceeds its own gain by (bootstrap optimism); "
        "best in: share of the replicates in which this task is the best."
    )
    if gains.seeds == 1:
        return f"{text} With one seed only the luck with examples is corrected: most of the bias remains."
    return text


def keyed(table: pa.Table, names: Sequence[str]) -> dict[Any, Mapping[str, Any]]:
    """Return the rows of a table by the values of some of its columns."""
    return {tuple(row[name] for name in names): row for row in table.to_pylist()}
