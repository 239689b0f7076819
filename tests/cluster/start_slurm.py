"""A real Slurm of one node on this machine's loopback address: munge, controller and node daemon.

    python -m tests.cluster.start_slurm FOLDER       runs it until Ctrl-C or SIGTERM

Debian's packages `slurm-wlm` and `munge`, and root, are needed. All files are in FOLDER; while it runs,
`/etc/slurm/slurm.conf` and two files beside it are links to it, since the commands inside jobs look there. Without a
database for accounts, `squeue` tells what has become of jobs; finished ones are kept for an hour. A requeued job starts
again when the old one's credential has expired, here after 20 seconds instead of Slurm's 120.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue")
SYSTEM = Path("/etc/slurm")
FILES = ("slurm.conf", "gres.conf", "cgroup.conf")
PARTITIONS = ("cpu", "gpu", "urgent")
"""Jobs of `urgent` preempt those of `gpu`, which Slurm then requeues."""
GPU_MODEL = "pretended"
READY_SECONDS = 60.0

_SLURM_CONF = """\
ClusterName=study
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=20
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
MinJobAge=3600
KillWait=5
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 Gres=gpu:{gpu}:1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName={partitions[0]} Nodes={host} Default=YES MaxTime=INFINITE State=UP DefMemPerCPU=500 PreemptMode=OFF
PartitionName={partitions[1]} Nodes={host} Default=NO MaxTime=INFINITE State=UP DefMemPerCPU=500
PartitionName={partitions[2]} Nodes={host} Default=NO MaxTime=INFINITE State=UP DefMemPerCPU=500 PriorityTier=9
"""


def missing() -> str | None:
    """Return why Slurm cannot be started here, None where it can."""
    if absent := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"Debian's slurm-wlm and munge are not installed ({', '.join(absent)} not found)"
    if os.geteuid() != 0:
        return "a Slurm for tests is started by root only"
    if any((SYSTEM / name).is_file() and not (SYSTEM / name).is_symlink() for name in FILES):
        return f"{SYSTEM} describes a Slurm of this machine; it is left alone"
    if _alive((SYSTEM / FILES[0]).resolve().with_name("slurmctld.pid")):
        return "another Slurm for tests is running on this machine"
    return None


def _alive(pid_file: Path) -> bool:
    with suppress(OSError, ValueError):
        return "slurmctld" in Path(f"/proc/{int(pid_file.read_text())}/comm").read_text()
    return False


def kill(processes: list[int]) -> None:
    """Kill processes, of which some may have ended already."""
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Slurm:
    """The three daemons, and their commands."""

    def __init__(self, folder: Path) -> None:
        """Take a folder for configuration, state and logs."""
        self.folder = folder.resolve()
        self.daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> "Slurm":
        """Start the daemons and return when the node is idle.

        Raises:
            RuntimeError: it has not come up.
        """
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        self._configure()
        names = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munge.pid"}
        names |= {"log-file": "munge.log", "seed-file": "munge.seed"}
        options = [f"--{option}={self.folder / name}" for option, name in names.items()]
        self._spawn("munged", "--foreground", "--force", *options)
        self._wait("munge's socket", (self.folder / "munge.socket").exists)
        self._spawn("slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))
        self._spawn("slurmd", "-D", "-f", str(self.folder / "slurm.conf"))
        self._wait("an idle node", lambda: "idle" in self.run("sinfo", "--noheader", "--format=%T", check=False))
        return self

    def _configure(self) -> None:
        ports = []
        for _ in range(2):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                ports.append(free.getsockname()[1])
        host = socket.gethostname().split(".")[0]
        values = {"host": host, "folder": self.folder, "ports": ports, "partitions": PARTITIONS, "gpu": GPU_MODEL}
        values |= {"cpus": max(4, os.cpu_count() or 1), "memory": 8000}
        contents = (
            _SLURM_CONF.format(**values),
            f"NodeName={host} Name=gpu Type={GPU_MODEL} File=/dev/null\n",
            "CgroupPlugin=cgroup/v1\n",
        )
        SYSTEM.mkdir(exist_ok=True)
        for name, content in zip(FILES, contents, strict=True):
            (self.folder / name).write_text(content)
            (SYSTEM / name).unlink(missing_ok=True)  # a link that a killed run has left
            (SYSTEM / name).symlink_to(self.folder / name)

    def _spawn(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.out").open("wb") as out:
            daemon = subprocess.Popen([shutil.which(command[0]) or command[0], *command[1:]], stdout=out, stderr=out)
        self.daemons.append(daemon)

    def _wait(self, what: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            if time.monotonic() > deadline or any(daemon.poll() is not None for daemon in self.daemons):
                said = "\n".join(path.read_text(errors="replace")[-1500:] for path in self.folder.glob("*.out"))
                self.stop()
                raise RuntimeError(f"Slurm did not come up: no {what}\n{said}")
            time.sleep(0.2)

    def run(self, *command: str, check: bool = True) -> str:
        """Run one of Slurm's commands and return what it prints."""
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def jobs(self) -> list[dict[str, str]]:
        """Return what Slurm knows of every job, finished ones too."""
        lines = self.run("scontrol", "--oneliner", "--all", "show", "job").splitlines()
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines if "JobId=" in line]

    def job(self, number: str) -> dict[str, str]:
        """Return what Slurm knows of one job."""
        return next(job for job in self.jobs() if job["JobId"] == number)

    def processes(self, number: str) -> list[int]:
        """Return the processes of a running job."""
        lines = self.run("scontrol", "listpids", number, check=False).splitlines()[1:]
        return [pid for line in lines if (pid := int(line.split()[0])) > 0]

    def kill(self, number: str) -> None:
        """Kill all processes of a job, behind Slurm's back."""
        kill(self.processes(number))

    def stop(self) -> None:
        """End all jobs and daemons, and remove the links."""
        for job in self.jobs() if len(self.daemons) == 3 else []:
            if job["JobState"] in ("PENDING", "RUNNING", "COMPLETING"):
                self.run("scancel", job["JobId"], check=False)
                self.kill(job["JobId"])  # slurmd would wait, and it is about to end
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons = []
        for name in FILES:
            if (SYSTEM / name).is_symlink():
                (SYSTEM / name).unlink()


def main() -> int:
    """Run Slurm until a signal ends it."""
    if len(sys.argv) != 2:
        print("usage: python -m tests.cluster.start_slurm FOLDER", file=sys.stderr)
        return 2
    if reason := missing():
        print(f"ERROR start_slurm: {reason}", file=sys.stderr)
        return 1

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    slurm = Slurm(Path(sys.argv[1]))
    try:
        slurm.start()
        print(slurm.run("sinfo"), flush=True)
        signal.pause()
    except KeyboardInterrupt:
        return 0
    finally:
        slurm.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
