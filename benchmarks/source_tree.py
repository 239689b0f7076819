"""A copy of the workflow in a folder of its own, as a clean clone has it: for benchmarks and tests that run studies."""

import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PARTS = ("Snakefile", "config", "envs", "profiles", "reference", "requirements", "workflow")
"""What a study needs of the repository."""


def copy_sources(target: Path, *more: str, compiled: bool = False) -> Path:
    """Copy what a study needs, and further top-level parts, into a folder and return it; what is there stays.

    Args:
        target: the folder.
        more: further parts.
        compiled: whether compiled modules are copied, too; they stay valid because times are kept.
    """
    # one that another process is just writing has a further ending
    ignored = shutil.ignore_patterns("*.pyc.*" if compiled else "__pycache__")
    target.mkdir(parents=True, exist_ok=True)
    for part in (*PARTS, *more):
        source = ROOT / part
        if (target / part).exists():
            continue
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=ignored)
        else:
            shutil.copy(source, target / part)
    return target


def source_files() -> Iterator[Path]:
    """Yield every file that a study needs, sorted within each part."""
    for part in PARTS:
        paths = sorted((ROOT / part).rglob("*")) if (ROOT / part).is_dir() else [ROOT / part]
        yield from (path for path in paths if path.is_file() and "__pycache__" not in path.parts)
