"""The plan counts the jobs of every rule as Snakemake's own dry run does, without torch and transformers."""

import json
import subprocess
import sys

import pytest

CODE = """
import sys
from workflow.scripts.plan_study import main
main(sys.argv[1:])
assert not {"torch", "transformers"} & set(sys.modules)
"""


@pytest.mark.parametrize(
    "config",
    [
        "tests/config/smoke.yaml",
        "tests/config/engine.yaml",
        "config/laboratory_xtreme_r.yaml",
        "config/paper.yaml",
    ],
)
def test_jobs_are_those_of_the_dry_run(tree, config):
    arguments = ["--config", config, "--json", "plan.json"]
    subprocess.run([sys.executable, "-c", CODE, *arguments], cwd=tree.root, check=True, capture_output=True)
    plan = json.loads((tree.root / "plan.json").read_text())
    expected = tree.jobs("--configfile", config)
    assert plan["rules"] | {"total": plan["total_jobs"]} == expected
