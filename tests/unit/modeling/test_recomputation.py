"""Activations that are computed again in the backward pass."""

from types import SimpleNamespace

import pytest
import torch

from tests.unit.modeling.test_adapters import IDS, MASK, SETTINGS
from workflow.scripts.errors import UserError
from workflow.scripts.modeling import adapters, checkpoints


class Calls:
    """Counts how often the layers of an encoder are computed."""

    def __init__(self, encoder):
        self.count = 0
        for layer in encoder.encoder.layer:
            layer.attention.register_forward_pre_hook(self)

    def __call__(self, module, arguments):
        self.count += 1


@pytest.mark.parametrize("kind", ["all", "upper layers", "adapter"])
def test_recomputing_activations_changes_no_gradient(originals, kind):
    found = {}
    for recompute in (False, True):
        encoder = checkpoints.load_encoder(originals["xlm-roberta"])
        if kind == "adapter":
            torch.manual_seed(1)
            adapters.add_adapter(encoder, SETTINGS | {"dropout": 0.1})
        checkpoints.freeze_layers(encoder, 2 if kind == "upper layers" else 0)
        if recompute:
            adapters.recompute_activations(encoder)
        calls = Calls(encoder)
        torch.manual_seed(3)
        loss = encoder.train()(IDS, attention_mask=MASK)[0].square().mean()
        loss.backward()
        gradients = [parameter.grad for parameter in encoder.parameters() if parameter.grad is not None]
        found[recompute] = [loss.detach(), *gradients], calls.count
    assert len(found[True][0]) > 8
    assert all(torch.equal(one, other) for one, other in zip(found[False][0], found[True][0], strict=True))
    # a frozen layer keeps nothing, so that there is nothing to compute again
    assert found[True][1] - found[False][1] == (1 if kind == "upper layers" else 2)


def test_encoders_that_cannot_recompute_are_told():
    with pytest.raises(UserError, match="SimpleNamespace cannot recompute"):
        adapters.recompute_activations(SimpleNamespace(supports_gradient_checkpointing=False))
