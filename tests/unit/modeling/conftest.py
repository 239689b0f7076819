"""Small checkpoints of two layouts."""

import shutil

import pytest

from tests.checkpoints import save_bert, save_xlmr

SAVERS = {"bert": save_bert, "xlm-roberta": save_xlmr}


@pytest.fixture(scope="module")
def texts(world):
    return [row["text_a"] for row in world.rows("documents", split="train", languages=["en"], examples=60)]


@pytest.fixture(scope="module")
def originals(texts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    return {kind: save(folder / kind, texts) for kind, save in SAVERS.items()}


@pytest.fixture(params=SAVERS)
def original(request, originals):
    return originals[request.param]


@pytest.fixture
def bert(originals, tmp_path):
    """A copy of the BERT-style checkpoint that a test may change."""
    return shutil.copytree(originals["bert"], tmp_path / "bert")
