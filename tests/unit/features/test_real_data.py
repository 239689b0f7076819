"""Answers and words of real data in all languages of a folder of real data, at their tokens."""

import unicodedata

import pyarrow.parquet as pq
import pytest

from tests.real_data import MIRROR, needs_mirror
from tests.unit.features.encoded import encode
from tests.unit.features.small_tokenizers import KINDS
from workflow.scripts.metrics.spans import normalise_mlqa
from workflow.scripts.tasks import Family

pytestmark = needs_mirror

XTREME = MIRROR / "google" / "xtreme"
READING = sorted(path.name for path in XTREME.glob("*") if path.name.startswith(("XQuAD", "MLQA")))
READING = [name for name in READING if len(set(name.split(".")[1:])) == 1] + ["tydiqa"]
TAGGING = sorted(path.name for path in XTREME.glob("*") if path.name.startswith(("PAN-X", "udpos")))
ROWS = 40


@pytest.fixture(scope="module", params=["sentence_piece", "word_pieces", "byte_pairs"])
def tokenizer(request, tmp_path_factory):
    """A tokenizer of each kind that checkpoints have, trained on real text of every language."""
    texts = [
        text for path in sorted((MIRROR / "text").glob("*.parquet")) for text in read(path, ROWS, "text", skipped=200)
    ]
    path = tmp_path_factory.mktemp("real") / "tokenizer.json"
    KINDS[request.param](texts, 4000).save(str(path))
    return path


def read(path, rows, column=None, skipped=0):
    table = pq.read_table(path).slice(skipped, rows)
    return table[column].to_pylist() if column else table.to_pylist()


def questions(name):
    """Return rows with a right answer, some of each file; TyDiQA's of each language."""
    counts, rows = {}, []
    for path in sorted((XTREME / name).glob("*.parquet")):
        for row in read(path, None):
            group = row["id"].split("-")[0] if name == "tydiqa" else path.name
            for text, start in zip(row["answers"]["text"][:1], row["answers"]["answer_start"][:1], strict=True):
                if text and row["context"][start : start + len(text)] == text and counts.get(group, 0) < ROWS:
                    counts[group] = counts.get(group, 0) + 1
                    answer = {"text": text, "start": start}
                    rows.append({"context": row["context"], "question": row["question"], "answers": [answer]})
    return rows


def normalised(text, language):
    """Return a text as it is scored, without spaces and invisible characters."""
    text = normalise_mlqa(unicodedata.normalize("NFKC", text), language)
    return "".join(char for char in text if not char.isspace() and unicodedata.category(char) != "Cf")


def stands_alone(row):
    """Whether an answer begins and ends where a word does; no tokenizer needs to separate what is within words."""
    answer, context = row["answers"][0], row["context"]
    start, past = answer["start"], answer["start"] + len(answer["text"])
    return not any(char.isalnum() or unicodedata.category(char)[0] == "M" for char in context[start - 1 : start]) and (
        not any(char.isalnum() or unicodedata.category(char)[0] == "M" for char in context[past : past + 1])
    )


@pytest.mark.parametrize("name", READING)
def test_real_answers_are_found_again(tokenizer, name):
    rows, language = questions(name), "en" if name == "tydiqa" else name.split(".")[1]
    columns = encode(tokenizer, Family.SPAN, rows, batch=50, max_length=384, max_question_length=64, stride=128)
    found = {}
    for row, example in enumerate(columns["example"]):
        start, end, first = columns["start"][row], columns["end"][row], columns["context"][row]
        if start:
            offsets = columns["offsets"][row]
            found.setdefault(example, []).append((offsets[2 * (start - first)], offsets[2 * (end - first) + 1]))
    fitting = [example for example, row in enumerate(rows) if len(row["answers"][0]["text"]) < 128]
    whole = exact = alone = 0
    for example in fitting:
        answer, context = rows[example]["answers"][0], rows[example]["context"]
        gold = normalised(answer["text"], language)
        texts = {normalised(context[left:right], language) for left, right in found.get(example, [])}
        whole += bool(texts) and all(gold in text for text in texts)
        if stands_alone(rows[example]):
            alone += 1
            exact += texts == {gold}
    assert whole >= 0.99 * len(fitting)
    assert exact >= 0.99 * alone
    assert len(fitting) >= 20


def test_words_of_all_languages_have_one_label_each(tokenizer):
    for name in TAGGING:
        rows = [row for path in sorted((XTREME / name).glob("*.parquet")) for row in read(path, ROWS)]
        tags = "ner_tags" if "ner_tags" in rows[0] else "pos_tags"
        rows = [{"tokens": row["tokens"], "tags": list(map(str, row[tags]))} for row in rows if row["tokens"]]
        labels = sorted({tag for row in rows for tag in row["tags"]})
        columns = encode(tokenizer, Family.TAGGING, rows, labels, batch=64, max_length=48)
        words, found = [0] * len(rows), [[] for _ in rows]
        for example, positions, given, ids in zip(
            *(columns[key] for key in ("example", "positions", "labels", "input_ids")), strict=True
        ):
            assert len(set(positions)) == len(positions) == len(given)
            assert positions[0] == 1
            assert positions[-1] < len(ids) - 1
            assert len(ids) <= 48
            words[example] += len(positions)
            found[example] += [labels[label] for label in given]
        assert words == [len(row["tokens"]) for row in rows], name
        assert found == [row["tags"] for row in rows], name
