"""The reference pages say what the registries say."""

import re

import pytest

from workflow.scripts.describe_registries import COMMAND, FOLDER, PAGES, main
from workflow.scripts.metrics.registry import METRICS
from workflow.scripts.reporting.long_table import LONG_TABLE
from workflow.scripts.tasks import TASKS


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name):
    path = FOLDER / name
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    assert found == PAGES[name](), f"docs/reference/{name} does not fit its registry; write it anew with: {COMMAND}"


def first_cells(page):
    return re.findall(r"^\| `([\w.-]+)` \|", page, flags=re.MULTILINE)


def test_every_task_metric_and_column_has_a_row():
    tasks = PAGES["tasks.md"]()
    assert set(first_cells(tasks)) == set(TASKS)
    for task in TASKS.values():
        assert f"| {task.licence} | {task.citation} |" in tasks
        for split in task.splits if not task.translated_from else ():
            assert all(origin.repository in tasks for origin in task.origins(split))
    assert {metric.label for metric in METRICS.values()} <= set(first_cells(PAGES["metrics.md"]()))
    assert first_cells(PAGES["scores.md"]()) == [column.name for column in LONG_TABLE]


def test_rows_of_a_table_have_as_many_cells_as_its_head():
    for name, page in PAGES.items():
        for block in re.findall(r"(?:^\|.*\n?)+", page(), flags=re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1, name


def test_the_program_writes_the_pages(tmp_path):
    assert main(["--out-dir", str(tmp_path)]) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        name: page() for name, page in PAGES.items()
    }
