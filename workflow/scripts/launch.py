"""Start one of this workflow's programs.

    python -m workflow.scripts.launch PROGRAM [program arguments ...]

    python -m workflow.scripts.launch --processes 4 PROGRAM [program arguments ...]

PROGRAM is the name of a module beside this one that has `main(argv) -> int`, for instance `train`. On
one's own Linux machine the program runs in a child of a small local server that has torch and transformers
imported already (see `preload`): it saves the seconds of CPU time that these imports cost each of hundreds
of jobs. Everywhere else, and whenever the server cannot be had, it runs in this process. Output, exit status
and results are the same. With more than one process torchrun starts them, each with one of as many GPUs.

Environment:
    PRELOAD=0        never use the server; PRELOAD=debug says on stderr why it is or is not used.
    PRELOAD_IDLE     seconds without a job after which the server ends (60).
    PRELOAD_MODULES  what the server imports, separated by commas (see `preload.MODULES`).

Exit status: the program's own; 128 + n where signal n ended it.
"""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from workflow.scripts.errors import UserError, nearest

PACKAGE = "workflow.scripts"
USAGE = "usage: python -m workflow.scripts.launch [--package PACKAGE] [--processes N] PROGRAM [program arguments ...]"


def find_program(package: str, program: str) -> Path:
    """Return the file of `program` in `package`.

    Raises:
        UserError: no module of that name, or it is not a program.
    """
    folder = Path(import_module(package).__path__[0])
    file = folder / f"{program}.py"
    if program.isidentifier() and file.is_file() and _is_program(file):
        return file
    programs = sorted(path.stem for path in folder.glob("*.py") if _is_program(path))
    raise UserError(
        f"There is no program '{program}' in {package}.{nearest(program, programs)} "
        f"The programs are: {', '.join(programs) or '(none)'}."
    )


def _is_program(file: Path) -> bool:
    return file.stem not in ("launch", "preload") and "\ndef main(" in file.read_text(encoding="utf-8")


def run_program(package: str, program: str, arguments: Sequence[str]) -> int:
    """Run a program in this process and return its exit status; used here and in the server's children."""
    from workflow.scripts import logs

    def main(argv: Sequence[str] | None) -> int:
        sys.argv = [str(find_program(package, program)), *arguments]
        gc.disable()  # imports make a million objects and no garbage
        try:
            module = import_module(f"{package}.{program}")
        finally:
            gc.freeze()
            gc.enable()
        return int(module.main(argv))

    return logs.run(main, arguments, stage=program)


def _split(arguments: Sequence[str]) -> tuple[str, int, str, list[str]]:
    """Return the package, the number of processes, the program and its arguments."""
    options = {"--package": PACKAGE, "--processes": "1"}
    rest = list(arguments)
    while rest[:1] and rest[0] in options and len(rest) > 1:
        options[rest[0]], rest = rest[1], rest[2:]
    if not rest:
        raise UserError(f"No program was named.\n{USAGE}")
    if not options["--processes"].isdigit():
        raise UserError(f"--processes = {options['--processes']}; expected a number.\n{USAGE}")
    return options["--package"], int(options["--processes"]), rest[0], rest[1:]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program that the arguments name; return its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments and arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    try:
        package, processes, program, rest = _split(arguments)
        find_program(package, program)
        if processes > 1 or (processes and os.environ.get("TORCHRUN_OPTIONS")):
            from workflow.scripts.worker_processes import run_processes

            return run_processes(processes, package, program, rest)
    except UserError as error:
        print(f"ERROR launch: {error}", file=sys.stderr)
        return 1
    if sys.platform == "linux" and os.environ.get("PRELOAD") != "0":
        from workflow.scripts.preload_client import Unavailable, run_in_server

        try:
            return run_in_server(package, program, rest)
        except Unavailable as error:
            if os.environ.get("PRELOAD") == "debug":
                print(f"launch: {program} runs in its own process: {error}", file=sys.stderr)
        except KeyboardInterrupt:
            return 128 + 2
    return run_program(package, program, rest)


def leave(status: int) -> NoReturn:
    """End this process at once: tearing down torch's modules would cost half a second of CPU time."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 1
    os._exit(status & 0xFF)


if __name__ == "__main__":
    leave(main())
