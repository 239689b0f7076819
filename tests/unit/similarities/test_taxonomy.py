"""Similarities from the card of tasks, by hand, and the card itself."""

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.task_taxonomy import CARD, jaccard, read_card, same_class, similarity, wu_palmer
from workflow.scripts.tasks import TASKS, Family

SMALL = """
tasks:
  one: {class: cls, attributes: [a, b, c]}
  two: {class: cls, attributes: [b, c, d, e]}
  three: {class: qa, attributes: []}
tree:
  words:
    pairs: [one, two]
  questions: [three]
"""


@pytest.fixture
def card(tmp_path):
    def read(text=SMALL):
        path = tmp_path / "card.yaml"
        path.write_text(text, encoding="utf-8")
        return read_card(path)

    return read


def test_similarities_by_hand(card):
    small = card()
    assert [same_class(small, "one", other) for other in ("one", "two", "three")] == [1, 1, 0]
    assert jaccard(small, "one", "two") == pytest.approx(2 / 5)  # b and c of a to e
    assert jaccard(small, "one", "three") == jaccard(small, "three", "three") == 0
    # root 1, words 2, pairs 3, one and two 4; questions 2, three 3
    assert wu_palmer(small, "one", "two") == pytest.approx(2 * 3 / (4 + 4))
    assert wu_palmer(small, "one", "three") == pytest.approx(2 * 1 / (4 + 3))
    assert wu_palmer(small, "three", "three") == 1


def test_a_mixture_is_the_mean_of_its_tasks(card):
    assert similarity(card(), "class", ["one", "three"], "two") == 0.5
    with pytest.raises(ValueError, match="without a task"):
        similarity(card(), "class", [], "two")


def test_a_task_that_the_card_lacks_is_named(card):
    with pytest.raises(UserError, match=r"no 'thre'.*Did you mean 'three'"):
        similarity(card(), "tree", ["one"], "thre")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("questions: [three]", "questions: []"), "'three' stands only in its tasks"),
        (("questions: [three]", "questions: [three, four]"), "'four' stands only in its tree"),
        (("questions: [three]", "questions: [three, one]"), "'one' stands 2 times"),
        (("questions: [three]", "questions: three"), "is no card of tasks"),
        (("class: qa, ", ""), "is no card of tasks"),
        (("tree:", "tree: ["), "is no card of tasks"),
    ],
)
def test_a_damaged_card_is_refused(card, change, message):
    with pytest.raises(UserError, match=message):
        card(SMALL.replace(*change))


def test_a_missing_card_is_told(tmp_path):
    with pytest.raises(UserError, match=r"similarity\.card"):
        read_card(tmp_path / "none.yaml")


def test_the_card_has_every_task():
    card = read_card(CARD)
    assert {name for name, task in TASKS.items() if task.family is not Family.TEXT} - set(card.classes) == set()
    assert same_class(card, "squad_v2", "tydiqa") == 1
    assert jaccard(card, "mnli", "xnli") == 1
    assert wu_palmer(card, "ccg", "udpos") > wu_palmer(card, "ccg", "panx") > wu_palmer(card, "ccg", "xnli")
