"""The studies `similarity` and `typology` in the plan: which runs they amount to, and what they share."""

import yaml

CONFIG = "tests/config/compared.yaml"
STUDY = ("--configfile", CONFIG, "--cores", "2")
FLOPS = {"mnli": 1e6, "ccg": 1e6, "squad_v2": 1e6, "trio": 1e6}
TASKS = ["mnli", "squad_v2", "ccg"]
TARGETS = ["pawsx", "udpos", "xquad"]


def configure(tree):
    config = yaml.safe_load((tree.root / "tests/config/smoke.yaml").read_text())
    config |= {
        "sources": ["none"],
        "mixtures": {"trio": {"tasks": TASKS, "cap": 40}},
        "trunks": {"warmup_steps": 1},
        "similarity": {"sources": ["mnli-s31", "squad_v2-s31", "ccg-s31"], "measures": ["text_embedding", "logme"]},
        "studies": {
            "similarity": {
                "factors": {"models": ["nano"], "tasks": TASKS, "budgets": [1, 2], "targets": TARGETS},
                "seeds": [1, 2],
                "options": {"flops": FLOPS, "measure": "logme", "overlap": True},
            },
            "typology": {
                "factors": {
                    "models": ["nano"],
                    "singles": TASKS,
                    "mixtures": ["trio"],
                    "budget": [2],
                    "targets": TARGETS,
                },
                "seeds": [1, 2],
                "options": {"flops": FLOPS, "data_complete": False, "overlap": True},
            },
        },
    }
    (tree.root / CONFIG).write_text(yaml.safe_dump(config))


def test_both_studies_share_their_runs(tree):
    configure(tree)
    alone = tree.jobs("study_similarity", *STUDY)
    assert alone["measure_similarity"] == 2
    assert alone["train_intermediate"] == 3 * 2 * 2
    assert alone["analyse_similarity"] == 1
    assert alone["finetune_target"] == 7 * 2 * 3  # none and six sources, two seeds, three training tasks
    typology = tree.jobs("study_typology", *STUDY)
    assert typology["train_intermediate"] == 4 * 2
    assert "measure_similarity" not in typology
    both = tree.jobs("study_similarity", "study_typology", *STUDY)
    assert both["train_intermediate"] == alone["train_intermediate"] + 2  # the mixture alone is new


def test_the_dry_run_tells_what_a_study_could_find(tree):
    configure(tree)
    printed = tree.run("--dry-run", "study_similarity", "study_typology", *STUDY)
    assert "Primary contrast: similarity_by_budget" in printed
    assert "Primary contrast: multi_by_distance" in printed
    assert printed.count("Minimum detectable effect") == 2
