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
    ("config", "targets"),
    [
        ("tests/config/smoke.yaml", ["all"]),
        ("tests/config/engine.yaml", ["all"]),
        ("config/laboratory_xtreme_r.yaml", ["all"]),
        ("config/paper.yaml", ["all"]),
        ("tests/config/studies.yaml", ["all", "studies"]),
        ("config/studies/similarity.yaml", ["study_similarity"]),
    ],
)
def test_jobs_are_those_of_the_dry_run(tree, config, targets):
    asked = ["--target", *targets] if targets[0] != "all" else []  # by default the main study and all studies
    arguments = ["--config", config, "--json", "plan.json", *asked]
    subprocess.run([sys.executable, "-c", CODE, *arguments], cwd=tree.root, check=True, capture_output=True)
    plan = json.loads((tree.root / "plan.json").read_text())
    expected = tree.jobs("--configfile", config, "--", *targets)
    assert plan["rules"] | {"total": plan["total_jobs"]} == expected
