"""Measure how well an encoder still predicts masked tokens in each language of a retrieval target's sentences.

    python -m workflow.scripts.measure_perplexity --spec '{...}' --pretrained models/tiny/run.json \
        --run intermediate/tiny/mnli-s64/seed1/run.json --tokens tokens/sub/tatoeba/test.arrow \
        --data data/tatoeba/test.parquet --out perplexity/tatoeba.json

The head is that of the pretrained model: what is measured is what training on a task has done to the encoder below it.

inputs   canonical data and token file, the pretrained model, the encoder beside its run card
outputs  cross-entropy (nats per masked token) and pseudo-perplexity by language (JSON)
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workflow.scripts.arguments import add_device_arguments, add_log_argument
from workflow.scripts.decoding.perplexity import masked_losses
from workflow.scripts.devices import select_device
from workflow.scripts.features.store import Features
from workflow.scripts.files import commit, read_json, read_table, write_json
from workflow.scripts.logs import configure, run
from workflow.scripts.modeling.checkpoints import load_with_head
from workflow.scripts.modeling.conversion import language_model_head
from workflow.scripts.runspec import decode
from workflow.scripts.tasks import SOURCE_LANGUAGE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--pretrained", required=True, type=Path, help="run card of the pretrained model")
    parser.add_argument("--run", required=True, type=Path, help="run card of the encoder, in its folder")
    parser.add_argument("--data", required=True, type=Path, help="canonical data <task>/test.parquet")
    parser.add_argument("--tokens", required=True, type=Path, help="its token file")
    parser.add_argument("--out", required=True, type=Path, help="what is found, by language (JSON)")
    add_device_arguments(parser)
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, "perplexity")
    spec, features = decode(options.spec), Features(options.tokens)
    model = load_with_head(options.pretrained.parent, options.run.parent)
    sums, counts = masked_losses(
        model.base_model,
        language_model_head(model),
        features,
        select_device(options.gpus),
        masked=spec["masked"],
        seed=spec["seed"],
        precision=spec.get("precision", "fp32"),
        budget=options.micro_batch_tokens,
    )
    codes = languages(features, read_table(options.data, ["language"])["language"].to_pylist())
    found = by_language(sums, counts, codes)
    write_json(options.out, {"languages": found, "spec_hash": read_json(options.run)["spec_hash"], "commit": commit()})
    log.info("perplexity by language: %s", {code: round(one["perplexity"], 1) for code, one in found.items()})
    return 0


def languages(features: Features, of_row: Sequence[str]) -> list[str]:
    """Return the language of every sequence: that of its row, or English on the other side."""
    example, side = features.columns["example"], features.columns["side"]
    return [SOURCE_LANGUAGE if s else of_row[e] for e, s in zip(example, side, strict=True)]


def by_language(sums: np.ndarray, counts: np.ndarray, codes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return cross-entropy, pseudo-perplexity and masked tokens of each language."""
    found = {}
    for code in sorted(set(codes)):
        mine = np.array([one == code for one in codes])
        loss, tokens = float(sums[mine].sum()), int(counts[mine].sum())
        mean = loss / tokens
        found[code] = {"cross_entropy": mean, "perplexity": float(np.exp(mean)), "tokens": tokens}
    return found


if __name__ == "__main__":
    sys.exit(run(main, stage="perplexity"))
