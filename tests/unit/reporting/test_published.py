"""Published numbers: their arithmetic, and the checks on the file."""

import csv
from collections import Counter, defaultdict
from statistics import fmean

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.reporting.published import (
    COLUMNS,
    METRICS,
    PUBLISHED,
    STATUSES,
    checkpoints,
    read_published,
    same_checkpoint,
)
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.targets import TARGET_TASKS

ROWS = read_published()
XLMR = "FacebookAI/xlm-roberta-large"
VERIFIED, CHECKED, MEMORY = STATUSES
TARGETS = [task.name for task in TARGET_TASKS]
QA = {"xquad", "mlqa", "tydiqa"}


def values(**wanted):
    """Return the values of the rows that have the wanted fields, by the fields that are not asked for."""
    rows = [row for row in ROWS if all(getattr(row, name) == value for name, value in wanted.items())]
    return {(row.source, row.target, row.language, row.metric): row.value for row in rows}


def benchmark_mean(cells, source):
    """Return XTREME's mean over targets, those of question answering with the mean of F1 and exact match."""
    of_target = defaultdict(list)
    for (name, target, language, _), value in cells.items():
        if name == source and target != "average" and language == "average":
            of_target[target].append(value)
    assert set(of_target) == set(TARGETS)
    assert {target for target, found in of_target.items() if len(found) == 2} == QA
    return fmean(fmean(found) for found in of_target.values())


# The numbers


@pytest.mark.parametrize(
    ("study", "target", "metric", "tolerance"),
    [
        *(("hu2020", target, metric, 0.05) for target in TARGETS for metric in METRICS[target] if target != "tatoeba"),
        ("hu2020", "tatoeba", "accuracy", 0.41),
        ("jiant_pr128", "bucc2018", "f1", 0.05),
        ("jiant_pr128", "tatoeba", "accuracy", 0.05),
    ],
)
def test_means_over_languages_are_the_published_ones(study, target, metric, tolerance):
    cells = values(study=study, model=XLMR, target=target, metric=metric)
    languages = {key[2]: value for key, value in cells.items() if key[2] != "average"}
    assert set(languages) == set(TASKS[target].languages)
    assert fmean(languages.values()) == pytest.approx(cells["none", target, "average", metric], abs=tolerance + 1e-9)


def test_the_mean_of_xtremes_baseline_over_targets():
    cells = values(study="hu2020", model=XLMR, language="average")
    assert benchmark_mean(cells, "none") == pytest.approx(68.25, abs=0.01)
    first = cells | values(study="hu2020_v1")
    assert benchmark_mean(first, "none") == pytest.approx(68.12, abs=0.01)
    assert cells["none", "average", "average", "score"] == 68.1


def test_the_mean_of_the_best_models_over_targets_and_their_gain():
    cells = values(study="phang2020", source="best", split="test")
    assert benchmark_mean(cells, "best") == pytest.approx(73.52, abs=0.01)
    assert cells["best", "average", "average", "score"] == 73.5
    baseline = values(study="hu2020", model=XLMR, target="average")["none", "average", "average", "score"]
    assert 73.5 - baseline == pytest.approx(5.4)  # the abstract


def test_the_leaderboard_entry_has_the_means_of_its_groups():
    cells = values(study="chung2021", source="best")

    def mean(*targets):
        of_target = [fmean(v for key, v in cells.items() if key[1] == target) for target in targets]
        return fmean(of_target), sum(of_target)

    assert mean("xnli", "pawsx")[0] == pytest.approx(83.9, abs=0.051)
    assert mean("udpos", "panx")[0] == pytest.approx(69.4, abs=0.051)
    assert mean("xquad", "mlqa", "tydiqa")[0] == pytest.approx(67.2, abs=0.07)
    known = mean(*(target for target in TARGETS if target not in ("bucc2018", "tatoeba")))[1]
    assert 9 * cells["best", "average", "average", "score"] - known == pytest.approx(152.9, abs=0.01)  # of retrieval


@pytest.mark.parametrize(
    ("source", "recomputed"),
    [
        *(("anli", 6.567), ("mnli", 7.489), ("qqp", -1.456), ("squad_v1", 8.122), ("squad_v2", 8.178)),
        *(("hellaswag", 7.033), ("ccg", 3.961), ("cosmosqa", 6.1), ("multi", 8.661)),
    ],
)
def test_the_mean_gains_over_targets(source, recomputed):
    cells = values(study="phang2020", split="dev", kind="gain")
    found, stated = benchmark_mean(cells, source), cells[source, "average", "average", "score"]
    assert found == pytest.approx(stated, abs=0.145 if source == "ccg" else 0.051)
    assert found == pytest.approx(recomputed, abs=0.001)  # a wrong sign in one F1 would pass the line above


def test_the_baseline_on_dev():
    cells = values(study="phang2020", source="none", split="dev")
    assert benchmark_mean(cells, "none") == pytest.approx(65.9, abs=0.05)
    assert ("none", "average", "average", "score") not in cells  # remembered as 67.2, which does not add up
    for target, metric in (("bucc2018", "f1"), ("tatoeba", "accuracy")):
        key = "none", target, "average", metric
        assert cells[key] == values(study="jiant_pr128")[key]


def test_no_status_is_better_than_what_is_known():
    counts = Counter((row.study, row.model == XLMR, row.split, row.kind, row.status) for row in ROWS)
    assert counts == {
        ("hu2020", True, "test", "absolute", VERIFIED): 13,
        ("hu2020", True, "test", "absolute", CHECKED): 15 + 7 + 33 + 40 + 2 * (11 + 7 + 9) + 4 + 36,
        ("hu2020", False, "test", "absolute", VERIFIED): 12,
        ("hu2020_v1", True, "test", "absolute", MEMORY): 1,
        ("chung2021", True, "test", "absolute", VERIFIED): 10,
        ("chung2021", True, "test", "absolute", MEMORY): 1,
        ("chung2021", False, "test", "absolute", VERIFIED): 6,
        ("phang2020", True, "test", "absolute", VERIFIED): 6,
        ("phang2020", True, "test", "absolute", CHECKED): 7,
        ("phang2020", True, "dev", "absolute", MEMORY): 10,
        ("phang2020", True, "dev", "absolute", CHECKED): 2,
        ("phang2020", True, "dev", "gain", MEMORY): 10 * 13 - 2,
        ("ruder2021", True, "test", "absolute", MEMORY): 13,
        ("jiant_pr128", True, "dev", "absolute", VERIFIED): 4 + 36 + 2,
    }
    assert not {row.citation for row in ROWS if row.status == VERIFIED} & {
        row.citation for row in ROWS if row.status != VERIFIED
    }


def test_means_are_over_the_languages_of_the_benchmark():
    for row in ROWS:
        if row.language == "average" and row.study != "ruder2021":
            expected = 9 if row.target == "average" else len(TASKS[row.target].languages)
            assert row.averaged == (29 if (row.target, row.split) == ("udpos", "dev") else expected)


def test_every_study_and_status_is_explained():
    text = (PUBLISHED.parent / "README.md").read_text(encoding="utf-8")
    for name in (*COLUMNS, *STATUSES, *{row.study for row in ROWS}):
        assert f"`{name}`" in text, name


# The checks on the file


@pytest.fixture
def changed(tmp_path):
    """Return a function that writes the header and a good line with some fields changed, and reads the file."""

    def read(repeat=1, **fields):
        with PUBLISHED.open(encoding="utf-8", newline="") as file:
            line = next(csv.DictReader(file)) | fields
        path = tmp_path / "published.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows([line] * repeat)
        return read_published(path)

    return read


def test_a_good_line_is_read(changed):
    (row,) = changed(value=" 12.5 ", citation="one, two")
    assert (row.value, row.citation, row.averaged) == (12.5, "one, two", 15)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"source": "mnlli"}, "line 2, column source: 'mnlli'.*Did you mean 'mnli'"),
        ({"target": "xnly"}, "column target: 'xnly'.*Did you mean 'xnli'"),
        ({"language": "eng"}, "column language: 'eng'.*Did you mean 'en'"),
        ({"split": "train"}, "column split: 'train'; expected one of dev, test"),
        ({"metric": "f1"}, r"column metric: 'f1'; expected one of accuracy\."),
        ({"kind": "relative"}, "column kind: 'relative'"),
        ({"status": "Verified"}, "column status.*Did you mean 'verified'"),
        ({"value": "n/a"}, "column value: 'n/a'; expected a number from 0 to 100"),
        ({"value": "nan"}, "column value: 'nan'"),
        ({"value": "-1.2"}, "column value: '-1.2'; expected a number from 0 to 100"),
        ({"value": "-101", "kind": "gain"}, "column value: '-101'; expected a number from -100 to 100"),
        ({"averaged": ""}, "column averaged: ''; expected a number from 1"),
        ({"averaged": "14.5"}, "column averaged: '14.5'"),
        ({"language": "en"}, "column averaged: '15'; leave it empty"),
        ({"language": "en", "target": "average", "metric": "score"}, "column language: 'en'"),
        ({"model": " "}, "column model: is empty"),
        ({"citation": ""}, "column citation: is empty"),
    ],
)
def test_bad_values_are_refused_with_line_and_column(changed, fields, message):
    with pytest.raises(UserError, match=message):
        changed(**fields)


def test_a_number_that_is_there_twice_is_refused(changed):
    with pytest.raises(UserError, match="line 3: the number of line 2 again"):
        changed(repeat=2)


def test_files_of_another_shape_are_refused(tmp_path):
    path = tmp_path / "published.csv"
    with pytest.raises(UserError, match="is missing"):
        read_published(path)
    path.write_text(",".join(COLUMNS).replace("status", "state") + "\n")
    with pytest.raises(UserError, match=r"expected study.*Did you mean 'status'"):
        read_published(path)
    for line in ("a,b", ",".join("a" for _ in range(len(COLUMNS) + 1))):
        path.write_text(f"{','.join(COLUMNS)}\n{line}\n")
        with pytest.raises(UserError, match="line 2: expected 12 fields"):
            read_published(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        read_published(path)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (XLMR, "facebookai/XLM-RoBERTa-large", True),
        (XLMR, "xlm-roberta-large", True),
        ("xlm-roberta-large", XLMR, True),
        (XLMR, "other/xlm-roberta-large", False),
        (XLMR, "xlm-roberta-base", False),
        (XLMR, "models/FacebookAI/xlm-roberta-large", False),
        ("xlm-roberta-large", "models/FacebookAI/xlm-roberta-large", False),
    ],
)
def test_checkpoints_are_one_by_their_hub_id(first, second, same):
    assert same_checkpoint(first, second) is same


def test_checkpoints_of_a_configuration():
    config = {"models": {"large": {"checkpoint": XLMR}, "tiny": {"pretraining": {}}, "none": {"checkpoint": None}}}
    assert checkpoints(config) == {"large": XLMR}
    assert checkpoints({}) == {}
