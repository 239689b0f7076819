"""Low-rank adapters of encoders (LoRA, Hu et al. 2021), also over weights in 4 bits (QLoRA, Dettmers et al. 2023).

An adapter is a small update of some linear layers, trained in place of their weights. A checkpoint then holds the
adapter alone and names the model that it belongs to:

adapter_model.safetensors               update by layer; its header names the quantisation it was trained over
adapter_config.json                     shape of the update, path of the model it belongs to

There is no `config.json` beside them: where there is one, transformers looks for the whole model in the same folder.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import read_json, replacing, write_json

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
NAME = "default"
"""Name of the one adapter that an encoder has; files do not show it."""

_PREFIX = "base_model.model."
"""What names of weights begin with in peft's files."""

_POOLER = "pooler.dense"
"""A linear layer that `AutoModel` makes anew, with random weights; encoders of the workflow do without."""


def add_adapter(model: Any, settings: Mapping[str, Any]) -> None:
    """Put a fresh adapter on a model's encoder, with random weights from the global generator, and freeze all else.

    An adapter that the encoder has already, from intermediate training, stays and goes on being trained.

    Args:
        model: an encoder or a language model, as `load_encoder` and `load_language_model` return it.
        settings: `models.<name>.adapter` of the configuration: rank, alpha, dropout, modules, quantization.

    Raises:
        UserError: the encoder has no linear layers of these names, or it has an adapter with other settings.
    """
    encoder = model.base_model
    if has_adapter(encoder):
        _check_settings(encoder, settings)
        return
    for name in settings["modules"]:
        _check_module(encoder, name)
    from peft import LoraConfig  # here, because runs without adapters need not wait for its import

    described = LoraConfig(
        task_type="FEATURE_EXTRACTION",
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules=sorted(settings["modules"]),
        base_model_name_or_path=_from_here(Path(encoder.name_or_path)),
    )
    model.requires_grad_(False)
    _inject(encoder, described)


def has_adapter(encoder: Any) -> bool:
    """Return whether an encoder has an adapter."""
    return bool(getattr(encoder, "peft_config", None))


def is_adapter(directory: Path) -> bool:
    """Return whether a model folder holds an adapter in place of a whole model."""
    return (directory / CONFIG).is_file()


def base_directory(directory: Path) -> Path:
    """Return the folder of the model that the adapter in a folder belongs to.

    The path is relative to the folder that the study ran in. It is looked for from the present folder, which is how
    transformers reads it, and from those above the adapter.

    Raises:
        UserError: it is not there.
    """
    name = str(read_json(directory / CONFIG)["base_model_name_or_path"])
    for root in (Path(), *directory.resolve().parents):
        if (root / name / "config.json").is_file():
            return root / name
    raise UserError(
        f"{directory / CONFIG} belongs to the model {name}, which is not there; run from the folder that holds it, or "
        "put its path into 'base_model_name_or_path'"
    )


def move_to_base(directory: Path, base: Path) -> None:
    """Write into the adapter of a folder that it belongs to the model in another folder."""
    described = read_json(directory / CONFIG) | {"base_model_name_or_path": _from_here(base)}
    write_json(directory / CONFIG, dict(sorted(described.items())))


def stored_quantization(directory: Path) -> str:
    """Return how the weights under a folder's adapter were stored in training: `none` or `nf4`.

    Raises:
        UserError: the adapter cannot be read.
    """
    try:
        with safe_open(directory / WEIGHTS, framework="pt") as file:
            return str((file.metadata() or {}).get("quantization", "none"))
    except (OSError, SafetensorError) as error:
        raise UserError(_unreadable(directory, str(error))) from error


def load_adapter(encoder: Any, directory: Path) -> None:
    """Put the adapter of a folder on the encoder that it belongs to, ready to be trained on; all else is frozen.

    Raises:
        UserError: the adapter cannot be read, or is one of another encoder.
    """
    from peft import PeftConfig, set_peft_model_state_dict

    described = PeftConfig.from_pretrained(str(directory))
    described.inference_mode = False
    described.exclude_modules = None  # the pooler, which the encoder does not have
    try:
        stored = load_file(directory / WEIGHTS)
        _inject(encoder, described)
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(_unreadable(directory, str(error))) from error
    expected = {name: tensor.shape for name, tensor in _weights(encoder).items()}
    if {name: tensor.shape for name, tensor in stored.items()} != expected:
        raise UserError(
            _unreadable(directory, f"it is no adapter of {encoder.name_or_path}: names or shapes of weights differ")
        )
    set_peft_model_state_dict(encoder, {name.removeprefix(_PREFIX): tensor for name, tensor in stored.items()})


def save_adapter(directory: Path, encoder: Any) -> None:
    """Write an encoder's adapter into a folder, each file atomically.

    Args:
        directory: the folder.
        encoder: has an adapter.
    """
    described = encoder.peft_config[NAME].to_dict()
    modules = sorted(described["target_modules"])
    pooled = any(_ends_with(_POOLER, name) for name in modules)
    described |= {"target_modules": modules, "inference_mode": True, "exclude_modules": [_POOLER] if pooled else None}
    weights = {name: tensor.contiguous() for name, tensor in _weights(encoder).items()}
    with replacing(directory / WEIGHTS) as path:
        save_file(weights, path, metadata={"format": "pt", "quantization": _quantization(encoder)})
    write_json(directory / CONFIG, dict(sorted(described.items())))


def quantized_loading(quantization: str) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` that load weights in 4 bits; none for the quantization `none`.

    As in QLoRA: 4-bit NormalFloat, quantisation constants quantised too, products in bfloat16.

    Raises:
        UserError: bitsandbytes or a GPU is missing.
    """
    if quantization == "none":
        return {}
    device = _device(quantization)
    from transformers import BitsAndBytesConfig

    stored = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type=quantization,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": stored, "device_map": {"": device}}


def _device(quantization: str) -> Any:
    """Return the device that weights are quantised on.

    On CPUs too bitsandbytes stores 4 bits, but the first evaluation rearranges them so that training cannot go on.
    """
    advice = "set models.<name>.adapter.quantization to none, or precision to bf16_weights, which halves the memory"
    if find_spec("bitsandbytes") is None:
        raise UserError(
            f"quantization {quantization} needs the package bitsandbytes, which is not installed; install the version "
            f"that requirements/README.md names, or {advice}"
        )
    if not torch.cuda.is_available():
        raise UserError(f"quantization {quantization} needs a CUDA GPU, and none is visible; run on one, or {advice}")
    return torch.cuda.current_device()


def store_in_bf16(model: Any) -> None:
    """Store a model's floating-point weights in bfloat16, but for adapters, which stay in 32 bits (`bf16_weights`).

    Buffers, such as the frequencies of rotary positions, stay as they are.
    """
    for name, parameter in model.named_parameters():
        if parameter.is_floating_point() and not _is_update(name):
            parameter.data = parameter.data.to(torch.bfloat16)


def recompute_activations(encoder: Any) -> None:
    """Keep only what enters each layer of an encoder, and compute the rest again for the gradient; it is the same.

    Raises:
        UserError: the encoder is of a kind that cannot do so.
    """
    if not encoder.supports_gradient_checkpointing:
        raise UserError(f"{type(encoder).__name__} cannot recompute activations; set recompute_activations to 0")
    encoder.activation_checkpointing_enable({"use_reentrant": False})
    # transformers also asks for gradients of the embeddings' output, for the reentrant kind of recomputing; with frozen
    # lower layers that would be a backward pass through them for nothing
    encoder.disable_input_require_grads()


def _inject(encoder: Any, described: Any) -> None:
    """Put an adapter into an encoder."""
    from peft import inject_adapter_in_model

    mode = encoder.training
    encoder.requires_grad_(False)
    inject_adapter_in_model(described, encoder, NAME)
    encoder._hf_peft_config_loaded = True  # what transformers' own methods look at
    for name, parameter in encoder.named_parameters():
        if _is_update(name):  # peft gives them the type of the weights that they update
            parameter.data = parameter.data.float()
            parameter.requires_grad_(True)
    encoder.train(mode)


def _is_update(name: str) -> bool:
    """Return whether a parameter is an adapter's."""
    return ".lora_" in name


def _weights(encoder: Any) -> dict[str, Tensor]:
    """Return an adapter's weights by their names in peft's files."""
    from peft import get_peft_model_state_dict

    state = get_peft_model_state_dict(encoder, adapter_name=NAME, save_embedding_layers=False)
    return {f"{_PREFIX}{name}": tensor for name, tensor in state.items()}


def _from_here(directory: Path) -> str:
    """Return a path, relative to the present folder if it is below it."""
    path, here = directory.resolve(), Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _quantization(encoder: Any) -> str:
    return "none" if getattr(encoder.config, "quantization_config", None) is None else "nf4"


def _ends_with(name: str, ending: str) -> bool:
    return name == ending or name.endswith(f".{ending}")


def _check_module(encoder: Any, ending: str) -> None:
    """Check that a name is the end of the names of linear layers, and of those only."""
    found = [module for name, module in encoder.named_modules() if _ends_with(name, ending)]
    if found and all(isinstance(module, nn.Linear) for module in found):
        return
    linear = {name.rsplit(".", 1)[-1] for name, module in encoder.named_modules() if isinstance(module, nn.Linear)}
    raise UserError(
        f"config: models.<name>.adapter.modules has '{ending}', but no linear layer of {type(encoder).__name__} "
        f"({encoder.name_or_path}) has a name that ends so; expected some of {', '.join(sorted(linear))}."
        f"{nearest(ending, sorted(linear))}"
    )


def _check_settings(encoder: Any, settings: Mapping[str, Any]) -> None:
    """Check that an encoder's adapter has the given settings."""
    described = encoder.peft_config[NAME]
    found = {
        "rank": described.r,
        "alpha": described.lora_alpha,
        "dropout": described.lora_dropout,
        "modules": sorted(described.target_modules),
        "quantization": _quantization(encoder),
    }
    for key, value in found.items():
        wanted = sorted(settings[key]) if key == "modules" else settings[key]
        if wanted != value:
            raise UserError(
                f"the adapter from intermediate training was trained with {key} {value}, but config: "
                f"models.<name>.adapter.{key} = {wanted}; both stages train one adapter: run intermediate training "
                "again, or set the key back"
            )


def _unreadable(directory: Path, reason: str) -> str:
    return f"{directory / WEIGHTS} cannot be used: {reason}; delete the folder and run again"
