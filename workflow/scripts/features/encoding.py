"""Encoding canonical rows as token sequences, family by family, in the layouts of the paper (facts §1b).

    classification    <s> A </s></s> B </s>, the longer segment cut at its end first
    multiple_choice   one sequence a choice: A, choice; cut at the start, so that the end of the prompt survives
    tagging           words one by one, the first sub-token stands for the word; long sentences become several sequences
    span              question (cut at `max_question_length`), context in windows that share `stride` tokens
    retrieval, mining <s> A </s>
    text              documents, two paragraphs as a pair; translations as a pair, either side first

The layout of special tokens is the tokenizer's own, so any fast tokenizer works.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Encoding, Tokenizer

from workflow.scripts.errors import UserError
from workflow.scripts.features.store import TokenIds
from workflow.scripts.tasks import Family

Columns = dict[str, list[Any]]
Rows = Mapping[str, list[Any]]

CHUNK = 1000
"""Examples encoded at once: long enough to be quick, short enough to stay small in memory."""

MASK_TOKENS = ("<mask>", "[MASK]")
PAD_TOKENS = ("<pad>", "[PAD]")


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

    Raises:
        UserError: the tokenizer file is missing or has no padding token.
    """

    def __init__(self, path: Path, lengths: Lengths, labels: tuple[str, ...]) -> None:
        if not path.is_file():
            raise UserError(f"{path} is missing; expected the tokenizer.json of a fast tokenizer")
        self.tokenizer = Tokenizer.from_file(str(path))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.lengths = lengths
        self.label_ids = {name: index for index, name in enumerate(labels)}
        self.prefix, self.suffix = self._frame()

    def _frame(self) -> tuple[list[int], list[int]]:
        """Return the special tokens before and after a single segment."""
        encoding = self.tokenizer.encode("a")
        kept = [index for index, special in enumerate(encoding.special_tokens_mask) if not special]
        return encoding.ids[: kept[0]], encoding.ids[kept[-1] + 1 :]

    def token_ids(self) -> TokenIds:
        """Return the ids that training needs."""
        pad = next(
            (
                self.tokenizer.token_to_id(token)
                for token in PAD_TOKENS
                if self.tokenizer.token_to_id(token) is not None
            ),
            None,
        )
        if pad is None:
            raise UserError(f"the tokenizer has no padding token; expected one of {', '.join(PAD_TOKENS)}")
        masks = [self.tokenizer.token_to_id(token) for token in MASK_TOKENS]
        special = sorted(index for index, token in self.tokenizer.get_added_tokens_decoder().items() if token.special)
        mask = next((index for index in masks if index is not None), None)
        return TokenIds(self.tokenizer.get_vocab_size(), pad, mask, tuple(special))

    def encode(self, family: Family, rows: Rows) -> Columns:
        """Encode the canonical rows of one task and split; see `store` for the columns returned."""
        encoders: dict[Family, Callable[[Rows], Columns]] = {
            Family.CLASSIFICATION: self._classification,
            Family.MULTIPLE_CHOICE: self._multiple_choice,
            Family.TAGGING: self._tagging,
            Family.SPAN: self._span,
            Family.RETRIEVAL: self._retrieval,
            Family.MINING: self._mining,
            Family.TEXT: self._text,
        }
        return encoders[family](rows)

    def _batches(self, inputs: list[Any], **options: Any) -> Iterable[Encoding]:
        for start in range(0, len(inputs), CHUNK):
            yield from self.tokenizer.encode_batch(inputs[start : start + CHUNK], **options)

    def _truncate(self, direction: str = "right") -> None:
        self.tokenizer.enable_truncation(self.lengths.max_length, strategy="longest_first", direction=direction)

    def _classification(self, rows: Rows) -> Columns:
        self._truncate()
        inputs = [a if b is None else (a, b) for a, b in zip(rows["text_a"], rows["text_b"], strict=True)]
        return {
            "example": list(range(len(inputs))),
            "input_ids": [encoding.ids for encoding in self._batches(inputs)],
            "label": [self.label_ids[label] for label in rows["label"]],
        }

    def _multiple_choice(self, rows: Rows) -> Columns:
        self._truncate(direction="left")
        inputs, example, label = [], [], []
        for index, (text, choices, right) in enumerate(
            zip(rows["text_a"], rows["choices"], rows["label"], strict=True)
        ):
            inputs += [(text, choice) for choice in choices]
            example += [index] * len(choices)
            label += [right] * len(choices)
        return {"example": example, "input_ids": [encoding.ids for encoding in self._batches(inputs)], "label": label}

    def _tagging(self, rows: Rows) -> Columns:
        columns: Columns = {"example": [], "input_ids": [], "positions": [], "labels": []}
        unknown = self.tokenizer.token_to_id("<unk>") or self.tokenizer.token_to_id("[UNK]") or 0
        room = self.lengths.max_length - len(self.prefix) - len(self.suffix)
        encodings = self._batches(rows["tokens"], is_pretokenized=True, add_special_tokens=False)
        for index, (encoding, tags) in enumerate(zip(encodings, rows["tags"], strict=True)):
            words: list[list[int]] = [[] for _ in tags]
            for token, word in zip(encoding.ids, encoding.word_ids, strict=True):
                if word is not None:
                    words[word].append(token)
            labels = [self.label_ids.get(tag, -1) for tag in tags]
            self._add_sentence(columns, index, [(word or [unknown])[:room] for word in words], labels, room)
        return columns

    def _add_sentence(self, columns: Columns, index: int, words: list[list[int]], labels: list[int], room: int) -> None:
        """Append a sentence as one or more sequences, cut between words (XTREME splits long sentences likewise)."""
        first, used = 0, 0
        for last in range(1, len(words) + 1):
            used += len(words[last - 1])
            if last < len(words) and used + len(words[last]) <= room:
                continue
            ids, positions = list(self.prefix), []
            for word in words[first:last]:
                positions.append(len(ids))
                ids += word
            columns["example"].append(index)
            columns["input_ids"].append(ids + self.suffix)
            columns["positions"].append(positions)
            columns["labels"].append(labels[first:last])
            first, used = last, 0

    def _span(self, rows: Rows) -> Columns:
        columns: Columns = {name: [] for name in ("example", "input_ids", "start", "end", "context", "offsets")}
        questions = [self._cut(question) for question in rows["question"]]
        self.tokenizer.enable_truncation(self.lengths.max_length, stride=self.lengths.stride, strategy="only_second")
        pairs = list(zip(questions, rows["context"], strict=True))
        for index, encoding in enumerate(self._batches(pairs)):
            answers = rows["answers"][index]
            for window in (encoding, *encoding.overflowing):
                self._add_window(columns, index, window, answers[0] if answers else None)
        return columns

    def _cut(self, question: str) -> str:
        """Return a question without what lies beyond `max_question_length` tokens."""
        encoding = self.tokenizer.encode(question, add_special_tokens=False)
        if len(encoding.ids) <= self.lengths.max_question_length:
            return question
        return question[: encoding.offsets[self.lengths.max_question_length - 1][1]]

    @staticmethod
    def _add_window(columns: Columns, index: int, window: Encoding, answer: Mapping[str, Any] | None) -> None:
        """Append one window; the training answer is the first gold one, as in the SQuAD baselines."""
        inside = [token for token, sequence in enumerate(window.sequence_ids) if sequence == 1]
        first, last = (inside[0], inside[-1]) if inside else (0, -1)
        offsets = window.offsets[first : last + 1]
        start = end = 0
        if answer is not None:
            begin, past = answer["start"], answer["start"] + len(answer["text"])
            covering = [first + token for token, (left, right) in enumerate(offsets) if left < past and right > begin]
            if covering and offsets[0][0] <= begin and offsets[-1][1] >= past:
                start, end = covering[0], covering[-1]
        columns["example"].append(index)
        columns["input_ids"].append(window.ids)
        columns["start"].append(start)
        columns["end"].append(end)
        columns["context"].append(first)
        columns["offsets"].append([bound for offset in offsets for bound in offset])

    def _retrieval(self, rows: Rows) -> Columns:
        self._truncate()
        count = len(rows["text_a"])
        inputs = [*rows["text_a"], *rows["text_b"]]
        return {
            "example": [*range(count), *range(count)],
            "input_ids": [encoding.ids for encoding in self._batches(inputs)],
            "side": [0] * count + [1] * count,
        }

    def _mining(self, rows: Rows) -> Columns:
        self._truncate()
        return {
            "example": list(range(len(rows["text_a"]))),
            "input_ids": [encoding.ids for encoding in self._batches(rows["text_a"])],
            "side": [int(side == "english") for side in rows["side"]],
        }

    def _text(self, rows: Rows) -> Columns:
        columns: Columns = {"example": [], "input_ids": []}
        for index, (text, other) in enumerate(zip(rows["text_a"], rows["text_b"], strict=True)):
            # either side of a translation can come first, so that no place in a sequence belongs to English
            pair = (text, other) if index % 2 else (other, text)
            sequences = self._document(text) if other is None else [self._pair(*pair)]
            columns["example"] += [index] * len(sequences)
            columns["input_ids"] += sequences
        return columns

    def _pair(self, first: str, second: str) -> list[int]:
        """Return two segments as one sequence, cut if they are too long."""
        self._truncate()
        ids: list[int] = self.tokenizer.encode(first, second).ids
        return ids

    def _document(self, text: str) -> list[list[int]]:
        """Return a document: two neighbouring paragraphs as a pair of segments where they fit, else in full pieces.

        XLM-R's pretraining separates texts within a sequence likewise; an encoder that has never seen two segments of
        one language cannot be expected to compare them.
        """
        paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
        sequences, first = [], 0
        room = self.lengths.max_length - len(self.prefix) - len(self.suffix)
        self.tokenizer.no_truncation()
        while first < len(paragraphs):
            second = paragraphs[first + 1] if first + 1 < len(paragraphs) else None
            pair = self.tokenizer.encode(paragraphs[first], second).ids
            if len(pair) <= self.lengths.max_length:
                sequences.append(pair)
                first += 2
                continue
            ids = self.tokenizer.encode(paragraphs[first], add_special_tokens=False).ids
            pieces = (ids[start : start + room] for start in range(0, len(ids), room))
            sequences += [[*self.prefix, *piece, *self.suffix] for piece in pieces]
            first += 1
        return sequences
