"""Encoding canonical rows as token sequences, family by family, in the layouts of the paper (facts §1b).

    classification    <s> A </s></s> B </s>, the longer segment cut at its end first
    multiple_choice   one sequence a choice: A, choice; cut at the start, so that the end of the prompt survives
    tagging           words one by one, whose first (decoders: last) sub-token stands for them; long sentences are cut
    span              question (cut at `max_question_length`), context in windows that share `stride` tokens
    retrieval, mining <s> A </s>
    ranking           <s> A </s>: queries of `max_question_length` tokens at most, special ones counted, and candidates
    text              documents, two paragraphs as a pair; translations as a pair, either side first

The layout of special tokens is the tokenizer's own, so any fast tokenizer works. Columns: see `store`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.features.relevance import Relevance, find_relevance
from workflow.scripts.features.segments import Segmenter, Slices, longest_first, shorten, take
from workflow.scripts.features.store import Integers, Ragged, TokenIds
from workflow.scripts.features.windows import answer_tokens, as_numbers, cut_windows, first_answers
from workflow.scripts.tasks import Family
from workflow.scripts.tasks.ranking_schemas import CANDIDATE

Columns = dict[str, Any]
Array = np.ndarray[Any, Any]

INPUTS: Mapping[Family, tuple[str, ...]] = {
    Family.CLASSIFICATION: ("text_a", "text_b", "label"),
    Family.MULTIPLE_CHOICE: ("text_a", "choices", "label"),
    Family.TAGGING: ("tokens", "tags"),
    Family.SPAN: ("context", "question", "answers"),
    Family.RETRIEVAL: ("text_a", "text_b"),
    Family.MINING: ("side", "text_a"),
    Family.RANKING: ("side", "text_a", "text_b", "gold"),
    Family.TEXT: ("language", "text_a", "text_b"),
}
"""The canonical columns that are read."""


@dataclass(frozen=True)
class Lengths:
    """Lengths in tokens at which sequences are cut."""

    max_length: int
    max_question_length: int
    stride: int


class Encoder:
    """A fast tokenizer with the lengths and labels of one task.

    Args:
        path: a `tokenizer.json`.
        lengths: where sequences are cut.
        labels: label names in the order of the head's outputs.
        languages: codes of the languages of plain text.
        decoder: whether a decoder reads the sequences (`Segmenter`), which knows a word at its last sub-token.

    Raises:
        UserError: the tokenizer file is missing, or its special tokens alone are longer than a sequence may be.
    """

    def __init__(
        self,
        path: Path,
        lengths: Lengths,
        labels: tuple[str, ...],
        languages: tuple[str, ...] = (),
        decoder: bool = False,
    ) -> None:
        self.segmenter = Segmenter(path, decoder=decoder)
        self.lengths, self.labels, self.languages, self.decoder = lengths, labels, languages, decoder
        self.room = lengths.max_length - self.segmenter.single.size
        self.pair_room = lengths.max_length - self.segmenter.pair.size
        if self.pair_room < 1:
            raise UserError(
                f"max_length {lengths.max_length} leaves no room for text: the tokenizer adds "
                f"{self.segmenter.pair.size} special tokens to a pair; raise tokenization.max_length"
            )

    def token_ids(self) -> TokenIds:
        """Return the ids that training needs (errors as `Segmenter.token_ids`)."""
        return self.segmenter.token_ids()

    def encode(self, family: Family, rows: Iterable[pa.RecordBatch]) -> Iterator[Columns]:
        """Yield the columns of the sequences of each batch of canonical rows, see `store`.

        Args:
            family: the task's family.
            rows: batches with the columns `INPUTS[family]`, of one split; retrieval and ranking read them twice.

        Raises:
            UserError: a label outside the task's, or lengths that leave too little room for a context.
        """
        passes: Mapping[Family, tuple[Callable[[pa.RecordBatch, int], Columns], ...]] = {
            Family.CLASSIFICATION: (self._classification,),
            Family.MULTIPLE_CHOICE: (self._multiple_choice,),
            Family.TAGGING: (self._tagging,),
            Family.SPAN: (self._span,),
            Family.RETRIEVAL: (
                lambda batch, first: self._side(batch["text_a"], first, 0),
                lambda batch, first: self._side(batch["text_b"], first, 1),
            ),
            Family.MINING: (
                lambda batch, first: self._side(batch["text_a"], first, as_numbers(pc.equal(batch["side"], "english"))),
            ),
            Family.TEXT: (self._text,),
        }
        if family is Family.RANKING:
            relevance = find_relevance((batch["side"], batch["gold"]) for batch in rows)
            passes = {family: (lambda batch, first: self._ranking(batch, first, relevance),)}
        for encode in passes[family]:
            first = 0
            for batch in rows:
                yield encode(batch, first)
                first += batch.num_rows

    def _classification(self, batch: pa.RecordBatch, first: int) -> Columns:
        count = batch.num_rows
        values, both = self.segmenter.encode(pa.concat_arrays([batch["text_a"], batch["text_b"]]))
        pair = as_numbers(batch["text_b"].is_valid())
        sequences = self._sequences(values, both.at(slice(0, count)), both.at(slice(count, None)), pair)
        return {"example": first + np.arange(count), **sequences, "label": self._label_ids(batch["label"])}

    def _label_ids(self, labels: pa.Array) -> Integers:
        found = as_numbers(pc.index_in(labels, pa.array(self.labels, pa.string())).fill_null(-1))
        if len(found) and found.min() < 0:
            label = labels[int(found.argmin())].as_py()
            raise UserError(
                f"label '{label}' is none of {', '.join(self.labels)}; prepare the data again."
                f"{nearest(label, self.labels)}"
            )
        return found

    def _multiple_choice(self, batch: pa.RecordBatch, first: int) -> Columns:
        counts = as_numbers(pc.list_value_length(batch["choices"]))
        row = np.repeat(np.arange(batch.num_rows), counts)
        values, both = self.segmenter.encode(pa.concat_arrays([batch["text_a"], batch["choices"].flatten()]))
        prompts, choices = both.at(row), both.at(slice(batch.num_rows, None))
        sequences = self._sequences(values, prompts, choices, np.ones(len(row), dtype=np.bool_), keep_end=True)
        return {"example": first + row, **sequences, "label": as_numbers(batch["label"])[row]}

    def _side(self, texts: pa.Array, first: int, side: Any) -> Columns:
        values, pieces = self.segmenter.encode(texts)
        example = first + np.arange(len(texts))
        return {"example": example, **self._sequences(values, pieces), "side": np.broadcast_to(side, len(texts))}

    def _ranking(self, batch: pa.RecordBatch, first: int, relevance: Relevance) -> Columns:
        """Return queries and candidates; a candidate's context follows its text without a space (as in XTREME-R)."""
        candidate = as_numbers(pc.equal(batch["side"], CANDIDATE))
        texts = pc.binary_join_element_wise(batch["text_a"], batch["text_b"], "", null_handling="skip")
        values, pieces = self.segmenter.encode(pc.replace_substring(texts, "\n", ""))
        query_room = min(self.lengths.max_question_length, self.lengths.max_length) - self.segmenter.single.size
        if query_room < 1:
            raise UserError(
                f"max_question_length {self.lengths.max_question_length} leaves no room for a query: the tokenizer "
                f"adds {self.segmenter.single.size} special tokens; raise tokenization.max_question_length"
            )
        example = first + np.arange(batch.num_rows)
        sequences = self.segmenter.join(values, shorten(pieces, np.where(candidate, self.room, query_room)))
        partner, group = relevance.partner[example], relevance.group[example]
        return {"example": example, **sequences, "side": candidate, "partner": partner, "group": group}

    def _sequences(
        self,
        values: Integers,
        first: Slices,
        second: Slices | None = None,
        pair: Array | None = None,
        *,
        keep_end: bool = False,
    ) -> Columns:
        """Return sequences of one or, where `pair` says so, two segments, cut to the longest length."""
        if second is None or pair is None:
            return self.segmenter.join(values, shorten(first, self.room, keep_end=keep_end))
        room = np.where(pair, self.pair_room, self.room)
        second = Slices(second.starts, np.where(pair, second.lengths, 0))
        return self.segmenter.join(values, *longest_first(first, second, room, keep_end=keep_end), pair)

    def _tagging(self, batch: pa.RecordBatch, first: int) -> Columns:
        """Return words one by one, whose tokens do not depend on their neighbours.

        A word without tokens becomes one unknown token, one that is longer than a sequence is cut. (jiant has one
        unknown token for words of more than 100 tokens, too; XTREME drops words without tokens, and their tags.)
        """
        values, words = self.segmenter.encode(batch["tokens"].flatten())
        starts, lengths = words
        if len(lengths) and lengths.min() == 0:
            starts = np.where(lengths == 0, len(values), starts)
            values = np.append(values, np.int32(self.segmenter.unknown))
        lengths = np.clip(lengths, 1, self.room)
        sentences = np.concatenate([[0], np.cumsum(as_numbers(pc.list_value_length(batch["tokens"])))])
        tokens = np.concatenate([[0], np.cumsum(lengths)])
        begins = self._beginnings(sentences, tokens)
        bounds = np.append(begins, len(lengths))
        pieces = Slices(tokens[begins], np.diff(tokens[bounds]))
        standing = tokens[1:] - 1 if self.decoder else tokens[:-1]
        positions = standing - np.repeat(tokens[begins], np.diff(bounds)) + len(self.segmenter.single.prefix)
        labels = pc.index_in(batch["tags"].flatten(), pa.array(self.labels, pa.string())).fill_null(-1)
        return {
            "example": first + np.searchsorted(sentences, begins, side="right") - 1,
            **self.segmenter.join(take(values, Slices(starts, lengths)), pieces),
            "positions": Ragged(positions, bounds),
            "labels": Ragged(as_numbers(labels), bounds),
        }

    def _beginnings(self, sentences: Integers, tokens: Integers) -> Integers:
        """Return the first word of every sequence: sentences are cut between words (as XTREME splits long ones).

        Args:
            sentences: first word of every sentence, and the number of words, shape (sentences + 1,).
            tokens: first token of every word, and the number of tokens, shape (words + 1,).
        """
        begins = [sentences[:-1][np.diff(sentences) > 0]]
        for sentence in np.flatnonzero(np.diff(tokens[sentences]) > self.room):
            word, past = sentences[sentence], sentences[sentence + 1]
            while tokens[past] - tokens[word] > self.room:
                word = np.searchsorted(tokens, tokens[word] + self.room, side="right") - 1
                begins.append(np.array([word]))
        return np.sort(np.concatenate(begins))

    def _span(self, batch: pa.RecordBatch, first: int) -> Columns:
        question_values, questions = self.segmenter.encode(batch["question"])
        questions = shorten(questions, self.lengths.max_question_length)
        values, offsets, contexts = self.segmenter.encode_with_offsets(batch["context"])
        room = self.pair_room - questions.lengths
        example, begins = cut_windows(contexts.lengths, room, self.lengths.stride)
        lengths = np.minimum(room[example], contexts.lengths[example] - begins)
        windows = Slices(contexts.starts[example] + begins, lengths)
        context = len(self.segmenter.pair.prefix) + questions.lengths[example] + len(self.segmenter.pair.middle)
        inside = Ragged.of_lengths(take(offsets.reshape(-1, 2), windows), lengths)
        last = begins + lengths == contexts.lengths[example]
        start, end = answer_tokens(inside, first_answers(batch["answers"])[example], begins == 0, last)
        second = Slices(windows.starts + len(question_values), lengths)
        pair = np.ones(len(example), dtype=np.bool_)
        return {
            "example": first + example,
            **self.segmenter.join(np.concatenate([question_values, values]), questions.at(example), second, pair),
            "start": np.where(start < 0, 0, context + start),
            "end": np.where(start < 0, 0, context + end),
            "context": np.where(lengths > 0, context, 0),
            "offsets": Ragged(inside.values.ravel(), 2 * inside.bounds),
        }

    def _text(self, batch: pa.RecordBatch, first: int) -> Columns:
        """Return documents and translations.

        Two neighbouring paragraphs of a document are a pair of segments where they fit, else there are full pieces of
        the first. XLM-R's pretraining separates texts within a sequence likewise; an encoder that has never seen two
        segments of one language cannot be expected to compare them.
        """
        translated = batch["text_b"].is_valid().to_pylist()
        texts: list[str] = []
        bounds = [0]
        for number, (text, other) in enumerate(
            zip(batch["text_a"].to_pylist(), batch["text_b"].to_pylist(), strict=True)
        ):
            if translated[number]:
                # either side can come first, so that no place in a sequence belongs to English
                texts += (text, other) if (first + number) % 2 else (other, text)
            else:
                texts += [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
            bounds.append(len(texts))
        values, pieces = self.segmenter.encode(pa.array(texts, pa.string()))
        plan: list[tuple[int, int, int, int, int]] = []
        lengths = pieces.lengths.tolist()
        for row, whole in enumerate(translated):
            if whole:
                plan.append((row, bounds[row], 0, lengths[bounds[row]], bounds[row] + 1))
            else:
                plan += self._document(row, bounds[row], bounds[row + 1], lengths)
        rows, text, start, length, other = np.array(plan, dtype=np.int64).reshape(-1, 5).T
        sequences = self._sequences(values, Slices(pieces.starts[text] + start, length), pieces.at(other), other >= 0)
        languages = pc.index_in(batch["language"], pa.array(self.languages, pa.string())).fill_null(-1)
        return {"example": first + rows, **sequences, "language": as_numbers(languages)[rows]}

    def _document(
        self, row: int, paragraph: int, past: int, lengths: list[int]
    ) -> Iterator[tuple[int, int, int, int, int]]:
        """Yield row, paragraph, first token and number of tokens, and second paragraph (-1: none) of every sequence."""
        while paragraph < past:
            length = lengths[paragraph]
            if paragraph + 1 < past and length + lengths[paragraph + 1] <= self.pair_room:
                yield row, paragraph, 0, length, paragraph + 1
                paragraph += 2
                continue
            if paragraph + 1 == past and length == 0:
                yield row, paragraph, 0, 0, -1
            for start in range(0, length, self.room):
                yield row, paragraph, start, min(self.room, length - start), -1
            paragraph += 1
