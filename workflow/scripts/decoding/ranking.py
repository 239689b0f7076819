"""Ranking: vectors of queries and candidates from a dual encoder, and the candidates nearest to every query."""

from typing import Any

import numpy as np
import torch
from torch import nn

from workflow.scripts.decoding.inference import matrix
from workflow.scripts.decoding.neighbours import k_nearest
from workflow.scripts.devices import token_budget
from workflow.scripts.errors import UserError
from workflow.scripts.features.batches import micro_batches
from workflow.scripts.features.collation import collate_rows
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.decoders import copies
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.precision import choose_kernels, computing
from workflow.scripts.progress import Progress

Array = np.ndarray[Any, Any]

RANKED = 20
"""Candidates that are kept of every query's ranking: what XTREME-R scores."""


@torch.inference_mode()
def ranking_vectors(
    encoder: Any, head: nn.Module, features: Features, device: torch.device, precision: str = "fp32", budget: int = 0
) -> Array:
    """Return the unit vectors of all queries and candidates, shape (rows, D), float32.

    Args:
        encoder: a transformers encoder.
        head: the task's head.
        features: the token file.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the model at once; 0 = by device.
    """
    encoder.to(device).eval()
    head.to(device).eval()
    choose_kernels(encoder, device, precision)
    lengths = features.input_ids.lengths
    vectors = matrix(len(lengths), encoder.config.hidden_size)
    done = 0
    with Progress(len(lengths), what="sequence") as bar:
        room = (budget or token_budget(device)) // copies(encoder)
        for rows in micro_batches(np.arange(len(lengths)), lengths, room):
            batch = collate_rows(features, rows).to(device)
            with computing(device, precision):
                vectors[rows] = head(encode(encoder, batch)[0], batch).float().cpu().numpy()
            done += len(rows)
            bar.update(done, len(rows))
    return vectors


def rank(ids: list[str], sides: Array, vectors: Array, device: torch.device) -> tuple[list[list[str]], list[float]]:
    """Return for every query the ids of its nearest candidates, best first, and the cosine of the first.

    Exact; of equally near candidates the one that stands first in the file is first.

    Args:
        ids: of all rows.
        sides: 0 = query, 1 = candidate, shape (rows,).
        vectors: unit vectors, shape (rows, D).
        device: where cosines are computed.

    Raises:
        UserError: there are no queries or no candidates.
    """
    queries, candidates = np.flatnonzero(sides == 0), np.flatnonzero(sides == 1)
    if not (len(queries) and len(candidates)):
        raise UserError(
            f"there are {len(queries)} queries and {len(candidates)} candidates to rank; expected some of both: "
            "prepare the data again"
        )
    found = k_nearest(_rows(vectors, queries), _rows(vectors, candidates), RANKED, device=device)
    names = np.array(ids, dtype=object)[candidates]
    return [list(names[row]) for row in found.index], found.similarity[:, 0].astype(np.float64).tolist()


def _rows(vectors: Array, chosen: Array) -> Array:
    """Return some rows; without a copy where they follow each other."""
    if len(chosen) == chosen[-1] - chosen[0] + 1:
        return vectors[chosen[0] : chosen[-1] + 1]
    return vectors[chosen]
