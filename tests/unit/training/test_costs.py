"""Operations against PyTorch's own counter; time, memory and energy."""

import os
import time
from mmap import mmap
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModel, XLMRobertaConfig, XLMRobertaModel

from workflow.scripts.features.collation import collate, collate_masked
from workflow.scripts.features.store import Features, TokenIds
from workflow.scripts.modeling.adapters import add_adapter
from workflow.scripts.modeling.checkpoints import freeze_layers, new_masked_lm
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.heads import MaskedTokenHead, SpanHead, TaggingHead, make_head
from workflow.scripts.training.costs import (
    Meter,
    add_costs,
    head_rows,
    model_shape,
    peak_resident_bytes,
    reset_peak,
    sequence_lengths,
)

WIDTH, LAYERS, SEQUENCES, LENGTH, VOCABULARY = 16, 3, 4, 10, 60
TOKENS = TokenIds(vocabulary_size=VOCABULARY, pad=1, mask=4, special=(0, 1, 2, 3, 4))
ARCHITECTURE = {
    "hidden_size": WIDTH,
    "layers": LAYERS,
    "attention_heads": 2,
    "feed_forward_size": 40,
    "dropout": 0.0,
    "max_positions": 32,
    "initializer_range": 0.05,
}
CPU = torch.device("cpu")


@pytest.fixture
def model():
    torch.manual_seed(1)
    made = new_masked_lm(ARCHITECTURE, TOKENS)
    made.base_model.set_attn_implementation("eager")  # the counter does not see what sdpa does on a CPU
    return made


@pytest.fixture
def ids():
    return torch.randint(5, VOCABULARY, (SEQUENCES, LENGTH))


def counted(encoder, ids, head=None):
    """Return what PyTorch counts of a forward pass, and of forward and backward pass."""
    with FlopCounterMode(display=False) as counter:
        output = encoder(ids, attention_mask=torch.ones_like(ids))[0]
        (head(output) if head else output).sum().backward()
    both = counter.get_total_flops()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        output = encoder(ids, attention_mask=torch.ones_like(ids))[0]
        if head:
            head(output)
    return counter.get_total_flops(), both


LENGTHS = np.full(SEQUENCES, LENGTH)
TOKENS_IN_ALL = SEQUENCES * LENGTH


def test_operations_are_those_that_pytorch_counts(model, ids):
    shape = model_shape(model.base_model)
    forward, both = counted(model.base_model, ids)
    assert shape.forward_flops(LENGTHS) == forward
    assert shape.training_flops(LENGTHS) == both == 3 * forward


def test_masked_language_model_counts_the_vocabulary_at_masked_tokens(model, ids):
    masked = 7
    head = model.lm_head
    shape = model_shape(model.base_model, {"plain": MaskedTokenHead(head)})
    forward, both = counted(model.base_model, ids, lambda hidden: head(hidden.flatten(0, 1)[:masked]))
    assert shape.forward_flops(LENGTHS, "plain", masked) == forward
    assert shape.training_flops(LENGTHS, "plain", masked) == both
    assert shape.heads["plain"].forward == 2 * WIDTH * (WIDTH + VOCABULARY)


def test_frozen_layers_have_no_backward_pass(model, ids):
    encoder, first_products = model.base_model, 2 * 3 * WIDTH**2 * TOKENS_IN_ALL
    before = model_shape(encoder).training_flops(LENGTHS)
    freeze_layers(encoder, 2)  # embeddings and the first layer
    shape = model_shape(encoder)
    forward, both = counted(encoder, ids)
    assert shape.forward_flops(LENGTHS) == forward
    assert shape.training_flops(LENGTHS) == both + first_products
    assert shape.training_flops(LENGTHS) == pytest.approx(before * (1 + 2 * 2 / 3) / 3)


def test_weights_under_an_adapter_need_no_gradient_of_their_own(model, ids, tmp_path):
    rank = 2
    model.name_or_path = str(tmp_path)
    settings = {"rank": rank, "alpha": 4, "dropout": 0.0, "modules": ["query", "value"], "quantization": "none"}
    add_adapter(model, settings)
    forward, both = counted(model.base_model, ids)
    shape = model_shape(model.base_model)
    assert shape.forward_flops(LENGTHS) == forward
    # what reads the embeddings, which are frozen: three projections, two adapters' first halves; and the keys
    first_products = 2 * (3 * WIDTH**2 + 2 * rank * WIDTH) * TOKENS_IN_ALL + 2 * WIDTH * SEQUENCES * LENGTH**2
    assert shape.training_flops(LENGTHS) == both + first_products
    assert both < 2.5 * forward


def test_padding_costs_nothing(model, token_folder):
    features = Features(token_folder / "toy/train.arrow")
    batch = collate(features, np.arange(6))
    lengths = sequence_lengths(batch)
    assert lengths.tolist() == [len(features.input_ids[row]) for row in range(6)]
    assert len(set(lengths.tolist())) > 1
    shape = model_shape(model.base_model)
    alone = sum(shape.forward_flops(lengths[row : row + 1]) for row in range(6))
    assert shape.forward_flops(lengths) == pytest.approx(alone)
    padded, _ = counted(model.base_model, batch.tensors["input_ids"])
    assert alone < padded


def test_rows_that_heads_read(model, token_folder):
    toy, plain = (Features(token_folder / name / "train.arrow") for name in ("toy", "plain"))
    batch, masked = collate(toy, np.arange(5)), collate_masked(plain, np.arange(5), 0.3, (1, 2, 3))
    assert head_rows(batch) == 5
    assert head_rows(masked) == masked.weight > 5
    batch.tensors["start"] = batch.tensors["label"]
    assert head_rows(batch) == int(batch.tensors["attention_mask"].sum())
    heads = {"span": SpanHead(WIDTH), "tags": TaggingHead(WIDTH, 5, 0.1)}
    heads["pair"] = make_head("classification", WIDTH, 3, 0.1)
    shape = model_shape(model.base_model, heads)
    sizes = {"span": 2 * WIDTH, "tags": 5 * WIDTH, "pair": WIDTH * (WIDTH + 3)}
    assert {name: flops.forward for name, flops in shape.heads.items()} == {n: 2 * size for n, size in sizes.items()}
    hidden = encode(model.base_model, batch)[0].detach().requires_grad_()
    with FlopCounterMode(display=False) as counter:
        heads["pair"](hidden, batch).sum().backward()
    assert counter.get_total_flops() == shape.training_flops(np.array([]), "pair", 5)


SMALL = {"vocab_size": VOCABULARY, "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 4}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("llama", {"intermediate_size": 24, "num_key_value_heads": 2}),  # gated, with fewer keys than queries
        ("albert", {"intermediate_size": 24, "embedding_size": 8}),  # one layer, several times; a projection before it
        ("gpt2", {"n_inner": 24, "bos_token_id": 0, "eos_token_id": 0}),  # linear layers of its own kind
    ],
)
def test_other_architectures_are_counted_as_exactly(kind, settings, ids):
    config = AutoConfig.for_model(kind, **SMALL, **settings)
    encoder = AutoModel.from_config(config, attn_implementation="eager")
    if hasattr(encoder, "pooler"):
        encoder.pooler = None
    assert model_shape(encoder).training_flops(LENGTHS) == counted(encoder, ids)[1]


def test_a_pooler_does_not_count_and_an_unknown_model_is_not_guessed():
    config = XLMRobertaConfig(vocab_size=60, hidden_size=8, num_hidden_layers=2, num_attention_heads=2)
    with_pooler = model_shape(XLMRobertaModel(config, add_pooling_layer=True))
    assert with_pooler == model_shape(XLMRobertaModel(config, add_pooling_layer=False))
    other = torch.nn.Sequential(torch.nn.Linear(2, 2))
    other.config = config
    assert model_shape(other) is None


def resident_bytes():
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_meter_measures_this_process():
    with Meter(CPU) as meter:
        used = time.process_time()
        while time.process_time() - used < 0.05:
            pass
        first = meter.figures()
        with mmap(-1, 40 << 20) as memory:  # pages of its own, which the heap may have lying about
            memory.write(bytes(40 << 20))
            held = resident_bytes()
    figures = meter.figures()
    assert set(figures) == {"seconds", "cpu_seconds", "peak_memory_mb", "energy_joules"}
    assert figures["seconds"] >= first["seconds"]
    assert figures["cpu_seconds"] >= 0.05
    assert figures["peak_memory_mb"] >= first["peak_memory_mb"]
    assert figures["peak_memory_mb"] >= (held >> 20) - 1  # the system counts pages in batches
    assert meter.figures() == figures  # of the block, however late it is asked


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="needs Linux")  # noqa: PTH110


@needs_proc
def test_peak_of_memory_before_the_block_does_not_count():
    memory = bytearray(64 << 20)
    memory[::4096] = b"x" * len(memory[::4096])
    high = peak_resident_bytes()
    del memory
    reset_peak()
    assert peak_resident_bytes() < high - (40 << 20)


@needs_proc
def test_a_forked_process_does_not_begin_with_its_parents_peak():
    memory = bytearray(64 << 20)
    memory[::4096] = b"x" * len(memory[::4096])
    high = peak_resident_bytes()
    del memory
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, str(peak_resident_bytes()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reader, 100)) < high - (40 << 20)
    os.close(reader)
    os.close(writer)


def test_without_proc_the_systems_own_peak_is_taken(tmp_path):
    assert peak_resident_bytes(tmp_path / "absent") > 20 << 20
    reset_peak(tmp_path)  # a folder cannot be written to: nothing happens


def test_costs_of_a_resumed_run_are_added():
    earlier = {"seconds": 10.0, "cpu_seconds": 9.0, "peak_memory_mb": 700, "energy_joules": 5.0, "flops": 1e9}
    present = {"seconds": 1.0, "cpu_seconds": 1.0, "peak_memory_mb": 600, "energy_joules": 2.0, "flops": 1e9}
    assert add_costs({}, present) == present
    together = {"seconds": 11.0, "cpu_seconds": 10.0, "peak_memory_mb": 700, "energy_joules": 7.0, "flops": 2e9}
    assert add_costs(earlier, present) == together
    assert add_costs(earlier | {"energy_joules": None}, present)["energy_joules"] is None
    assert add_costs(earlier, present | {"energy_joules": None})["energy_joules"] is None
