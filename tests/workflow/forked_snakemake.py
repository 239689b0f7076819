"""Snakemake in a fork of a process that has it imported: that is two thirds of what a small dry run takes."""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import reduction
from pathlib import Path

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["snakemake.cli", "pandas"])


def run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run `python -m snakemake` in a folder; return its exit status and what it printed, standard error included."""
    with tempfile.TemporaryFile() as output:
        descriptor = reduction.DupFd(output.fileno())
        process = SERVER.Process(target=_become, args=(list(arguments), str(folder), dict(environment), descriptor))
        process.start()
        process.join()
        output.seek(0)
        return process.exitcode, output.read().decode()


def _become(arguments: list[str], folder: str, environment: dict[str, str], descriptor: reduction.DupFd) -> None:
    """In the fork: be what `python -m snakemake` in that folder would be."""
    handle = descriptor.detach()
    for own in (1, 2):
        os.dup2(handle, own)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = [folder, *(entry for entry in sys.path if "-packages" in entry or "lib/python" in entry)]
    sys.argv = ["snakemake", *arguments]
    from snakemake.cli import main

    main(arguments)  # ends with sys.exit
