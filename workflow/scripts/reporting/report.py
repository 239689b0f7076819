"""The report: one HTML file that opens without a network, with everything inline.

`templates/report.html.jinja` is a list of sections, each a partial template; a further table (published numbers
beside ours, say) is one more partial and one more entry in `context`. All text is escaped; only the SVG files,
the style sheet and the script, which this workflow wrote itself, are inserted as they are.
"""

import base64
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from workflow.scripts.errors import UserError
from workflow.scripts.reporting import consistency, slices
from workflow.scripts.reporting.aggregate import missing_parts
from workflow.scripts.reporting.costs import Run, provenance, stage_costs
from workflow.scripts.reporting.datasets import describe
from workflow.scripts.reporting.distance import BEST_COLOR, NONE_COLOR
from workflow.scripts.reporting.evidence import (
    cautions,
    evidence_sentence,
    evidence_table,
    verdict,
)
from workflow.scripts.reporting.explorer import explorer_data, script_json
from workflow.scripts.reporting.figures import INK
from workflow.scripts.reporting.findings import caveats, findings, headline
from workflow.scripts.reporting.formats import (
    MISSING,
    decimal,
    interval_text,
    is_text,
    p_text,
    spread_text,
    value_text,
)
from workflow.scripts.reporting.gains import Gains
from workflow.scripts.reporting.inference_tables import variants_table
from workflow.scripts.reporting.scores import Scores
from workflow.scripts.reporting.tables import Number, Table, best_table, language_table, source_title, transfer_table
from workflow.scripts.reporting.typology import correlation_records, correlation_table, distance_table

TEMPLATES = Path(__file__).parent / "templates"
FORMATS = {"csv": "text/csv", "md": "text/markdown", "tex": "application/x-tex"}
SCRIPTS = ("report.js", "explorer.js")
THEME = {INK: "currentColor", NONE_COLOR: "var(--none)", BEST_COLOR: "var(--best)"}
"""Colours of the figures that follow the page, light or dark."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """All that the report is made of.

    Attributes:
        models: the checked scores of each model.
        table: the long table, for provenance.
        titles: display names of sources and targets.
        runs: the training runs.
        config: the study's configuration, shown as it is.
        figures: SVG text by name (`gains`, `distance`, and `layers` where layers were swept).
        files: contents of the table files by file name (`transfer.csv`), offered for saving.
        retrieval: which targets are retrieval or mining.
        parallel: which corpora hold translation pairs.
        statistics: of the splits of all data sets, as `datasets.read_statistics` reads them.
        overlap: what `measure_overlap` found; None where it was not measured.
        slices: scores by slice, as `measure_slices` wrote them; None where they were not measured.
        consistency: the agreement of languages with English, likewise.
        published: published numbers beside ours, one table for each model that has any.
        described: the rows of `languages.json`, for the typological distances.
        analysed: what `analyse_gains` wrote, for intervals, tests and marks; None where it did not run.
        studies: verdicts as `analyse_study` writes them, their figures as SVG text by name under `svg`.
        commit: the commit of the workflow's sources that write this report.
    """

    models: Sequence[Scores]
    table: pa.Table
    titles: Mapping[str, str]
    runs: Sequence[Run]
    config: Any
    figures: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    retrieval: Collection[str] = ()
    parallel: Collection[str] = ()
    statistics: Sequence[Mapping[str, Any]] = ()
    overlap: Mapping[str, Any] | None = None
    slices: Mapping[str, Any] | None = None
    consistency: Mapping[str, Any] | None = None
    published: Sequence[Table] = ()
    described: Sequence[Mapping[str, Any]] = ()
    analysed: Gains | None = None
    studies: Sequence[Mapping[str, Any]] = ()
    commit: str = "unknown"


def render(material: Material) -> str:
    """Return the report as HTML."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "value": value_text,
        "spread": spread_text,
        "thousands": thousands,
        "duration": duration,
        "p_value": p_text,
        "signed": lambda value: decimal(value, signed=True),
        "scientific": lambda value: MISSING if value is None else f"{value:.1e}",
        "gibibytes": lambda value: MISSING if value is None else f"{value / 2**30:.2f} GiB",
        "plain": lambda value: MISSING if value is None else decimal(value),
    }
    environment.tests["number"] = lambda entry: isinstance(entry, Number)
    environment.globals |= {"shade": shade, "numeric": lambda table, column: not is_text(table, column)}
    environment.globals["interval"] = interval_text
    return environment.get_template("report.html.jinja").render(context(material)) + "\n"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What the report says about one model; `id` starts the names of its sections where there are several."""

    scores: Scores
    id: str
    headline: str
    verdict: str
    findings: Sequence[str]
    transfer: Table
    best: Table
    languages: Sequence[Table]
    gaps: list[tuple[str, str, str, int, str]]


def context(material: Material) -> dict[str, Any]:
    """Return everything the templates name."""
    names = [scores.model for scores in material.models]
    runs = [run for run in material.runs if run.model in names]
    provider, aligned = background(material.config, material.parallel)
    datasets = describe(material.statistics, material.overlap, material.titles)
    facts, analysed = material.models[0].facts, material.analysed
    warned = caveats(material.models, material.retrieval, provider=provider, aligned=aligned)
    return {
        "study": material.models[0],
        "parts": [_part(scores, material.titles, analysed, several=len(names) > 1) for scores in material.models],
        "style": Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        "script": Markup("\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)),
        "explorer": script_json(
            explorer_data(material.models, material.titles, analysed.languages if analysed else {})
        ),
        "evidence": _evidence(material, analysed) if analysed else [],
        "caveats": [*warned, *(datasets.notes if datasets else ())],
        "datasets": datasets,
        "slices": slices.tables(material.slices, facts, material.titles) if material.slices else [],
        "consistency": consistency.tables(material.consistency, facts, material.titles) if material.consistency else [],
        "unanswered": slices.unanswered(material.slices, material.titles) if material.slices else [],
        "published": material.published,
        "typology": typology_tables(material.described),
        "studies": [study_section(one) for one in material.studies],
        "figures": {name: inline_svg(text, name) for name, text in material.figures.items()},
        "downloads": downloads(material.files),
        "costs": stage_costs(runs),
        "provenance": provenance(material.table.filter(pc.field("model").isin(names)), runs),
        "config": json.dumps(material.config, indent=2, ensure_ascii=False),
        "commit": material.commit,
    }


def _part(scores: Scores, titles: Mapping[str, str], gains: Gains | None, *, several: bool) -> Part:
    return Part(
        scores=scores,
        id=f"model-{scores.model}-" if several else "",
        headline=headline(scores, titles),
        verdict=verdict(scores, gains, titles) if gains else "",
        findings=findings(scores, titles),
        transfer=transfer_table(scores, titles, gains),
        best=best_table(scores, titles, gains),
        languages=[language_table(scores, target, titles) for target in scores.targets],
        gaps=gaps(scores, titles),
    )


def _evidence(material: Material, gains: Gains) -> list[dict[str, Any]]:
    """Return for each model the sentence, the lines and the cautions of its tests."""
    found = []
    for scores in material.models:
        lines = evidence_table(scores, gains, material.titles)
        sentence = evidence_sentence(lines, gains)
        found.append(
            {"model": scores.model, "sentence": sentence, "lines": lines, "cautions": cautions(lines)}
            | {"percent": gains.percent, "variants": variants_table(gains, scores.model, material.titles)}
        )
    return found


def background(config: Mapping[str, Any], parallel: Collection[str]) -> tuple[str, list[str]]:
    """Return where a study's data come from, and its models whose pretraining includes translation pairs."""
    models = config.get("models", {})
    aligned = [
        name for name, model in models.items() if set(parallel) & set(model.get("pretraining", {}).get("corpora", ()))
    ]
    return config.get("provider", ""), aligned


def typology_tables(described: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Return the distances by every measure and, where two measures can be compared, how alike they rank."""
    if not described:
        return []
    tables = [distance_table(described)]
    return [*tables, correlation_table(described)] if correlation_records(described) else tables


def study_section(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return a study's verdict with its figures as parts of the page."""
    drawings = [(name, inline_svg(text, f"{verdict['study']}-{name}")) for name, text in verdict["svg"].items()]
    return {**verdict, "drawings": drawings}


def gaps(scores: Scores, titles: Mapping[str, str]) -> list[tuple[str, str, str, int, str]]:
    """Return (model, source, target, seed, languages) of the cells without all their scores, with display names."""
    found = []
    for source, target, seed, absent in missing_parts(scores):
        whole = len(absent) == len(scores.languages[target]) + len(scores.controls[target])
        names = "all" if whole else ", ".join(absent)
        found.append((scores.model, source_title(source, titles), titles.get(target, target), seed, names))
    return found


def inline_svg(text: str, prefix: str) -> Markup:
    """Make an SVG file part of a page: no prologue, ids of its own, lines and text in the page's colours.

    Raises:
        UserError: the text holds no `svg` element, or a script or an address outside the page.
    """
    found = re.search(r"<svg\b.*</svg>", text, flags=re.DOTALL)
    if not found:
        raise UserError(f"the figure '{prefix}' is not an SVG file; draw it again.")
    svg = re.sub(r"<metadata>.*?</metadata>", "", found.group(), flags=re.DOTALL)
    if re.search(r"<script|<foreignObject|\bon\w+=|href=\"(?!#)", svg):
        raise UserError(f"the figure '{prefix}' holds a script or a link to outside; draw it again.")
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}-", svg)
    head, rest = svg.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    width = re.search(r'viewBox="\S+ \S+ (\S+)', head)
    for color, name in THEME.items():
        rest = rest.replace(color, name)
    size = f' style="--width: {float(width[1]):.0f}"' if width else ""
    return Markup(f'{head}{size} aria-hidden="true" focusable="false">{rest}')


def downloads(files: Mapping[str, str]) -> dict[str, list[tuple[str, str, str]]]:
    """Return for each table (label, file name, data address) of the formats there are."""
    links: dict[str, list[tuple[str, str, str]]] = {}
    for name, text in files.items():
        stem, _, suffix = name.rpartition(".")
        data = base64.b64encode(text.encode()).decode()
        links.setdefault(stem, []).append((suffix, name, f"data:{FORMATS[suffix]};base64,{data}"))
    return links


def shade(entry: Number) -> str:
    """Return the class of a gain: `gain` or `loss` with a strength of 1 to 3, empty for anything else."""
    if not entry.signed or entry.rank is None or not entry.known or round(entry.rank, 1) == 0:
        return ""
    size = abs(entry.rank)
    return f"{'gain' if entry.rank > 0 else 'loss'}{1 if size < 1 else 2 if size < 3 else 3}"


def thousands(value: float | None) -> str:
    """Return a whole number with thin spaces between thousands, `–` for None."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def duration(seconds: float | None) -> str:
    """Return seconds as `12.3 s`, `4 min 05 s` or `3 h 20 min`, `–` for None."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02d} min"
