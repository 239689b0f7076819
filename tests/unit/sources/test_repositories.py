"""Repositories in the Hub's layout: written by the laboratory, found by their README, read row by row."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.sources import canonical, mirror, providers
from workflow.scripts.sources.generated import generate, in_laboratory, task_languages
from workflow.scripts.sources.ranking_pools import merge_candidates
from workflow.scripts.sources.statistics import statistics
from workflow.scripts.tasks import TASKS, Family, Origin
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES

LANGUAGES = ["en", "qaa", "qac"]
EXAMPLES = {"train": 12, "dev": 6, "test": 6}


def fetched(task, root):
    """Generate a task's repositories and return their manifest."""
    task = in_laboratory(task, LANGUAGES)
    generate(task, seed=3, languages=LANGUAGES, examples=EXAMPLES, root=root)
    return providers.bring(task, mirror.Clones(root), task_languages(task, LANGUAGES), root, lenient=False)


def find(root, repository, config, split):
    return mirror.Clones(root).find(Origin(repository=repository, config=config, split=split))


def read(task, root, manifest, split, codes=None):
    task = in_laboratory(task, LANGUAGES)
    chosen = canonical.split_languages(task, split, task_languages(task, codes or LANGUAGES))
    reader = canonical.Reader(task, split, chosen)
    rows = list(reader.rows(root, manifest["files"]))
    table = canonical.to_table(task.family, merge_candidates(rows) if task.family is Family.RANKING else rows)
    canonical.check_table(task, split, table, chosen, lenient=False)
    return table


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_task_goes_through_its_repositories(task, tmp_path):
    manifest = fetched(task, tmp_path)
    for split in task.splits:
        table = read(task, tmp_path, manifest, split)
        counts = statistics(task, table)
        trained = split != "test" and task.family not in canonical.MULTILINGUAL
        paired = task.family in {Family.RETRIEVAL, Family.MINING} or task.name in {"opus100", "translations"}
        foreign = {"qaa", "qac"}
        expected = ({"en"} if task.train_languages == ("en",) else foreign) if trained else foreign
        expected = expected if trained or paired or "en" not in task.languages else expected | {"en"}
        assert set(counts["languages"]) == expected
        assert len(set(table["id"].to_pylist())) == table.num_rows
        if task.family is Family.CLASSIFICATION:
            assert set(counts["labels"]) <= set(task.labels)


def test_several_origins_share_the_rows_and_keep_ids_apart(tmp_path):
    manifest = fetched(TASKS["anli"], tmp_path)
    assert {Path(entry["path"]).parts[1] for entry in manifest["files"]} == {"glue", "snli", "anli"}
    assert read(TASKS["anli"], tmp_path, manifest, "train").num_rows == EXAMPLES["train"]


def test_test_rows_are_parallel_across_languages(tmp_path):
    task = TASKS["xnli"]
    table = read(task, tmp_path, fetched(task, tmp_path), "test").to_pylist()
    by_language = {
        code: {r["id"].split("-", 1)[1]: r["label"] for r in table if r["language"] == code} for code in LANGUAGES
    }
    assert by_language["en"] == by_language["qaa"] == by_language["qac"]


def test_a_language_is_left_out_without_new_repositories(tmp_path):
    task = TASKS["xnli"]
    table = read(task, tmp_path, fetched(task, tmp_path), "test", ["en", "qac"])
    assert set(table["language"].to_pylist()) == {"en", "qac"}


def test_datasets_library_loads_what_the_laboratory_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets = pytest.importorskip("datasets")
    fetched(TASKS["xnli"], tmp_path)
    loaded = datasets.load_dataset(str(tmp_path / "google/xtreme"), "XNLI", split="test", cache_dir=str(tmp_path / "c"))
    assert loaded.column_names == ["language", "sentence1", "sentence2", "gold_label"]
    assert len(loaded) == EXAMPLES["test"] * len(LANGUAGES)


class TestBadInput:
    """What is wrong in a repository is told with file, row and advice."""

    @pytest.fixture
    def glue(self, tmp_path):
        manifest = fetched(TASKS["mnli"], tmp_path)
        (train,) = [tmp_path / entry["path"] for entry in manifest["files"] if entry["split"] == "train"]
        return tmp_path, manifest, train

    def rewrite(self, path, column, change):
        table = pq.read_table(path)
        values = change(table[column].to_pylist())
        index = table.column_names.index(column)
        pq.write_table(table.set_column(index, column, pa.array(values)), path)

    def test_label_outside_the_set(self, glue):
        root, manifest, train = glue
        self.rewrite(train, "label", lambda labels: [*labels[:3], 7, *labels[4:]])
        with pytest.raises(UserError, match=r"train-00000.*row 3: label 7 is outside .*entailment, neutral"):
            read(TASKS["mnli"], root, manifest, "train")

    def test_truncated_file(self, glue):
        root, manifest, train = glue
        train.write_bytes(train.read_bytes()[: train.stat().st_size // 2])
        with pytest.raises(UserError, match=r"cannot be read as Parquet.*cut short"):
            read(TASKS["mnli"], root, manifest, "train")

    def test_missing_file(self, glue):
        root, manifest, train = glue
        train.unlink()
        with pytest.raises(UserError, match="is missing; expected a Parquet file"):
            read(TASKS["mnli"], root, manifest, "train")

    def test_missing_column(self, glue):
        root, manifest, train = glue
        pq.write_table(pq.read_table(train).drop_columns(["hypothesis"]), train)
        with pytest.raises(UserError, match=r"row 0 does not have the layout of 'mnli'.*'hypothesis'.*premise"):
            read(TASKS["mnli"], root, manifest, "train")

    def test_empty_texts_are_kept_and_counted(self, glue):
        # QQP has a few empty questions; leaving them out would change the published sizes
        root, manifest, train = glue
        self.rewrite(train, "premise", lambda texts: ["  ", *texts[1:]])
        reader = canonical.Reader(TASKS["mnli"], "train", [NATURAL_LANGUAGES["en"]])
        assert len(list(reader.rows(root, manifest["files"]))) == EXAMPLES["train"]
        assert reader.repairs == {"kept: empty text_a": 1}

    def test_empty_split(self, glue):
        root, manifest, train = glue
        pq.write_table(pq.read_table(train).slice(0, 0), train)
        with pytest.raises(UserError, match="split 'train' of 'mnli' is empty"):
            read(TASKS["mnli"], root, manifest, "train")

    def test_language_without_rows(self, tmp_path):
        task = TASKS["xnli"]
        manifest = fetched(task, tmp_path)
        (path,) = [tmp_path / entry["path"] for entry in manifest["files"]]
        table = pq.read_table(path)
        pq.write_table(table.filter(pa.compute.not_equal(table["language"], "qac")), path)
        with pytest.raises(UserError, match=r"has no row in qac; it has en, qaa.*config key 'languages'"):
            read(task, tmp_path, manifest, "test")

    def test_repeated_ids(self):
        rows = [{"id": "en-1", "language": "en", "text_a": "a", "text_b": "b", "label": "neutral"}] * 2
        table = canonical.to_table(Family.CLASSIFICATION, rows)
        with pytest.raises(UserError, match="1 ids more than once, for example 'en-1'"):
            canonical.check_table(TASKS["mnli"], "train", table, [], lenient=True)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("nyu-mll/glu", "mnli", "train"), r"no repository 'nyu-mll/glu'.*Did you mean 'nyu-mll/glue'"),
            (("nyu-mll/glue", "mnl", "train"), r"no configuration 'mnl'; it has mnli.*Did you mean 'mnli'"),
            (("nyu-mll/glue", "mnli", "trian"), r"no split 'trian'.*Did you mean 'train'"),
        ],
    )
    def test_names_that_are_not_there(self, glue, arguments, message):
        with pytest.raises(UserError, match=message):
            find(glue[0], *arguments)

    def test_readme_without_configurations(self, glue):
        root = glue[0]
        (root / "nyu-mll/glue/README.md").write_text("# GLUE\n")
        with pytest.raises(UserError, match="has no 'configs:'"):
            find(root, "nyu-mll/glue", "mnli", "train")

    def test_files_that_a_readme_promises(self, glue):
        root, _, train = glue
        train.unlink()
        with pytest.raises(UserError, match=r"no Parquet file of .*glue matches mnli/train-"):
            find(root, "nyu-mll/glue", "mnli", "train")


def test_too_small_a_world_is_told(tmp_path):
    task = replace(TASKS["csqa"], train=(), dev=())
    generate(task, seed=3, languages=LANGUAGES, examples={}, root=tmp_path)
    assert not any(tmp_path.iterdir())


def write_two_repositories(root, *, second=True):
    row = {"tokens": ["a"], "ner_tags": [0]}
    files = {(f"PAN-X.{code}", "test"): [row] * 3 for code in ("en", "de")}
    mirror.write_repository(root, "google/xtreme", files, "")
    if second:
        mirror.write_repository(root, "unimelb-nlp/wikiann", {("pl", "test"): [row] * 2}, "")


def read_two_repositories(root, wanted, *, lenient):
    task = replace(TASKS["panx48"], languages=wanted)
    languages = providers.languages_of(task, "mirror", providers.AVAILABLE)
    clones = mirror.Clones(root)
    found = providers.locate(task, clones, languages, lenient=lenient)
    manifest = providers.bring(task, clones, languages, root / "brought", lenient=lenient)
    reader = canonical.Reader(task, "test", canonical.split_languages(task, "test", languages))
    return found, [row["id"] for row in reader.rows(root / "brought", manifest["files"])]


def test_an_origin_serves_its_languages_and_no_others(tmp_path):
    write_two_repositories(tmp_path)
    found, ids = read_two_repositories(tmp_path, ("en", "de", "pl"), lenient=False)
    assert [(file.origin.repository, file.language) for file in found] == [
        ("google/xtreme", "en"),
        ("google/xtreme", "de"),
        ("unimelb-nlp/wikiann", "pl"),
    ]
    assert ids == ["en-0", "en-1", "en-2", "de-0", "de-1", "de-2", "pl-0", "pl-1"]  # as with a single origin


def test_a_repository_of_added_languages_may_be_missing_where_languages_may(tmp_path):
    write_two_repositories(tmp_path, second=False)
    assert read_two_repositories(tmp_path, ("en", "pl"), lenient=True)[1] == ["en-0", "en-1", "en-2"]
    with pytest.raises(mirror.MissingDataError, match="no repository 'unimelb-nlp/wikiann'"):
        read_two_repositories(tmp_path, ("en", "pl"), lenient=False)
    with pytest.raises(mirror.MissingDataError, match="no repository 'unimelb-nlp/wikiann'"):
        read_two_repositories(tmp_path, ("pl", "qu"), lenient=True)


def test_treebanks_of_one_language_are_joined_and_their_ids_kept_apart(tmp_path):
    lines = {"tokens": ["a", "b"], "upos": [0, 1], "head": ["0", "1"]}
    names = ("pl_lfg", "pl_pdb", "pl_pud")
    repository = "universal-dependencies/universal_dependencies"
    mirror.write_repository(tmp_path, repository, {(name, "test"): [lines] for name in names}, "")
    task = replace(TASKS["udpos38"], languages=("pl",))
    languages = providers.languages_of(task, "mirror", providers.AVAILABLE)
    manifest = providers.bring(task, mirror.Clones(tmp_path), languages, tmp_path / "brought", lenient=True)
    reader = canonical.Reader(task, "test", canonical.split_languages(task, "test", languages))
    rows = list(reader.rows(tmp_path / "brought", manifest["files"]))
    assert len({row["id"] for row in rows}) == len(rows) == 3
    assert {row["language"] for row in rows} == {"pl"}
    assert rows[0]["tags"] == ["NOUN", "PUNCT"]


def test_the_laboratory_has_one_origin_for_all_languages():
    task = in_laboratory(TASKS["udpos38"], LANGUAGES)
    assert [(origin.repository, origin.languages) for origin in task.test] == [("google/xtreme", ())]
    assert len(in_laboratory(TASKS["anli"], LANGUAGES).train) == 5
