"""Start a program in several processes that work together, each with a GPU of its own.

Environment:
    TORCHRUN_OPTIONS   in place of `--standalone`: how the processes of several machines find one another
                       (docs/how-to/slurm.md). The same command is then started on each of them.
"""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from workflow.scripts import gpus


def run_processes(count: int, package: str, program: str, arguments: Sequence[str]) -> int:
    """Run a program in several processes that work together, and return their exit status.

    SIGTERM reaches all of them, so that they can save their state; the status is then 143, whatever torchrun says.

    Raises:
        UserError: the machine has fewer GPUs.
    """
    environment = dict(os.environ)
    if gpus.visible_gpus():
        gpus.take(count)
        environment |= {gpus.ASSIGNED: "1", "CUDA_VISIBLE_DEVICES": os.environ["CUDA_VISIBLE_DEVICES"]}
    patience = ["--shutdown-timeout", "600"]  # to save a large state takes longer than torchrun's 30 s
    meeting = shlex.split(os.environ.get("TORCHRUN_OPTIONS") or "--standalone")
    torchrun = ["-m", "torch.distributed.run", *meeting, *patience, "--nproc-per-node", str(count)]
    # without "--" torchrun would take options of the program, such as --run, for abbreviations of its own
    command = [sys.executable, *torchrun, "-m", "--", f"{package}.{program}", *arguments]
    stopped = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        workers.terminate()

    with subprocess.Popen(command, env=environment) as workers:
        signal.signal(signal.SIGTERM, stop)
        status = workers.wait()
    return 128 + signal.SIGTERM if stopped else status if status >= 0 else 128 - status
