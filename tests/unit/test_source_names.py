from itertools import pairwise

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.source_names import SourceName, bases, parse, predecessor

KNOWN = bases(["multi", "mnli-mlm", "nli-n2"])

NAMES = {
    "mnli": SourceName("mnli"),
    "mnli-n1000": SourceName("mnli", examples=1000),
    "mnli-s64": SourceName("mnli", steps=64),
    "mnli-n4000-s512": SourceName("mnli", 4000, 512),
    "multi-n10-s2": SourceName("multi", 10, 2),
    "mnli-mlm": SourceName("mnli-mlm"),
    "mnli-mlm-n5": SourceName("mnli-mlm", examples=5),
    "mnli-translated": SourceName("mnli-translated"),
    "mnli-translated-s8": SourceName("mnli-translated", steps=8),
    "squad_v2-n9": SourceName("squad_v2", examples=9),
    "nli-n2": SourceName("nli-n2"),
    "nli-n2-n3-s4": SourceName("nli-n2", 3, 4),
    "nli-n2-s4": SourceName("nli-n2", steps=4),
}
"""`nli-n2` is a mixture: whole names win."""


@pytest.mark.parametrize(("name", "parts"), NAMES.items())
def test_a_name_has_parts_and_parts_make_the_name(name, parts):
    assert parse(name, KNOWN) == parts
    assert str(parts) == name


WRONG = {
    "mnlii": ("is no known source", "Did you mean 'mnli'?"),
    "mnli-mln": ("is no known source", "Did you mean 'mnli-mlm'?"),
    "xnli-n10": ("varies 'xnli', which is no intermediate task or mixture", "Did you mean 'mnli-n10'?"),
    "mnlii-n1000-s64": ("varies 'mnlii'", "Did you mean 'mnli-n1000-s64'?"),
    "none-s64": ("varies 'none'", "expected one of anli"),
    "mnli-n1k": ("has '-n1k' for a number of examples", "such as mnli-n1000"),
    "mnli-n": ("has '-n' for a number of examples", "whole number"),
    "mnli-n0": ("has '-n0'", "from 1 on"),
    "mnli-n0100": ("has '-n0100'", "from 1 on"),
    "mnli-n10-s1_000": ("has '-s1_000' for a number of steps", "such as mnli-s1024"),
    "mnli-s2.5": ("has '-s2.5'", "whole number"),
    "mnli-n１０": ("has '-n１０'", "whole number"),
    "mnli-s64-n1000": ("has -s64 and -n1000", "Did you mean 'mnli-n1000-s64'?"),
    "mnli-n1-n2": ("has -n1 and -n2", "expected one -n at most, then one -s at most."),
}


@pytest.mark.parametrize(("name", "messages"), WRONG.items())
def test_a_wrong_name_is_explained(name, messages):
    with pytest.raises(UserError) as error:
        parse(name, KNOWN, "intermediate")
    told = str(error.value)
    assert told.startswith(f"config: intermediate = '{name}' ")
    for message in messages:
        assert message in told


@pytest.mark.parametrize(
    ("steps", "before"),
    [(1, None), (64, None), (65, 64), (128, 64), (129, 128), (300, 256), (1024, 512), (16384, 8192), (16385, 16384)],
)
def test_the_duration_before_is_the_longest_shorter_one_of_the_ladder(steps, before):
    assert predecessor(steps) == before


def test_longer_durations_go_through_the_same_segments():
    for short, long in pairwise([64, 128, 256, 512, 1024]):
        assert SourceName("mnli", 7, long).segments()[:-1] == SourceName("mnli", 7, short).segments()
    assert [str(part) for part in SourceName("mnli", steps=300).segments()] == [
        "mnli-s64", "mnli-s128", "mnli-s256", "mnli-s300",
    ]  # fmt: skip
    assert SourceName("mnli", 7).segments() == []


def test_sources_of_one_trunk_differ_in_their_steps_alone():
    assert SourceName("mnli", 7, 64).trajectory == SourceName("mnli", 7, 99).trajectory == "mnli-n7"
    assert SourceName("mnli", 8, 64).trajectory != "mnli-n7"
