r"""Measure how similar the sources of a study are to its targets.

    python -m workflow.scripts.measure_similarity --spec '{...}' --model tiny --seed 1 \
        --card reference/task_attributes.yaml --tokens tokens/sub/mnli/train.arrow … --encoder models/tiny/run.json \
        --source-runs intermediate/tiny/mnli/seed1/run.json … --target-runs finetuned/tiny/none/seed1/pawsx/run.json … \
        --out similarities/tiny/seed1.parquet

inputs   the card of tasks, token files, and what the measures of the specification need (`similarities.measures`)
outputs  one row for each measure, source and target: similarity (higher is more similar, null where a measure is not
         defined), and the operations spent on the source for all targets, and on the target for all sources
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workflow.scripts import task_taxonomy
from workflow.scripts.arguments import add_device_arguments, add_log_argument
from workflow.scripts.config_schema import defaults
from workflow.scripts.devices import select_device
from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Features
from workflow.scripts.files import write_table
from workflow.scripts.logs import configure, run
from workflow.scripts.modeling.checkpoints import load_encoder
from workflow.scripts.runspec import decode
from workflow.scripts.similarities import pairs
from workflow.scripts.similarities.pairs import Found, Material

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("model", "measure", "source", "target")),
        ("seed", pa.int64()),
        *((name, pa.float64()) for name in ("similarity", "source_flops", "target_flops")),
    ]
)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--model", required=True, help="value of the wildcard {model}")
    parser.add_argument("--seed", type=int, required=True, help="value of the wildcard {seed}")
    parser.add_argument("--card", type=Path, default=task_taxonomy.CARD, help="what is known of the tasks (YAML)")
    parser.add_argument("--tokens", type=Path, nargs="*", default=[], help="token files …/{task}/{split}.arrow")
    parser.add_argument("--encoder", type=Path, nargs="*", default=[], help="run card of the pretrained encoder")
    parser.add_argument("--source-runs", type=Path, nargs="*", default=[], help="…/{source}/seed{seed}/run.json")
    parser.add_argument("--target-runs", type=Path, nargs="*", default=[], help="…/{training task}/run.json")
    parser.add_argument("--sentence-run", type=Path, nargs="*", default=[], help="run card of the sentence encoder")
    parser.add_argument("--sentence-tokens", type=Path, nargs="*", default=[], help="token files for it")
    parser.add_argument("--out", type=Path, required=True, help="table to write (Parquet)")
    add_device_arguments(parser)
    add_log_argument(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    options = parse_arguments(argv)
    log = configure(options.log, f"similarity {options.model} (seed {options.seed})")
    spec = decode(options.spec, defaults("similarity"))
    device = select_device(options.gpus)
    names = ("sources", "targets", "examples", "fisher_examples", "fisher")
    material = Material(
        **{name: spec[name] for name in names},
        tokens=_features(options.tokens),
        source_folders={path.parents[1].name: path.parent for path in options.source_runs},
        target_folders={path.parent.name: path.parent for path in options.target_runs},
        device=device,
        budget=options.micro_batch_tokens,
    )
    found: dict[str, Found] = {}
    for measure in spec["measures"]:
        if measure not in found:
            found |= measure_pairs(measure, material, options)
            log.info("%s measured", measure)
    rows = [row for measure in spec["measures"] for row in _rows(measure, found[measure], spec, options)]
    write_table(options.out, pa.Table.from_pylist(rows, schema=SCHEMA))
    missing = sorted({row["measure"] for row in rows if row["similarity"] is None})
    log.info("%d similarities; not defined for all pairs: %s", len(rows), ", ".join(missing) or "none")
    return 0


def _features(paths: Sequence[Path]) -> dict[str, Features]:
    return {path.parent.name: Features(path) for path in paths}


def measure_pairs(measure: str, material: Material, options: argparse.Namespace) -> dict[str, Found]:
    """Return one measure, or several that come from the same computation, by name.

    Raises:
        UserError: a file that the measure needs was not given.
    """
    if measure in task_taxonomy.KINDS:
        card, found = task_taxonomy.read_card(options.card), material.found()
        for i, tasks in enumerate(material.sources.values()):
            found.values[i] = [task_taxonomy.similarity(card, measure, tasks, target) for target in material.targets]
        return {measure: found}
    if measure == "size":
        return {measure: pairs.size_of_sources(material)}
    if measure == "sentence_embedding":
        encoder = load_encoder(_given(options.sentence_run, "--sentence-run", measure))
        others = vars(material) | {"tokens": _features(options.sentence_tokens)}
        return {measure: pairs.text_similarities(Material(**others), encoder)}
    if measure == "text_embedding":
        encoder = load_encoder(_given(options.encoder, "--encoder", measure))
        return {measure: pairs.text_similarities(material, encoder)}
    _given(options.source_runs, "--source-runs", measure)
    if measure == "logme":
        return {measure: pairs.logme_similarities(material)}
    if measure == "task_vectors":
        encoder = load_encoder(_given(options.encoder, "--encoder", measure))
        return {measure: pairs.vector_similarities(material, encoder)}
    return pairs.task_similarities(material)


def _given(paths: Sequence[Path], argument: str, measure: str) -> Path:
    """Return the folder of the first of some run cards."""
    if not paths:
        raise UserError(f"the measure {measure} needs a model; expected a run card with {argument}")
    return paths[0].parent


def _rows(measure: str, found: Found, spec: Mapping[str, Any], options: argparse.Namespace) -> list[dict[str, Any]]:
    return [
        {
            "model": options.model,
            "seed": options.seed,
            "measure": measure,
            "source": source,
            "target": target,
            "similarity": float(found.values[i, j]) if np.isfinite(found.values[i, j]) else None,
            "source_flops": float(found.source_flops[i]),
            "target_flops": float(found.target_flops[j]),
        }
        for i, source in enumerate(spec["sources"])
        for j, target in enumerate(spec["targets"])
    ]


if __name__ == "__main__":
    sys.exit(run(main))
