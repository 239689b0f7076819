"""The paper's study and the five studies together: how many jobs, how full folders are, how long commands are."""

import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.dry_run import combined, fullest_folder, longest_command
from workflow.scripts.file_patterns import expand, patterns
from workflow.scripts.planning.graph import Graph, default_targets
from workflow.scripts.study import Study

RULES = Path(__file__).resolve().parents[3] / "workflow/rules"
ENTRIES = 300
ARGUMENT = 128 * 1024


@pytest.fixture(scope="module")
def graph():
    return Graph(Study(combined()))


def test_no_folder_holds_more_than_some_hundred_files(graph):
    jobs = graph.behind(path for name in default_targets(graph.study) for path in graph.target(name))
    assert len(jobs) > 10_000
    entries = {(path.parent, path.name) for output in jobs for path in (Path(output), *Path(output).parents)}
    assert max(Counter(folder for folder, _ in entries if folder != Path()).values()) <= ENTRIES


def test_logs_have_a_folder_for_each_source():
    logs = [log for path in RULES.glob("*.smk") for log in re.findall(r'"(results/\S+\.log)"', path.read_text())]
    of_sources = [log for log in logs if "{source}" in log]
    assert len(of_sources) >= 8
    assert [log for log in of_sources if "/{source}/" not in log] == []


@pytest.mark.parametrize("name", ["duration", "nli_scaling", "similarity", "typology", "domain"])
def test_the_files_of_an_analysis_fit_into_its_command(graph, name):
    for paths in (graph.studies.runs(name), graph.studies.extra(name)):
        short = patterns(paths)
        assert sorted(map(str, expand(short))) == sorted(set(paths))
        assert sum(map(len, short)) < ARGUMENT / 8


def test_figures_are_read_off_the_lines_of_a_dry_run():
    lines = [
        "rule score:",
        "    output: results/c/a/1.json, results/c/a/2.json, results/c/a/b/3.json (check_if_new)",
        "    log: results/c/logs/1.log (check log file(s) for error details)",
        "        python -m workflow.scripts.launch score --x 1",
        "        python -m workflow.scripts.launch --processes 0 train --spec {} --state s",
    ]
    assert fullest_folder(lines) == (3, "results/c/a")
    assert longest_command(lines) == (len(lines[-1].strip()), "train")
