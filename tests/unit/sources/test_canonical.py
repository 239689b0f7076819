"""Reading repositories: slices, names of classes, limits, repairs, missing languages, published sizes."""

import json
from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.sources import canonical, mirror, providers
from workflow.scripts.sources.class_names import class_names, renamer
from workflow.scripts.sources.statistics import size_warnings, statistics
from workflow.scripts.tasks import TASKS, Family, Origin
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES, select_languages

NLI = ["entailment", "neutral", "contradiction"]


def features(names):
    """Return schema metadata as `datasets` writes it."""
    return {b"huggingface": json.dumps({"info": {"features": names}}).encode()}


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train", (0, 200)),
        ("train[:80%]", (0, 160)),
        ("train[80%:]", (160, 200)),
        ("train[10:20]", (10, 20)),
        ("train[150:900]", (150, 200)),
        ("train[:]", (0, 200)),
    ],
)
def test_slices_are_those_of_datasets(split, expected):
    assert canonical.bounds(split, 200) == expected


def test_a_slice_that_cannot_be_read_is_told():
    with pytest.raises(UserError, match=r"split 'train\[80\]' has a slice.*expected for example train\[:80%\]"):
        canonical.bounds("train[80]", 10)


def test_parts_of_a_split_are_disjoint_and_whole(tmp_path):
    rows = [{"premise": f"p{n}", "hypothesis": "h", "label": n % 3} for n in range(25)]
    for number, part in enumerate((rows[:10], rows[10:])):
        path = tmp_path / f"a/b/c/train-{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(part), path)
    mirror.write_readme(tmp_path / "a/b/README.md", "a/b", {"c": {"train": ["c/train-*"]}}, "")
    texts = []
    for split in ("train[:70%]", "train[70%:]"):
        task = replace(TASKS["mnli"], train=(Origin(repository="a/b", config="c", split=split),), dev=())
        listed = providers.bring(
            task, mirror.Clones(tmp_path), [NATURAL_LANGUAGES["en"]], tmp_path / "out", lenient=False
        )
        reader = canonical.Reader(task, "train", [NATURAL_LANGUAGES["en"]])
        texts.append([row["text_a"] for row in reader.rows(tmp_path / "out", listed["files"])])
    assert [len(part) for part in texts] == [18, 7]
    assert texts[0] + texts[1] == [f"p{n}" for n in range(25)]


def test_class_names_of_a_file_hold_where_the_task_has_none_or_the_same():
    table = pa.table({"label": [0, 2], "tags": [[0], [1]], "text": ["a", "b"]})
    table = table.replace_schema_metadata(
        features(
            {
                "label": {"names": NLI[::-1], "_type": "ClassLabel"},
                "tags": {"feature": {"names": ["S/NP", "N"], "_type": "ClassLabel"}, "_type": "Sequence"},
                "text": {"dtype": "string", "_type": "Value"},
            }
        )
    )
    assert class_names(table.schema) == {"label": NLI[::-1], "tags": ["S/NP", "N"]}
    other_order = renamer(table.schema, tuple(NLI))
    assert other_order({"label": 0, "tags": [0]}) == {"label": "contradiction", "tags": [0]}
    assert renamer(table.schema, ())({"label": 2, "tags": [1, 0]}) == {"label": "entailment", "tags": ["N", "S/NP"]}
    assert renamer(table.schema, ("a", "b"))({"label": 0}) == {"label": 0}
    assert renamer(pa.schema([("label", pa.int64())]), ())({"label": 0}) == {"label": 0}


def parallel(codes, count):
    rows = [
        {"id": f"{code}-{n}", "language": code, "text_a": f"{n}", "text_b": "b", "label": NLI[n % 3]}
        for code in codes
        for n in range(count)
    ]
    return canonical.to_table(Family.CLASSIFICATION, rows)


def test_a_limit_keeps_the_same_positions_in_parallel_languages():
    table = canonical.sample(parallel(["en", "de"], 50), 7)
    kept = {code: [r["text_a"] for r in table.to_pylist() if r["language"] == code] for code in ("en", "de")}
    assert kept["en"] == kept["de"] == sorted(kept["en"], key=int)
    assert len(kept["en"]) == 7
    assert canonical.sample(parallel(["en"], 5), 9).num_rows == 5


def test_missing_languages_are_an_error_or_a_list():
    wanted = select_languages(["en", "de", "sw"], NATURAL_LANGUAGES)
    with pytest.raises(UserError, match=r"no row in de, sw; it has en.*'available'"):
        canonical.check_table(TASKS["xnli"], "test", parallel(["en"], 3), wanted, lenient=False)
    assert canonical.check_table(TASKS["xnli"], "test", parallel(["en"], 3), wanted, lenient=True) == ["de", "sw"]


def test_sizes_other_than_published_are_told():
    task = TASKS["mlqa"]
    assert size_warnings(task, "test", {"en": 11_590, "zh": 5_137}) == []
    assert size_warnings(task, "test", {"en": 11_590, "zh": 504}) == [
        "rows other than published (in brackets): zh 504 (5,137)"
    ]
    assert size_warnings(TASKS["mnli"], "train", {"en": 10_000}) == ["10,000 rows where 392,702 are published"]
    assert size_warnings(TASKS["udpos"], "test", {"en": 1}) == []


def test_statistics_of_labels_and_lengths():
    counts = statistics(TASKS["xnli"], parallel(["en", "de"], 3))
    assert counts["rows"] == 6
    assert counts["languages"] == {"de": 3, "en": 3}
    assert counts["labels"] == dict.fromkeys(sorted(NLI), 2)
    assert counts["lengths"]["text_a"] == {"mean": 1.0, "median": 1.0, "p95": 1.0, "max": 1.0}
    rows = [{"id": "en-0", "language": "en", "context": "abcd", "question": "q?", "answers": []}]
    spans = statistics(TASKS["squad_v2"], canonical.to_table(Family.SPAN, rows))
    assert spans["unanswerable"] == 1
    assert spans["lengths"]["context"]["max"] == 4.0
    tagged = [{"id": "en-0", "language": "en", "tokens": ["a", "b"], "tags": ["X", "X"]}]
    assert statistics(TASKS["udpos"], canonical.to_table(Family.TAGGING, tagged))["labels"] == {"X": 2}


class TestMissingParts:
    """A test language that is not in a mirror is left out only where the configuration says so."""

    @pytest.fixture
    def clones(self, tmp_path):
        answers = {"text": ["a"], "answer_start": [0]}
        rows = [{"id": "1", "title": "", "context": "a b", "question": "q", "answers": answers}]
        splits = {(f"XQuAD.{code}", "validation"): rows for code in ("en", "de")}
        mirror.write_repository(tmp_path, "google/xtreme", splits, "")
        return mirror.Clones(tmp_path)

    def languages(self):
        return providers.languages_of(TASKS["xquad"], "mirror", providers.AVAILABLE)

    def test_available(self, clones):
        found = providers.locate(TASKS["xquad"], clones, self.languages(), lenient=True)
        assert [file.language for file in found] == ["en", "de"]

    def test_all(self, clones):
        with pytest.raises(UserError, match=r"has no configuration 'XQuAD.ar'; it has XQuAD.en, XQuAD.de"):
            providers.locate(TASKS["xquad"], clones, self.languages(), lenient=False)

    def test_none_at_all(self, clones):
        task = replace(TASKS["xquad"], test=(Origin(repository="google/xtreme", config="X.{language}", split="s"),))
        with pytest.raises(UserError, match=r"has no configuration 'X\.en'"):
            providers.locate(task, clones, self.languages(), lenient=True)

    def test_a_training_split_is_never_optional(self, clones):
        with pytest.raises(UserError, match=r"no repository 'rajpurkar/squad'.*hf download"):
            providers.locate(TASKS["squad_v1"], clones, [NATURAL_LANGUAGES["en"]], lenient=True)

    def test_a_new_language_is_found_without_an_edit(self, clones, tmp_path):
        before = providers.locate(TASKS["xquad"], clones, self.languages(), lenient=True)
        folder = tmp_path / "google/xtreme"
        readme = (folder / "README.md").read_text().replace("- config_name: XQuAD.de", "- config_name: XQuAD.el")
        (folder / "XQuAD.de").rename(folder / "XQuAD.el")
        (folder / "README.md").write_text(readme.replace("XQuAD.de/", "XQuAD.el/"))
        after = providers.locate(TASKS["xquad"], mirror.Clones(tmp_path), self.languages(), lenient=True)
        assert {file.language for file in before} == {"en", "de"}
        assert {file.language for file in after} == {"en", "el"}


def test_the_hubs_own_conversion_needs_no_readme(tmp_path):
    path = tmp_path / "Rowan/hellaswag/default/train/0000.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"a": [1]}), path)
    origin = Origin(repository="Rowan/hellaswag", config="default", split="train")
    assert mirror.Clones(tmp_path).find(origin) == ["default/train/0000.parquet"]


def test_files_by_pattern_and_only_the_first(tmp_path):
    for name in ("sw", "de"):
        for number in range(3):
            path = tmp_path / f"text/corpus/{name}-{number}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table({"a": [1]}), path)
    origin = Origin(repository="text/corpus", config="sw", split="train", files="sw-*.parquet", first=2)
    assert mirror.Clones(tmp_path).find(origin) == ["sw-0.parquet", "sw-1.parquet"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("data/train-*", True), ("data/*", True), ("**/*.parquet", True), ("*.parquet", False), ("data/dev-*", False)],
)
def test_patterns_of_data_files(pattern, expected):
    origin = Origin(repository="r", config="c", split="train")
    readme = f"---\nconfigs:\n- config_name: c\n  data_files:\n  - split: train\n    path: '{pattern}'\n---\n"
    files = ["data/train-00000-of-00001.parquet"]
    if expected:
        assert mirror.match_files("r", readme, files, origin) == files
    else:
        with pytest.raises(UserError, match="no Parquet file of r matches"):
            mirror.match_files("r", readme, files, origin)


def test_ids_tell_origins_and_languages_apart():
    reader = canonical.Reader(TASKS["anli"], "train", [NATURAL_LANGUAGES["en"]])
    (first,) = reader._identified({"text_a": "x"}, None, 0)
    (second,) = reader._identified({"text_a": "x"}, None, 3)
    assert (first["id"], second["id"]) == ("en-0-0", "en-3-1")
    assert list(reader._identified({"language": "fr"}, None, 0)) == []
    assert reader.repairs == Counter()
