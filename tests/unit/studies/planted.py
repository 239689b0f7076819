"""Studies whose scores are given, in place of what runs have measured."""

import numpy as np

from workflow.scripts.designs.design import from_facts
from workflow.scripts.reporting.scores import Language


def make_design(study, factors, mixtures=None, sizes=None, seeds=(1, 2, 3), **options):
    """Return a design with the given factors and options, the others as by default."""
    from workflow.scripts.designs.design import OPTIONS
    from workflow.scripts.designs.registry import KINDS

    mixtures = mixtures or {}
    tasks = ["mnli", "squad_v2", "ccg", "hellaswag", *mixtures]
    return from_facts(
        {
            "study": study,
            "given": {
                "factors": {"models": ["tiny"], **factors},
                "seeds": list(seeds),
                "primary": {"level": 0.05, "negligible": 0},
                "deviation": {"seeds": 1.0, "examples": 0.5},
                "options": {**OPTIONS, **KINDS[study].options, **options},
            },
            "parameters": {"tiny": 1000},
            "mixtures": mixtures,
            "batch_sizes": dict.fromkeys(tasks, 8),
            "available": {},
            "known_sources": tasks,
            "protocol": "direct",
        }
    )


def domain_design(factors, **options):
    """Return a design of the study `domain` with the mixtures that it makes."""
    from workflow.scripts.designs.domain_sources import mixtures

    made = mixtures({"factors": factors, "options": options})
    return make_design("domain", factors, {name: parts["tasks"] for name, parts in made.items()}, **options)


class PlantedRuns:
    """What `Runs` has measured, from arrays.

    Args:
        scores: by target, (arms, seeds, languages).
        languages: by target.
        facts: distance by code, or a `Language`.
        flops: operations by source.
    """

    def __init__(self, scores, languages, facts, flops=None):
        self.tables, self.languages, self.flops = scores, languages, flops or {}
        self.facts = {
            code: one if isinstance(one, Language) else Language(code, code, "Latn", code, one)
            for code, one in facts.items()
        }

    def scores(self, target):
        return self.tables[target]

    def cost(self, arm, seed):
        return {"flops": self.flops[arm.source]} if arm.source in self.flops else {}

    def replicates(self, rng, count, languages="fixed"):
        found = {}
        for target, table in self.tables.items():
            drawn = rng.integers(0, table.shape[1], (count, table.shape[1]))
            found[target] = np.stack([table[:, rows].mean(axis=1) for rows in drawn])
        return found
