import pytest

from tests.unit.features.real_rows import QUESTIONS, SENTENCES
from tests.unit.features.small_tokenizers import KINDS
from workflow.scripts.train_tokenizer import train


@pytest.fixture(scope="session")
def tokenizer_path(world, tmp_path_factory):
    """A small tokenizer trained on documents of two languages."""
    rows = world.rows("documents", split="train", languages=["en", "qac"], examples=200, stream="wikipedia")
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    train((row["text_a"] for row in rows), 400).save(str(path))
    return path


@pytest.fixture(scope="session")
def tokenizer_paths(tmp_path_factory):
    """A small tokenizer of every kind, trained on real text of many languages."""
    texts = [*SENTENCES.values(), *(text for row in QUESTIONS.values() for text in row)]
    paths = {}
    for kind, make in KINDS.items():
        paths[kind] = tmp_path_factory.mktemp(kind) / "tokenizer.json"
        make(texts).save(str(paths[kind]))
    return paths


@pytest.fixture(params=KINDS)
def any_tokenizer(request, tokenizer_paths):
    """Each kind of tokenizer in turn."""
    return tokenizer_paths[request.param]
