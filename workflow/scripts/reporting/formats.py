"""How tables are written: CSV for machines, Markdown for readers, LaTeX (booktabs) for papers."""

import csv
import io
from collections.abc import Sequence

from workflow.scripts.reporting.gains import MARK
from workflow.scripts.reporting.records import Record
from workflow.scripts.reporting.tables import Entry, Number, Table

MINUS = "\u2212"
MISSING = "–"
PARTIAL = "†"


def decimal(value: float, *, signed: bool = False) -> str:
    """Return a score with one decimal; a gain with its sign, and a gain that rounds to nothing without one."""
    text = f"{value:+.1f}" if signed else f"{value:.1f}"
    if float(text) == 0:
        return "0.0"
    return text.replace("-", MINUS)


def interval_text(low: float | None, high: float | None) -> str:
    """Return an interval as `[−0.4, +2.1]`, `–` where a bound is unknown."""
    if low is None or high is None:
        return MISSING
    return f"[{decimal(low, signed=True)}, {decimal(high, signed=True)}]"


def p_text(value: float | None, *, space: str = "") -> str:
    """Return a p value with three decimals, `<0.001` below them (`space` after the sign), `–` for None."""
    if value is None:
        return MISSING
    return f"<{space}0.001" if value < 0.001 else f"{value:.3f}"


def value_text(number: Number) -> str:
    """Return the mean or means of an entry (`–` where unknown, `*` if significant, `†` where seeds are missing)."""
    if not number.known:
        return MISSING
    text = "/".join(decimal(part.mean, signed=number.signed) for part in number.known)
    return text + MARK * number.marked + PARTIAL * number.partial


def spread_text(number: Number) -> str:
    """Return `±` and the standard deviation(s) over seeds, or nothing for one seed."""
    if any(part.std is None for part in number.known):
        return ""
    return "±" + "/".join(f"{part.std:.1f}" for part in number.known) if number.known else ""


def to_csv(records: Sequence[Record]) -> str:
    """Write records that share their fields; numbers keep their precision, None is an empty field."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def to_markdown(table: Table, *, level: int = 1) -> str:
    """Write a title, a pipe table with aligned columns and the notes."""
    headings = [f"{title} ({subtitle})" if subtitle else title for title, subtitle in table.columns]
    lines = [[row.title, *(_markdown_entry(entry) for entry in row.entries)] for row in table.rows]
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (headings, *lines)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(headings))]
    text = [is_text(table, column) for column in range(len(headings))]
    rule = [
        ":" + "-" * (width - 1) if left else "-" * (width - 1) + ":" for width, left in zip(widths, text, strict=True)
    ]

    def join(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(cells, widths, text, strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    body = "\n".join(join(line) for line in (lines[0], rule, *lines[1:]))
    notes = "\n".join(f"* {note}" for note in table.notes)
    return f"{'#' * level} {table.title}\n\n{body}\n\n{notes}\n"


def to_latex(table: Table) -> str:
    r"""Write a `table` float for `\input`; needs the packages booktabs and graphicx (to fit the text width)."""
    text = [is_text(table, column) for column in range(len(table.columns))]
    alignment = "".join("l" if left else "r" for left in text)
    lines = [" & ".join(_escape(title) for title, _ in table.columns) + r" \\"]
    if any(subtitle for _, subtitle in table.columns):
        lines.append(" & ".join(_small(subtitle) for _, subtitle in table.columns) + r" \\")
    lines.append(r"\midrule")
    for row in table.rows:
        if row.kind == "average":
            lines.append(r"\midrule")
        cells = [_escape(row.title), *(_latex_entry(entry) for entry in row.entries)]
        lines.append(" & ".join(cells) + r" \\")
        if row.kind == "baseline":
            lines.append(r"\midrule")
    body = "\n".join(lines)
    caption = " ".join((f"{_escape(table.title)}.", *(_escape(note) for note in table.notes)))
    return (
        "% needs \\usepackage{booktabs,graphicx}\n"
        "\\begin{table*}\n\\centering\n\\small\n\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
        f"\\begin{{tabular}}{{{alignment}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}}}\n"
        f"\\caption{{{caption}}}\n\\label{{tab:{table.name}}}\n\\end{{table*}}\n"
    )


def is_text(table: Table, column: int) -> bool:
    """Return whether a column is aligned to the left: titles and names, but not counts."""
    entries = [row.entries[column - 1] for row in table.rows] if column else [""]
    return column == 0 or any(isinstance(entry, str) and entry and not _is_count(entry) for entry in entries)


def _is_count(entry: str) -> bool:
    """Return whether a text is a whole number, or two such as `7 / 1,234`."""
    return entry.replace(" / ", "").replace(",", "").isdigit()


def _markdown_entry(entry: Entry) -> str:
    if isinstance(entry, str):
        return entry
    value = value_text(entry).replace(MARK, rf"\{MARK}")
    value = f"**{value}**" if entry.best and entry.known else value
    return " ".join(part for part in (value, spread_text(entry)) if part)


def _latex_entry(entry: Entry) -> str:
    if isinstance(entry, str):
        return _escape(entry)
    value = _escape(value_text(entry))
    value = rf"\textbf{{{value}}}" if entry.best and entry.known else value
    spread = spread_text(entry)
    return f"{value}{{\\scriptsize ${{}}\\pm{{}}${spread[1:]}}}" if spread else value


def _small(text: str) -> str:
    return rf"{{\footnotesize {_escape(text)}}}" if text else ""


SPECIAL = {
    "\\": r"\textbackslash{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    MINUS: "$-$",
    "±": r"$\pm$",
    MISSING: "--",
    PARTIAL: r"\dag{}",
}


def _escape(text: str) -> str:
    return "".join(SPECIAL.get(sign, sign) for sign in text)
