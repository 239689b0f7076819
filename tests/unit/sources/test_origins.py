"""Where data are from, as their statistics say, and what model cards make of it."""

import pytest

from workflow.scripts.files import write_json
from workflow.scripts.prepare_task import origins
from workflow.scripts.tasks import TASKS
from workflow.scripts.training.card import repositories

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BROUGHT = {"repositories": [{"repository": "nyu-mll/glue", "revision": "main", "commit": COMMIT}]}
MADE = {"repositories": [{"repository": "nyu-mll/glue", "revision": "main", "commit": None}]}


@pytest.mark.parametrize(
    ("provider", "manifest", "repository", "named"),
    [
        ("hub", BROUGHT, "nyu-mll/glue", ["nyu-mll/glue"]),
        ("mirror", MADE, "nyu-mll/glue", ["nyu-mll/glue"]),  # clones without a commit are of the Hub all the same
        ("laboratory", MADE, "generated", []),
        ("laboratory", MADE | {"own_files": "ccgbank"}, "own files", []),
    ],
)
def test_only_data_of_the_hub_are_named_as_such(tmp_path, provider, manifest, repository, named):
    found = origins(TASKS["mnli"], "train", manifest, provider)
    assert {origin["repository"] for origin in found} == {repository}
    assert [origin.get("commit") for origin in found] == [COMMIT if provider == "hub" else None]
    write_json(tmp_path / "train.json", {"origins": found})
    assert repositories([tmp_path / "train.parquet"]) == named
