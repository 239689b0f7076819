"""Windows of long contexts, and where the answers are in them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Integers, Ragged

Array = np.ndarray[Any, Any]


def as_numbers(array: pa.Array) -> Array:
    """Return an Arrow array without nulls as a numpy array."""
    numbers: Array = array.to_numpy(zero_copy_only=False)
    return numbers


def cut_windows(lengths: Integers, room: Integers, stride: int) -> tuple[Integers, Integers]:
    """Return the context and the first token of every window, shapes (windows,).

    Args:
        lengths: tokens of each context, (contexts,).
        room: tokens that a window of each context can have, (contexts,).
        stride: tokens that neighbouring windows share.

    Raises:
        UserError: a context that needs several windows has windows of no more than `stride` tokens.
    """
    step = room - stride
    if (narrow := (step < 1) & (lengths > room)).any():
        raise UserError(
            f"beside a question there is room for {room[narrow].min()} tokens of the context, which must be more than "
            f"the stride, {stride}; raise tokenization.max_length, or lower max_question_length or stride"
        )
    step = np.maximum(step, 1)
    counts = 1 + np.maximum(0, -((room - lengths) // step))
    context = np.repeat(np.arange(len(lengths)), counts)
    number = np.arange(len(context)) - np.repeat(np.cumsum(counts) - counts, counts)
    return context, number * step[context]


def first_answers(answers: pa.Array) -> Array:
    """Return first and past-last character of the first answer of every row, -1 where there is none, shape (rows, 2).

    The first gold answer is the one that is trained on, as in the SQuAD baselines.
    """
    counts = as_numbers(pc.list_value_length(answers).fill_null(0))
    found = np.full((len(counts), 2), -1, dtype=np.int64)
    flat, first = answers.flatten(), (np.cumsum(counts) - counts)[counts > 0]
    starts, lengths = pc.struct_field(flat, "start"), pc.utf8_length(pc.struct_field(flat, "text"))
    found[counts > 0, 0] = as_numbers(starts)[first]
    found[counts > 0, 1] = as_numbers(pc.add(starts, lengths))[first]
    return found


def answer_tokens(offsets: Ragged, answers: Array, first: Array, last: Array) -> tuple[Integers, Integers]:
    """Return the first and last token of the answer in every window, -1 where it is not, or not all of it.

    Args:
        offsets: first and past-last character of the tokens of each window, values of shape (tokens, 2).
        answers: first and past-last character of the answer, shape (windows, 2).
        first: whether a window is the first of its context; what stands before its first token has no tokens.
        last: whether a window is the last of its context.
    """
    window = np.repeat(np.arange(len(answers)), offsets.lengths)
    left, right = offsets.values.T
    hits = np.flatnonzero((left < answers[window, 1]) & (right > answers[window, 0]))
    found, index, counts = np.unique(window[hits], return_index=True, return_counts=True)
    begins = first[found] | (left[offsets.bounds[found]] <= answers[found, 0])
    ends = last[found] | (right[offsets.bounds[found + 1] - 1] >= answers[found, 1])
    tokens = np.full((2, len(answers)), -1, dtype=np.int64)
    tokens[0, found] = hits[index] - offsets.bounds[found]
    tokens[1, found] = hits[index + counts - 1] - offsets.bounds[found]
    tokens[:, found[~(begins & ends)]] = -1
    return tokens[0], tokens[1]
