"""Retrieval in the laboratory: every query has its right candidates, in every language."""

from collections import defaultdict

import pytest

from workflow.scripts.laboratory.ranking import ENTITIES, describe
from workflow.scripts.laboratory.world import World
from workflow.scripts.sources import canonical, ranking_pools
from workflow.scripts.sources.generated import generate, in_laboratory, laboratory_languages, task_languages
from workflow.scripts.sources.mirror import Clones
from workflow.scripts.sources.providers import bring
from workflow.scripts.tasks import TASKS

WORLD = World(seed=7)
CODES = ["en", "qaa", "qaf"]


def made(phenomenon, split="test", codes=CODES, examples=20):
    return list(WORLD.rows(phenomenon, split=split, languages=codes, examples=examples, stream="test"))


def test_every_question_is_answered_by_one_sentence_of_each_language():
    rows = made("answer_retrieval")
    right = defaultdict(list)
    for row in rows:
        if row["side"] == "candidate":
            assert row["text_a"] in row["text_b"]
            for key in row["gold"]:
                right[key].append(row["language"])
    queries = [row for row in rows if row["side"] == "query"]
    assert len(queries) == 60
    assert all(right[row["gold"][0]] == CODES for row in queries)
    paragraphs = defaultdict(list)
    for row in rows:
        if row["side"] == "candidate":
            paragraphs[row["text_b"]].append(row["text_a"])
    assert all(" ".join(sentences) == paragraph for paragraph, sentences in paragraphs.items())


def test_every_mention_has_one_entity_described_in_one_language():
    rows = made("entity_linking")
    described = {row["gold"][0]: row for row in rows if row["side"] == "candidate"}
    assert len(described) == len(ENTITIES)
    assert len({row["text_a"] for row in described.values()}) == len(ENTITIES)
    assert {row["language"] for row in described.values()} == set(CODES)
    mentions = [row for row in rows if row["side"] == "query"]
    assert len(mentions) == 60
    english = [row for row in mentions if row["language"] == "en"]
    for row in english:
        name = " ".join(ENTITIES[int(row["gold"][0][1:])])
        assert row["text_a"].startswith(f"{name}: ")
        assert f"{{ {name} }}" in row["text_a"]


def test_descriptions_do_not_depend_on_the_split_and_say_the_same_in_every_language():
    by_split = [
        {row["text_a"] for row in made("entity_linking", split, ["en"]) if row["side"] == "candidate"}
        for split in ("train", "test")
    ]
    assert by_split[0] == by_split[1]
    grammars = WORLD._grammars
    assert describe(7, ENTITIES[0], grammars["en"]).startswith("Anna Adler is a ")
    assert describe(7, ENTITIES[0], grammars["qaa"]) != describe(7, ENTITIES[0], grammars["en"])


@pytest.mark.parametrize("name", ["lareqa", "mewslix"])
def test_generated_repositories_are_read_as_pools(name, tmp_path):
    task = in_laboratory(TASKS[name], CODES)
    generate(task, seed=7, languages=CODES, examples={"train": 12, "dev": 6, "test": 6}, root=tmp_path)
    languages = task_languages(task, CODES)
    manifest = bring(task, Clones(tmp_path), languages, tmp_path, lenient=False)
    for split, queries in (("train", {"en": 12}), ("dev", {"en": 6}), ("test", dict.fromkeys(CODES, 6))):
        reader = canonical.Reader(task, split, canonical.split_languages(task, split, languages))
        table = canonical.to_table(
            task.family, ranking_pools.merge_candidates(list(reader.rows(tmp_path, manifest["files"])))
        )
        ranking_pools.check_answers(task, split, table)
        rows = table.to_pylist()
        counts = defaultdict(int)
        for row in rows:
            counts[row["language"]] += row["side"] == "query"
        assert counts == queries
        assert not reader.repairs
        candidates = sum(row["side"] == "candidate" for row in rows)
        if name == "lareqa":
            assert candidates == 3 * sum(queries.values())
        elif split == "test":
            assert candidates == len(ENTITIES)
    assert set(laboratory_languages()) >= set(CODES)
