"""Right in English, wrong in another language: tables and records of `consistency.json`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workflow.scripts.reporting.aggregate import SeedValues, estimate, mean_over
from workflow.scripts.reporting.records import Record
from workflow.scripts.reporting.scores import BASELINE, Language, distance_order
from workflow.scripts.reporting.tables import ONE_SEED, Number, Row, Table, of_model, source_title

TITLE = "Consistency between English and the other languages"
COUNTS = ("both", "only_english", "only_language", "neither")
FACTS = ("n", *COUNTS, "lost", "kappa")
FIELDS = ("model", "target", "language", "source", "seed", *FACTS)

SHARES = {"both": "Both right", "only_english": "Only English right", "only_language": "Only the language right"}
SHARES |= {"neither": "Both wrong", "lost": "Lost"}

Measured = Mapping[str, Any]


def left_out(row: Mapping[str, Any]) -> str:
    """Say why a language is not compared."""
    if not row["mismatches"]:
        return f"no row of {row['language']} has the id of an English one; left out"
    return (
        f"{row['mismatches']:,} of {row['n']:,} rows of {row['language']} have another gold label than the English "
        "rows with their ids, so that they are no translations of them (the repository lacks rows); left out"
    )


def records(measured: Measured) -> list[Record]:
    """Return one record per model, target, language, source and seed."""
    return [{name: cell[name] for name in FIELDS} for cell in measured["cells"]]


def tables(measured: Measured, facts: Mapping[str, Language], titles: Mapping[str, str]) -> list[Table]:
    """Return for each model and parallel target how `none` agrees, and what each source loses."""
    found = []
    for model in measured["models"]:
        for target in measured["targets"]:
            cells = [cell for cell in measured["cells"] if (cell["model"], cell["target"]) == (model, target)]
            if cells:
                several = len(measured["models"]) > 1
                made = _tables(cells, target, measured, facts, titles)
                found += [of_model(table, model) if several else table for table in made]
    return found


def _tables(
    cells: list[Mapping[str, Any]],
    target: str,
    measured: Measured,
    facts: Mapping[str, Language],
    titles: Mapping[str, str],
) -> Iterable[Table]:
    title = titles.get(target, target)
    by_run = {(cell["source"], cell["language"], cell["seed"]): cell for cell in cells}
    codes = distance_order({cell["language"] for cell in cells}, facts)

    def values(source: str, code: str, share: str) -> SeedValues:
        found = {seed: by_run.get((source, code, seed)) for seed in measured["seeds"]}
        return {seed: value for seed, cell in found.items() if cell and (value := _share(cell, share)) is not None}

    notes = (
        ONE_SEED if len(measured["seeds"]) == 1 else f"Mean ± standard deviation over {len(measured['seeds'])} seeds."
    )
    skipped = tuple(_sentence(left_out(row)) for row in measured["left_out"] if row["target"] == target)
    named = {name: (lambda code, name=name: values(BASELINE, code, name)) for name in (*SHARES, "kappa")}
    headings = [(heading, "% of rows" if name != "lost" else "% of right") for name, heading in SHARES.items()]
    yield Table(
        f"consistency-{target}",
        f"{title}: right in English and in the language, without intermediate training",
        (("Language", ""), *headings, ("κ", "x 100")),
        _rows(codes, facts, named),
        (
            "The same rows in English and in the language. Lost: of the rows right in English, those wrong in the "
            "language. κ: Cohen's kappa of being right, agreement beyond that of independent answers.",
            *skipped,
            notes,
        ),
    )
    by_source = {
        source: (lambda code, source=source: values(source, code, "only_english")) for source in measured["sources"]
    }
    yield Table(
        f"consistency-{target}-sources",
        f"{title}: right in English, wrong in the language, by intermediate task",
        (("Language", ""), *((source_title(source, titles), "% of rows") for source in by_source)),
        _rows(codes, facts, by_source),
        ("Share of the rows that are right in English and wrong in the language: less is more consistent.", notes),
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _share(cell: Mapping[str, Any], name: str) -> float | None:
    """Return a count in percent of the rows, or one of the measures times 100."""
    value = cell[name]
    if name in COUNTS:
        return float(100 * value / cell["n"])
    return None if value is None else float(100 * value)


def _rows(
    codes: Iterable[str], facts: Mapping[str, Language], columns: Mapping[str, Callable[[str], SeedValues]]
) -> tuple[Row, ...]:
    """Return a row per language, and their mean without controls before the controls."""
    languages = [code for code in codes if not _is_control(code, facts)]
    controls = [code for code in codes if _is_control(code, facts)]
    rows = [
        Row(_title(code, facts), tuple(Number((estimate(value(code)),)) for value in columns.values()))
        for code in languages
    ]
    means = (mean_over(value(code) for code in languages) for value in columns.values())
    rows.append(Row("Mean", tuple(Number((estimate(mean),)) for mean in means), "average"))
    rows += [
        Row(_title(code, facts), tuple(Number((estimate(value(code)),)) for value in columns.values()), "control")
        for code in controls
    ]
    return tuple(rows)


def _is_control(code: str, facts: Mapping[str, Language]) -> bool:
    return code in facts and facts[code].is_control


def _title(code: str, facts: Mapping[str, Language]) -> str:
    name = facts[code].name if code in facts else code
    star = "*" if _is_control(code, facts) else ""
    return f"{name}{star}" if name == code else f"{name}{star} ({code})"
