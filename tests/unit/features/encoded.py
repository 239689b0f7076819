"""From plain rows to the columns of their sequences as lists."""

import numpy as np

from workflow.scripts.features.encoding import INPUTS, Encoder, Lengths
from workflow.scripts.features.store import Ragged
from workflow.scripts.sources.canonical import to_table


def encode(path, family, rows, labels=(), languages=(), batch=1000, **lengths):
    """Return the columns of the sequences of rows (dictionaries), encoded `batch` rows at a time."""
    chosen = Lengths(**({"max_length": 32, "max_question_length": 8, "stride": 8} | lengths))
    table = to_table(family, [{"language": "en", **row} for row in rows]).select(INPUTS[family])
    columns = {}
    for chunk in Encoder(path, chosen, tuple(labels), languages).encode(family, table.to_batches(batch)):
        for name, values in chunk.items():
            ragged = isinstance(values, Ragged)
            rows = [values[row].tolist() for row in range(len(values))] if ragged else np.asarray(values).tolist()
            columns.setdefault(name, []).extend(rows)
    return columns
