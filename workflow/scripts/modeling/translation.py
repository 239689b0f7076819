"""Machine translation of single texts with a sequence-to-sequence checkpoint (paper §2.4: OPUS-MT)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from workflow.scripts.devices import token_budget
from workflow.scripts.errors import UserError
from workflow.scripts.modeling.weights import weight_files

ENDLESS = 1_000_000
"""Tokenizers without a limit name a number beyond this one."""


@dataclass(frozen=True)
class Translation:
    """A translated text.

    Attributes:
        text: the translation, empty where the model has given none.
        cut: whether the end of the source text did not fit into the model.
        unfinished: whether the translation reached the greatest length before its end.
    """

    text: str
    cut: bool
    unfinished: bool


class Translator:
    """A translation model.

    Args:
        folder: a checkpoint in the Hub's form, with safetensors and tokenizer.
        beams: hypotheses of the beam search, 1 = greedy. Other settings are those of the checkpoint's
            `generation_config.json`; nothing is sampled.
        device: where to compute.

    Raises:
        UserError: the folder holds no such model, or what its tokenizer needs is not installed.
    """

    def __init__(self, folder: Path, *, beams: int, device: torch.device) -> None:
        weight_files(folder)  # says what is wrong better than transformers does
        try:
            self.model = AutoModelForSeq2SeqLM.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, trust_remote_code=False
            )
            self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except ImportError as error:
            missing = str(error).split(" but it was not found")[0].strip()
            raise UserError(
                f"the tokenizer of {folder} cannot be used ({missing}); install what it needs into the environment"
            ) from error
        except (OSError, ValueError, SafetensorError) as error:
            raise UserError(f"{folder} holds no translation model that can be loaded: {error}") from error
        self.model.to(device).eval()
        self.beams = beams
        self.device = device
        limits = (getattr(self.model.config, "max_position_embeddings", None), self.tokenizer.model_max_length)
        self.longest: int | None = min((limit for limit in limits if limit and limit < ENDLESS), default=None)

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Return the translations of texts, in their order.

        Texts of similar length go through the model together; the result depends on the texts alone, but for rounding.
        """
        encoded = [self._encode(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda index: -len(encoded[index][0]))
        found: dict[int, Translation] = {}
        for batch in self._batches([len(encoded[index][0]) for index in order]):
            indices = order[batch]
            for index, (text, unfinished) in zip(
                indices, self._generate([encoded[index][0] for index in indices]), strict=True
            ):
                found[index] = Translation(text, encoded[index][1], unfinished)
        return [found[index] for index in range(len(texts))]

    def _encode(self, text: str) -> tuple[list[int], bool]:
        """Return the tokens of a text and whether they had to be cut."""
        if self.longest is None:
            return self.tokenizer(text)["input_ids"], False
        tokens: list[int] = self.tokenizer(text, truncation=True, max_length=self.longest)["input_ids"]
        # only a text of just the greatest length may have been cut
        cut = len(tokens) == self.longest and len(self.tokenizer(text, verbose=False)["input_ids"]) > self.longest
        return tokens, cut

    def _batches(self, lengths: Sequence[int]) -> Iterator[slice]:
        """Yield slices of texts, the longest first, that fit on the device together."""
        budget, start = token_budget(self.device) // self.beams, 0
        while start < len(lengths):
            count = max(1, budget // max(1, lengths[start]))
            yield slice(start, start + count)
            start += count

    @torch.inference_mode()
    def _generate(self, sequences: Sequence[list[int]]) -> list[tuple[str, bool]]:
        """Return the translations of one batch, and which of them are unfinished."""
        inputs = self.tokenizer.pad({"input_ids": list(sequences)}, return_tensors="pt").to(self.device)
        room = 2 * inputs["input_ids"].shape[1] + 32  # ample for languages alike; ends what repeats itself for ever
        room = room if self.longest is None else min(room, self.longest - 1)
        outputs = self.model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            num_beams=self.beams,
            do_sample=False,
            max_new_tokens=room,
        )
        texts = self.tokenizer.batch_decode(outputs, skip_special_tokens=True)
        ends = self._ends()
        return [
            (text.strip(), not any(token in ends for token in output[1:room].tolist()))
            for text, output in zip(texts, outputs, strict=True)
        ]

    def _ends(self) -> set[int]:
        """Return the ids of the tokens that end a text."""
        ends: Any = self.model.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends}
