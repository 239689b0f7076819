"""The world's rows: deterministic, disjoint, parallel, with exact spans and labels that follow from the world."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import product

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.laboratory.ranking import ENTITIES
from workflow.scripts.laboratory.world import PHENOMENA, SPLITS, Row, World, split_of

WORLD = World(seed=7)
COLUMNS = {
    "classification": {"text_a", "text_b", "label"},
    "multiple_choice": {"text_a", "choices", "label"},
    "tagging": {"tokens", "tags"},
    "span": {"context", "question", "answers"},
    "retrieval": {"text_a", "text_b"},
    "mining": {"side", "text_a", "gold"},
    "ranking": {"side", "text_a", "text_b", "gold"},
    "text": {"text_a", "text_b"},
}
KEYS_OF_POOLS = {"answer_retrieval": (("text_b",), "candidate"), "entity_linking": (("text_a",), "query")}
"""Where the keys of these phenomena stand in canonical rows; entities, other than mentions, are in every split."""

ALIGNED = ("translation", "translations")


def rows(phenomenon: str, split: str = "test", languages: tuple[str, ...] = ("en",), examples: int = 60) -> list[Row]:
    return list(WORLD.rows(phenomenon, split=split, languages=languages, examples=examples, stream="test"))


@pytest.mark.parametrize("phenomenon", PHENOMENA)
def test_rows_have_the_columns_of_their_family_and_unique_ids(phenomenon: str) -> None:
    made = rows(phenomenon, languages=("en", "qaf"), examples=20)
    expected = {"id", "language"} | COLUMNS[PHENOMENA[phenomenon].family]
    assert all(set(row) == expected for row in made)
    expected_rows = {"mining": 80, "answer_retrieval": 160, "entity_linking": 40 + len(ENTITIES)}.get(phenomenon, 40)
    assert len({row["id"] for row in made}) == len(made) == expected_rows


_PRINT = """
import hashlib, json
from workflow.scripts.laboratory.world import PHENOMENA, World
world = World(seed=3)
made = [list(world.rows(p, split="test", languages=world.languages, examples=3)) for p in PHENOMENA]
print(hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest())
"""


def test_same_seed_gives_the_same_rows_in_every_process() -> None:
    digests = set()
    for hash_seed in ("0", "1"):
        environment = dict(os.environ, PYTHONHASHSEED=hash_seed)
        done = subprocess.run(
            [sys.executable, "-c", _PRINT], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_another_seed_or_stream_gives_other_rows() -> None:
    def made(seed: int, stream: str) -> str:
        world = World(seed=seed)
        return json.dumps(list(world.rows("reading", split="test", languages=["qaa"], examples=5, stream=stream)))

    assert len({made(1, "xquad"), made(2, "xquad"), made(1, "mlqa")}) == 3


def _english_texts(phenomenon: str, split: str) -> set[str]:
    chosen = PHENOMENA[phenomenon]
    texts = set()
    for row in rows(phenomenon, split, examples=80):
        columns, side = KEYS_OF_POOLS.get(phenomenon, (chosen.keys, None))
        if side and row["side"] != side:
            continue
        for column in columns:
            value = row[column]
            text = "".join(value) if isinstance(value, list) else str(value)
            texts.add("".join(letter for letter in text.lower() if letter.isalnum()))
    return texts


def test_no_english_text_is_in_two_splits_of_any_tasks() -> None:
    texts = defaultdict(set)
    for phenomenon, split in product(PHENOMENA, SPLITS):
        texts[split] |= _english_texts(phenomenon, split)
    assert all(len(found) > 500 for found in texts.values())
    assert not texts["train"] & texts["test"]
    assert not texts["train"] & texts["dev"]
    assert not texts["dev"] & texts["test"]


def test_the_split_of_a_text_does_not_depend_on_case_spaces_and_stops() -> None:
    assert split_of("The dog rests.") == split_of("the dog rests .") == split_of("THE DOG RESTS")
    shares = Counter(split_of(f"sentence {number}") for number in range(4000))
    assert all(abs(shares[split] / 4000 - (high - low)) < 0.05 for split, (low, high) in SPLITS.items())


@pytest.mark.parametrize("phenomenon", ["entailment", "role_swap", "reading", "part_of_speech", "entities"])
def test_tests_are_parallel_across_languages(phenomenon: str) -> None:
    codes = WORLD.languages
    made = rows(phenomenon, languages=codes, examples=25)
    by_language = defaultdict(list)
    for row in made:
        code, number = str(row["id"]).split("-")
        assert code == row["language"]
        by_language[number].append(row)
    assert len(by_language) == 25
    for versions in by_language.values():
        assert [row["language"] for row in versions] == list(codes)
        if "label" in versions[0]:
            assert len({row["label"] for row in versions}) == 1


@pytest.mark.parametrize("phenomenon", ["reading", "reading_unanswerable", "information_seeking"])
def test_spans_are_exact_in_every_language(phenomenon: str) -> None:
    for row in rows(phenomenon, languages=WORLD.languages, examples=60):
        for answer in row["answers"]:  # type: ignore[attr-defined]
            text, start = answer["text"], answer["start"]
            assert text
            assert row["context"][start : start + len(text)] == text  # type: ignore[index]
            assert text == text.strip(" .?,")


def test_a_third_of_the_questions_has_no_answer_where_that_is_the_task() -> None:
    made = rows("reading_unanswerable", "train", examples=600)
    assert 0.27 < sum(not row["answers"] for row in made) / len(made) < 0.40
    assert all(row["answers"] for row in rows("reading") + rows("information_seeking"))


@pytest.mark.parametrize(
    ("phenomenon", "labels"),
    [
        ("entailment", {"entailment", "neutral", "contradiction"}),
        ("adversarial_entailment", {"entailment", "neutral", "contradiction"}),
        ("duplicate_question", {"duplicate", "not_duplicate"}),
        ("role_swap", {"0", "1"}),
    ],
)
def test_labels_are_balanced_and_texts_differ(phenomenon: str, labels: set[str]) -> None:
    made = rows(phenomenon, "train", examples=600)
    counts = Counter(str(row["label"]) for row in made)
    assert set(counts) == labels
    assert min(counts.values()) > 0.7 * len(made) / len(labels)
    assert all(row["text_a"] != row["text_b"] for row in made)


def test_swapped_roles_keep_the_words() -> None:
    overlaps = defaultdict(list)
    for row in rows("role_swap", "train", examples=400):
        first, second = (set(str(row[side]).lower().strip(".").split()) for side in ("text_a", "text_b"))
        overlaps[row["label"]].append(len(first & second) / len(first | second))
    means = {label: sum(values) / len(values) for label, values in overlaps.items()}
    assert min(means.values()) > 0.85


def test_choices_differ_and_the_label_is_among_them() -> None:
    counts = {"continuation": 4, "narrative": 4, "commonsense": 5, "social": 3, "cause_effect": 2}
    for phenomenon, count in counts.items():
        made = rows(phenomenon, "train", examples=200)
        assert {row["label"] for row in made} == set(range(count))
        assert all(len(row["choices"]) == len(set(row["choices"])) == count for row in made)  # type: ignore[arg-type,call-overload]


TAGS = {"NOUN", "PROPN", "VERB", "ADJ", "ADV", "ADP", "DET", "NUM", "PRON", "AUX", "PART", "PUNCT", "CCONJ", "SCONJ"}


def test_tags_are_of_the_inventory_and_as_many_as_tokens() -> None:
    for phenomenon in ("part_of_speech", "entities", "supertags"):
        made = rows(phenomenon, languages=WORLD.languages, examples=80)
        assert all(len(row["tokens"]) == len(row["tags"]) for row in made)  # type: ignore[arg-type]
        if phenomenon == "part_of_speech":
            assert {tag for row in made for tag in row["tags"]} <= TAGS  # type: ignore[attr-defined]


def test_names_are_well_formed_and_the_same_number_in_every_language() -> None:
    counts = defaultdict(Counter)
    for row in rows("entities", languages=WORLD.languages, examples=120):
        previous = "O"
        for tag in row["tags"]:  # type: ignore[attr-defined]
            assert not tag.startswith("I-") or previous[2:] == tag[2:]
            previous = tag
        counts[str(row["id"]).split("-")[1]][sum(tag[0] == "B" for tag in row["tags"])] += 1  # type: ignore[attr-defined]
    assert all(len(numbers) == 1 for numbers in counts.values())


def test_supertags_say_what_a_verb_takes() -> None:
    for row in rows("supertags", "train", examples=300):
        tagged = dict(zip(row["tokens"], row["tags"], strict=True))  # type: ignore[call-overload]
        if "chased" in tagged:
            assert tagged["chased"] == r"(S[dcl]\NP)/NP"
        if "jumped" in tagged:
            assert tagged["jumped"] == r"S[dcl]\NP"


def test_parallel_text_has_the_english_side() -> None:
    for phenomenon in ALIGNED:
        english = [row["text_b"] for row in rows(phenomenon)]
        foreign = rows(phenomenon, languages=("qac",))
        assert [row["text_b"] for row in foreign] == english
        assert all(row["text_a"] != row["text_b"] for row in foreign)


def test_pools_have_translations_among_distractors() -> None:
    made = rows("mining", languages=("qaa", "qae"), examples=50)
    for code in ("qaa", "qae"):
        foreign = [row for row in made if row["language"] == code and row["side"] == "foreign"]
        english = {row["id"] for row in made if row["language"] == code and row["side"] == "english"}
        gold = [identity for row in foreign for identity in row["gold"]]  # type: ignore[attr-defined]
        assert len(foreign) == len(english) == 50
        assert len(gold) == len(set(gold)) == 25
        assert set(gold) < english


def test_bad_names_stop_with_the_nearest_valid_one() -> None:
    for arguments, hint in (
        (("entailmnet", "test", "en"), "entailment"),
        (("entailment", "tset", "en"), "test"),
        (("entailment", "test", "qaaa"), "qaa"),
    ):
        phenomenon, split, language = arguments
        with pytest.raises(UserError, match=f"Did you mean '{hint}'"):
            WORLD.rows(phenomenon, split=split, languages=[language], examples=1)
    with pytest.raises(UserError):
        World(seed=1, languages=["fr"])
