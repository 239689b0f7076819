"""The tasks of XTREME-R read real rows; skipped where no mirror is at hand."""

from collections import Counter

import pytest

from tests.real_data import MIRROR, needs_mirror
from workflow.scripts.sources import canonical, mirror, providers
from workflow.scripts.tasks import TASKS

pytestmark = needs_mirror

RESPLIT = {  # the mirror has no labelled test sets of PAN-X
    "test": [
        {
            "repository": "google/xtreme",
            "config": "PAN-X.{language}.resplit",
            "split": "test",
            "languages": TASKS["panx"].languages,
        },
        {
            "repository": "mirror_extra/xtreme_r_panx",
            "config": "{language}",
            "split": "test",
            "languages": ["qu", "pl", "uk", "az", "lt", "pa", "gu", "ro"],
        },
    ]
}


def read(task, split, root):
    """Return the checked table of one split, as `fetch_dataset` and `prepare_task` make it."""
    languages = providers.languages_of(task, "mirror", providers.AVAILABLE)
    manifest = providers.bring(task, mirror.Clones(MIRROR), languages, root, lenient=True)
    reader = canonical.Reader(task, split, canonical.split_languages(task, split, languages))
    table = canonical.to_table(task.family, reader.rows(root, manifest["files"]))
    canonical.check_table(task, split, table, [], lenient=True)
    return table


@pytest.mark.parametrize(("name", "choices"), [("siqa", 3), ("copa", 2)])
def test_the_training_sets_are_whole(name, choices, tmp_path):
    task = TASKS[name]
    for split in ("train", "dev"):
        table = read(task, split, tmp_path)
        assert table.num_rows == task.sizes[split]
        assert set(map(len, table["choices"].to_pylist())) == {choices}
        labels = Counter(table["label"].to_pylist())
        assert set(labels) == set(range(choices))
        assert min(labels.values()) > 0.8 * table.num_rows / choices


def test_copa_reads_as_xtreme_r_has_it(tmp_path):
    first = read(TASKS["copa"], "train", tmp_path).slice(0, 1).to_pylist()[0]
    assert first["text_a"] == "My body cast a shadow over the grass. What was the cause?"
    assert first["choices"] == ["The sun was rising.", "The grass was cut."]
    assert first["label"] == 0


def test_xcopa_has_its_eleven_languages_with_labels_in_parallel(tmp_path):
    table = read(TASKS["xcopa"], "test", tmp_path)
    assert Counter(table["language"].to_pylist()) == dict.fromkeys(TASKS["xcopa"].languages, 500)
    rows = {code: table.filter([code == found for found in table["language"].to_pylist()]) for code in ("et", "qu")}
    questions = {code: [text.rpartition(" ")[2] for text in rows[code]["text_a"].to_pylist()] for code in rows}
    assert set(questions["qu"]) == {"cause?", "effect?"}
    assert questions["et"] == questions["qu"]


def test_added_languages_of_panx_stand_beside_the_others(tmp_path):
    table = read(TASKS["panx48"].with_origins(RESPLIT), "test", tmp_path)
    found = Counter(table["language"].to_pylist())
    assert {"qu", "pl", "uk", "az", "lt", "pa", "gu", "ro", "en", "de"} <= set(found)
    assert found["pa"] == 50
    assert {tag for tags in table["tags"].to_pylist() for tag in tags} == set(TASKS["panx48"].labels)


@pytest.mark.parametrize(("name", "smaller"), [("udpos38", "udpos"), ("xquad12", "xquad"), ("tatoeba41", "tatoeba")])
def test_languages_that_xtreme_has_are_the_same_rows(name, smaller, tmp_path):
    assert read(TASKS[name], "test", tmp_path / "r").equals(read(TASKS[smaller], "test", tmp_path / "x"))
