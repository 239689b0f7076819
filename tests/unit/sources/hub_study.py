"""A study that reads a Hub on loopback: its server, lock file and cache, and what its tests ask of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants

from tests.unit.sources import hub_server
from workflow.scripts.sources.hub import Hub
from workflow.scripts.sources.lock import LockFile

NAME = "org/facts"
TRAIN = "mnli/train-00000-of-00001.parquet"
DATA = bytes(range(256)) * 400
README = b"---\nconfigs: []\n---\n"
CHUNK = 500
"""Bytes; the library writes, and resumes, whole chunks (10 MiB if tests did not change it)."""


class Study:
    """A server with a dataset (`NAME`) and a model, and runs of a program against it.

    Attributes:
        server: the server; its faults are for tests to order.
        waits: the seconds that the program would have slept.
    """

    def __init__(self, root: Path, server: hub_server.Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.server = root, server
        self.lock = root / "datasets.lock.yaml"
        self.waits: list[float] = []
        self._monkeypatch = monkeypatch

    @property
    def commit(self) -> str:
        """The commit to which the dataset's branch points."""
        return self.server.repositories["dataset", NAME].revisions["main"]

    def connect(self, **settings: Any) -> Hub:
        """Begin a run: a new object on the same lock file and cache."""
        return Hub(LockFile(self.lock), **{"endpoint": self.server.endpoint, "cache": self.root / "cache"} | settings)

    def fetch(self, path: str = TRAIN, **settings: Any) -> Path:
        """Resolve the dataset and download one file, in a new run."""
        hub = self.connect(**settings)
        return hub.download("dataset", hub.resolve("dataset", NAME), path)

    def locked(self, name: str = NAME, revision: str = "main", kind: Any = "dataset") -> str | None:
        """Return what the lock file holds."""
        return LockFile(self.lock).commit(kind, name, revision)

    def blobs(self) -> list[Path]:
        """Return the files in the cache, whole or not."""
        return sorted(self.root.glob("cache/*/blobs/*"))

    def go_offline(self) -> None:
        """Do as HF_HUB_OFFLINE=1 does at the start of a program."""
        self._monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@contextmanager
def run_study(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    """Let requests out, to loopback only, without the user's proxy and token and without sleeping."""
    for path, data in {
        f"{NAME}/{TRAIN}": DATA,
        f"{NAME}/README.md": README,
        "models/org/tiny/config.json": b"{}",
    }.items():
        file = root / "repositories" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(root / "no-token"))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", CHUNK)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    huggingface_hub.close_session()
    with hub_server.serve(root / "repositories") as server:
        study = Study(root, server, monkeypatch)
        monkeypatch.setattr(time, "sleep", study.waits.append)
        yield study
    huggingface_hub.close_session()
