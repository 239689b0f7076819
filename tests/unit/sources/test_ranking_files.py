"""LAReQA and Mewsli-X from a user's own files: read as written; damage is told with file and line."""

import io
import json
import tarfile
from collections import Counter

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.sources import canonical, ranking_pools, user_files
from workflow.scripts.sources.mirror import Clones
from workflow.scripts.sources.providers import bring
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES, select_languages

LANGUAGES = select_languages(["en", "de"], NATURAL_LANGUAGES)


def squad(context, breaks=None):
    answers = [{"text": "The dog", "answer_start": context.index("The dog")}]
    paragraph = {"context": context, "qas": [{"id": "q1", "question": "Who?", "answers": answers}]}
    return {
        "version": "1",
        "data": [{"title": "t", "paragraphs": [paragraph | ({"sentence_breaks": breaks} if breaks else {})]}],
    }


@pytest.fixture
def xquad_r(tmp_path):
    folder = tmp_path / "files"
    for name in ("squad/train-v1.1.json", "squad/dev-v1.1.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(squad("It rains. The dog rests. It is late.")))
    (folder / "xquad-r").mkdir()
    for code in ("en", "de"):
        # boundaries that no rule would find
        (folder / f"xquad-r/{code}.json").write_text(json.dumps(squad(f"{code}; The dog rests", [[0, 3], [4, 17]])))
    return folder


def mention(name, language, entity, text="Smith came back. Then he left.", begin=0, end=5):
    context = {"document_title": name, "language": language, "text": text, "section_title": None}
    spans = [{"start": 0, "end": 16}, {"start": 17, "end": 30}]
    span = {"start": begin, "end": end, "text": text[begin:end]}
    said = {"example_id": name, "mention_span": span, "entity_id": entity, "metadata": {"free": name}}
    return context | {"sentence_spans": spans}, said


def entity(name, language):
    text = f"{name} is described. More of it."
    spans = [{"start": 0, "end": len(name) + 14}]
    facts = {"entity_id": name, "title": name, "description": text, "sentence_spans": spans}
    return facts | {"description_language": language, "description_url": "u"}


@pytest.fixture
def mewsli_x(tmp_path):
    folder = tmp_path / "files"
    (folder / "wikipedia_pairs").mkdir(parents=True)
    for split in ("train", "dev"):
        pairs = []
        for number in range(4):
            context, said = mention(f"{split}{number}", "en", f"Q{number % 3}")
            pairs.append(
                {"contextual_mention": {"context": context, "mention": said}, "entity": entity(f"Q{number % 3}", "en")}
            )
        data = "".join(json.dumps(pair) + "\n" for pair in pairs).encode()
        with tarfile.open(folder / f"wikipedia_pairs/{split}.jsonl.tar.gz", "w:gz") as packed:
            facts = tarfile.TarInfo(f"{split}.jsonl")
            facts.size = len(data)
            packed.addfile(facts, io.BytesIO(data))
    for code in ("en", "de"):
        (folder / f"wikinews_mentions/{code}").mkdir(parents=True)
        context, said = mention(f"{code}-m", code, "Q2")
        _, other = mention(f"{code}-n", code, "Q5", begin=22, end=24)
        (folder / f"wikinews_mentions/{code}/test.jsonl").write_text(
            json.dumps({"context": context, "mentions": [said, other]})
        )
    rows = [entity("Q2", "fr"), entity("Q5", "de"), entity("Q7", "sw")]
    (folder / "candidate_entities.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def read(name, form, folder, root, split, *, languages=LANGUAGES, lenient=False):
    task = TASKS[name]
    user_files.write(task, form, folder, root, languages, lenient=lenient)
    manifest = bring(task, Clones(root), languages, root, lenient=lenient)
    reader = canonical.Reader(task, split, canonical.split_languages(task, split, languages))
    rows = ranking_pools.merge_candidates(list(reader.rows(root, manifest["files"])))
    table = canonical.to_table(task.family, rows)
    ranking_pools.check_answers(task, split, table)
    return table.to_pylist()


def test_lareqa_has_the_boundaries_of_its_files(xquad_r, tmp_path):
    rows = read("lareqa", "xquad_r", xquad_r, tmp_path / "root", "test")
    texts = [(row["language"], row["side"], row["text_a"]) for row in rows]
    for code in ("en", "de"):
        expected = [("candidate", f"{code};"), ("candidate", "The dog rests"), ("query", "Who?")]
        assert [(side, text) for language, side, text in texts if language == code] == expected
    train = read("lareqa", "xquad_r", xquad_r, tmp_path / "root", "train")
    assert [row["text_a"] for row in train] == ["It rains.", "The dog rests.", "It is late.", "Who?"]
    assert [row["gold"] for row in train] == [[], ["q1"], [], ["q1"]]


def test_mewsli_x_has_entities_of_any_language(mewsli_x, tmp_path):
    rows = read("mewslix", "mewsli_x", mewsli_x, tmp_path / "root", "test")
    sides = Counter((row["side"], row["language"]) for row in rows)
    assert sides == {
        **{("query", "en"): 2, ("query", "de"): 2},
        **{("candidate", "fr"): 1, ("candidate", "de"): 1, ("candidate", "sw"): 1},
    }
    by_text = {row["text_a"]: row["gold"] for row in rows}
    assert by_text["Smith: { Smith } came back."] == ["Q2"]
    assert by_text["he: Then { he } left."] == ["Q5"]
    assert by_text["Q2 is described."] == ["Q2"]
    train = read("mewslix", "mewsli_x", mewsli_x, tmp_path / "root", "train")
    assert Counter(row["side"] for row in train) == {"query": 4, "candidate": 3}


def test_missing_languages_are_left_out_where_that_is_wanted(xquad_r, tmp_path):
    (xquad_r / "xquad-r/de.json").unlink()
    rows = read("lareqa", "xquad_r", xquad_r, tmp_path / "root", "test", lenient=True)
    assert {row["language"] for row in rows} == {"en"}
    with pytest.raises(UserError, match=r"xquad-r has no de.json; it has en.json"):
        read("lareqa", "xquad_r", xquad_r, tmp_path / "other", "test")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("candidate_entities.jsonl", b'{"entity_id": \n', "candidate_entities.jsonl, line 1 is no JSON"),
        ("wikipedia_pairs/dev.jsonl.tar.gz", b"no archive", "dev.jsonl.tar.gz cannot be unpacked"),
        ("wikipedia_pairs/train.jsonl.tar.gz", None, r"wikipedia_pairs has no train.jsonl; it has dev.jsonl.tar.gz"),
    ],
)
def test_damaged_files_are_named(mewsli_x, tmp_path, name, content, message):
    if content is None:
        (mewsli_x / name).unlink()
    else:
        (mewsli_x / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        read("mewslix", "mewsli_x", mewsli_x, tmp_path / "root", "test")


def test_a_file_in_another_layout_is_refused(xquad_r, tmp_path):
    (xquad_r / "squad/dev-v1.1.json").write_text('{"data": [{}]}')
    with pytest.raises(UserError, match=r"dev-v1.1.json is no file in SQuAD's JSON: KeyError 'paragraphs'"):
        read("lareqa", "xquad_r", xquad_r, tmp_path / "root", "test")
