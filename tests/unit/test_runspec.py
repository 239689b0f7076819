import pytest

from workflow.scripts.runspec import VERSIONS, decode, encode, spec_hash


def test_order_of_facts_does_not_matter():
    assert encode("train", a=1, b=2) == encode("train", b=2, a=1)


def test_a_new_knob_at_its_default_changes_nothing():
    before = encode("train", {"epochs": 3}, epochs=3, seed=1)
    after = encode("train", {"epochs": 3, "knob": 0.5}, epochs=3, seed=1, knob=0.5)
    assert before == after
    assert encode("train", {"knob": 0.5}, epochs=3, seed=1, knob=0.6) != after


def test_decoding_brings_defaults_back():
    defaults = {"epochs": 3, "knob": 0.5}
    text = encode("train", defaults, epochs=3, knob=0.7)
    assert decode(text, defaults) == {"version": VERSIONS["train"], "epochs": 3, "knob": 0.7}


def test_the_version_is_part_of_the_identity(monkeypatch):
    before = encode("train", seed=1)
    monkeypatch.setitem(VERSIONS, "train", VERSIONS["train"] + 1)
    assert encode("train", seed=1) != before


def test_an_unknown_stage_is_refused():
    with pytest.raises(KeyError):
        encode("trian", seed=1)


def test_the_hash_is_short_and_stable():
    assert spec_hash('{"seed":1,"version":1}') == spec_hash('{"seed":1,"version":1}')
    assert len(spec_hash("{}")) == 12
