"""Whether the studies keep their promises: each on simulated data with a planted effect and with none.

    python -m benchmarks.studies [--only studies_slopes] [--repetitions 400] [--seed 0]

The simulations stand in modules of their own (`studies_…`), each with `simulations(repetitions, rng)`. The last line is
one JSON object.
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.startup import device, versions
from workflow.scripts.files import commit

SIMULATIONS = ("studies_slopes", "studies_similarity", "studies_typology", "studies_domain")
"""Modules, in the order in which they are run; `studies_slopes` has duration and nli_scaling."""


def main(argv: Sequence[str] | None = None) -> int:
    """Simulate all studies, and print the JSON object."""
    parser = argparse.ArgumentParser(description="Whether the studies keep their promises.")
    parser.add_argument("--only", nargs="*", choices=SIMULATIONS, default=SIMULATIONS, help="some simulations alone")
    parser.add_argument("--repetitions", type=int, default=400, help="simulated studies per figure (default: 400)")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation (default: 0)")
    options = parser.parse_args(argv)
    start = time.process_time()
    found: dict[str, Any] = {}
    for place, name in enumerate(SIMULATIONS):
        if name in options.only:
            module = importlib.import_module(f"benchmarks.{name}")
            found[name] = module.simulations(options.repetitions, np.random.default_rng([options.seed, place]))
            print(f"{name}: {json.dumps(found[name])}", flush=True)
    found |= {
        "repetitions": options.repetitions,
        "seed": options.seed,
        "cpu_s": round(time.process_time() - start, 1),
        "versions": versions(),
        "machine": device(),
        "commit": commit(),
    }
    print(json.dumps({"benchmark": "studies", **found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
