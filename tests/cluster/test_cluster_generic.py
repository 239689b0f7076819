"""The profile for any scheduler, with a submit command that starts jobs on this machine."""

import stat

import pytest

from tests.cluster.conftest import need_plugin

SMALL = ("--configfile", "tests/config/smoke.yaml", "--config", "sources=[none]", "targets=[tatoeba]")

SUBMIT = """#!/usr/bin/env bash
# submit QUEUE GPUS MEMORY RUNTIME SCRIPT: run the script as a scheduler would, in the background
mkdir -p queue
id=$(mktemp -u XXXXXXXX)
echo "$1 gpu=$2 mem=$3 runtime=$4 $(grep -o '# properties = .*' "$5")" > "queue/$id.job"
end="queue/$id.end"
setsid bash -c "bash '$5'; echo \\$? > $end.new; mv $end.new $end" > "queue/$id.log" 2>&1 < /dev/null &
echo "$id"
"""

STATUS = """#!/usr/bin/env bash
if [ ! -e "queue/$1.end" ]; then echo running; exit; fi
if [ "$(cat "queue/$1.end")" = 0 ]; then echo success; else echo failed; fi
"""


def make_program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def site(tree):
    """The shipped profile with the commands of a scheduler that this test plays."""
    need_plugin("executor_plugin_cluster_generic")
    make_program(tree.root / "submit", SUBMIT)
    make_program(tree.root / "status", STATUS)

    def change(settings):
        resources = "{resources.queue} {resources.gpu} {resources.mem_mb} {resources.runtime}"
        settings["cluster-generic-submit-cmd"] = f"./submit {resources}"
        settings["cluster-generic-status-cmd"] = "./status"
        settings["cluster-generic-cancel-cmd"] = "true"
        settings |= {"cores": 2, "jobs": 2, "latency-wait": 10, "max-status-checks-per-second": 10}
        for resources in settings["set-resources"].values():
            if "gpu" in resources:
                resources["gpu"] = 0  # this machine has none

    return tree.write_profile("cluster-generic", change)


def test_a_study_runs_through_a_submit_command(tree, site):
    tree.run("scores", "--profile", site, *SMALL)
    submitted = [path.read_text() for path in (tree.root / "queue").glob("*.job")]
    training = [text for text in submitted if '"rule": "pretrain_model"' in text]
    assert [text.split(" #")[0] for text in training] == ["gpu gpu=0 mem=32000 runtime=1440"]
    groups = [text for text in submitted if '"groupid": "preparation' in text]
    assert len(groups) == 1, "several tables are prepared in one submission"
    through_scheduler = tree.scores()

    (tree.root / "results").rename(tree.root / "earlier")
    tree.run("scores", "--cores", "2", *SMALL)
    assert tree.scores() == through_scheduler
