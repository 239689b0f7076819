"""Similarities beside a finished study: they train nothing again."""

import csv

import yaml

CONFIG = "tests/config/similar.yaml"
MEASURES = ["attributes", "text_embedding", "task_embedding", "logme", "task_vectors", "size"]


def test_a_finished_study_needs_the_similarities_alone(smoke):
    config = yaml.safe_load((smoke.root / "tests/config/smoke.yaml").read_text())
    config["similarity"] = {
        "sources": ["mnli", "multi"],
        "targets": ["pawsx", "udpos", "tatoeba"],
        "measures": MEASURES,
        "examples": 10,
        "fisher_examples": 4,
    }
    (smoke.root / CONFIG).write_text(yaml.safe_dump(config))
    study = ("--configfile", CONFIG, "--cores", "2", "similarities")
    assert smoke.jobs(*study) == {"measure_similarity": 1, "tabulate_similarity": 1, "similarities": 1, "total": 3}
    smoke.run(*study)
    with (smoke.root / "results/smoke/tables/similarity.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(MEASURES) * 2 * 3
    undefined = {(row["measure"], row["target"]) for row in rows if not row["similarity"]}
    assert undefined == {(name, "tatoeba") for name in ("task_embedding", "logme", "task_vectors")}
    assert smoke.jobs(*study) == {}
