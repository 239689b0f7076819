"""The messages that docs/how-to/troubleshoot.md explains are those of the programs."""

import re
from pathlib import Path

PAGE = Path("docs/how-to/troubleshoot.md").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in [*Path("workflow/scripts").rglob("*.py"), Path("Makefile")]
)
JOINED = re.sub(r'"\s*f?"', "", SOURCES)
"""Texts that are written over several lines are one here."""


def messages():
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and "(Snakemake)" not in cells[0]:
            yield from (text for text in re.findall(r"`([^`]+)`", cells[0]) if len(text) > 5)


def test_every_message_is_one():
    found = list(messages())
    assert len(found) > 20
    assert [message for message in found if message not in JOINED] == []
