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


PLANNED = {
    "tests/config/smoke.yaml": ["all"],
    "tests/config/engine.yaml": ["all"],
    "config/laboratory_xtreme_r.yaml": ["all"],
    "config/paper.yaml": ["all"],
    "tests/config/studies.yaml": ["all", "studies"],
    "config/studies/similarity.yaml": ["all", "study_similarity"],
}
"""Configurations, and the targets that are planned."""


@pytest.mark.parametrize(("config", "targets"), PLANNED.items())
def test_jobs_are_those_of_the_dry_run(tree, config, targets):
    default = not targets[-1].startswith("study_")  # the main study and all studies
    asked = [] if default else ["--target", *targets]
    arguments = ["--config", config, "--json", "plan.json", *asked]
    subprocess.run([sys.executable, "-c", CODE, *arguments], cwd=tree.root, check=True, capture_output=True)
    plan = json.loads((tree.root / "plan.json").read_text())
    expected = tree.jobs("--configfile", config, "--", *targets)
    assert expected["all"] == 1
    assert plan["rules"] | {"total": plan["total_jobs"]} == expected
