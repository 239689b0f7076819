"""The table of faults names tests that exist."""

import re
from pathlib import Path

PAGE = Path("docs/faults.md").read_text()


def test_every_named_test_is_in_the_file_beside_it():
    named = re.findall(r"`(test_\w+)` in `(tests/[\w/]+\.py)`", PAGE)
    assert len(named) > 5
    for test, file in named:
        assert f"def {test}(" in Path(file).read_text(), test


def test_every_fault_of_slurm_is_a_test():
    section = PAGE.split("## Slurm")[1].split("##")[0]
    text = Path("tests/cluster/test_slurm.py").read_text()
    tests = re.findall(r"`(test_\w+)` \|", section)
    assert tests
    assert all(f"def {test}(" in text for test in tests)


def test_every_file_is_there():
    files = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert [file for file in files if not Path(file).is_file()] == []
