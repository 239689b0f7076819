import pytest

from workflow.scripts.train_tokenizer import train


@pytest.fixture(scope="session")
def tokenizer_path(world, tmp_path_factory):
    """A small tokenizer trained on documents of two languages."""
    rows = world.rows("documents", split="train", languages=["en", "qac"], examples=200, stream="wikipedia")
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    train((row["text_a"] for row in rows), 400).save(str(path))
    return path
