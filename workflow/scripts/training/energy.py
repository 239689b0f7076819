"""Energy that devices have used, as their own counters tell it; None where there is no counter, never an estimate.

GPU         NVML's total energy (mJ since the driver was loaded; Volta and later), through nvidia-ml-py
processor   RAPL's packages (µJ, wrapping around), in Linux's powercap folder; often readable for root only, and absent
            in virtual machines. Memory outside the package is not in it.

A counter belongs to the whole device: what other programs do on it at the same time is counted too.
"""

import contextlib
import importlib
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import torch

POWERCAP = Path("/sys/class/powercap")

SAMPLE_SECONDS = 30.0
"""Time between two readings of the processors' counters; they wrap around after minutes."""

MOST_WATTS = 1000.0
"""More than a processor package draws: after as long as a counter needs at this power it may have wrapped around."""


class EnergyCounter(Protocol):
    """Energy since the counter was made."""

    def joules(self) -> float | None:
        """Return the energy used so far, in joules, or None if it has become unknown."""
        ...

    def close(self) -> None:
        """End what the counter does in the background."""
        ...


def energy_counter(device: torch.device, powercap: Path = POWERCAP, nvml: Any = None) -> EnergyCounter | None:
    """Return a counter of the device that is computed on, or None where its energy cannot be measured.

    Args:
        device: the device.
        powercap: folder with the processors' counters.
        nvml: module that reads a GPU's; by default `pynvml`, if it is installed.
    """
    if device.type == "cuda":
        return _gpu_energy(device, nvml)
    if device.type == "cpu":
        return _processor_energy(powercap)
    return None


class GpuEnergy:
    """Energy of a GPU.

    Args:
        nvml: NVML's module, initialised.
        handle: its handle of the GPU.

    Raises:
        NVMLError: the GPU has no such counter.
    """

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml, self._handle = nvml, handle
        self._began = self._millijoules()

    def _millijoules(self) -> int:
        return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))

    def joules(self) -> float | None:
        """Return the energy since the beginning."""
        try:
            used = self._millijoules() - self._began
        except self._nvml.NVMLError:
            return None
        return used / 1e3 if used >= 0 else None  # the driver was loaded anew

    def close(self) -> None:
        """Take leave of NVML."""
        with contextlib.suppress(self._nvml.NVMLError):
            self._nvml.nvmlShutdown()


def _gpu_energy(device: torch.device, nvml: Any) -> GpuEnergy | None:
    nvml = nvml or _nvml()
    if nvml is None:
        return None
    try:
        nvml.nvmlInit()
        # by UUID: CUDA_VISIBLE_DEVICES gives torch's GPUs other numbers than NVML's
        uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        return GpuEnergy(nvml, nvml.nvmlDeviceGetHandleByUUID(uuid))
    except (nvml.NVMLError, AttributeError):
        return None


def _nvml() -> ModuleType | None:
    try:
        return importlib.import_module("pynvml")
    except ImportError:
        return None


class _Package:
    """The counter of one processor package, unwrapped."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "energy_uj"
        self._range = int((folder / "max_energy_range_uj").read_text())
        self._last, self._read_at = int(self._path.read_text()), time.monotonic()
        self.microjoules = 0
        self.known = True

    def sample(self) -> None:
        """Add what was used since the last reading."""
        try:
            value, now = int(self._path.read_text()), time.monotonic()
        except (OSError, ValueError):
            self.known = False
            return
        if (now - self._read_at) * MOST_WATTS * 1e6 > self._range:
            self.known = False  # the process was stopped for long; how often the counter went round cannot be told
        used = value - self._last
        self.microjoules += used if used >= 0 else used + self._range
        self._last, self._read_at = value, now


class ProcessorEnergy:
    """Energy of all processor packages; a thread reads them often enough to see every wrap-around.

    Args:
        folders: powercap's folder of every package.
        seconds: time between two readings.

    Raises:
        OSError, ValueError: a counter cannot be read.
    """

    def __init__(self, folders: Sequence[Path], seconds: float = SAMPLE_SECONDS) -> None:
        self._packages = [_Package(folder) for folder in folders]
        self._seconds = seconds
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._sample_at_intervals, name="energy", daemon=True)
        self._thread.start()

    def _sample_at_intervals(self) -> None:
        while not self._ended.wait(self._seconds):
            self.joules()

    def joules(self) -> float | None:
        """Return the energy since the beginning."""
        with self._lock:
            for package in self._packages:
                package.sample()
            if not all(package.known for package in self._packages):
                return None
            return sum(package.microjoules for package in self._packages) / 1e6

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()


def _processor_energy(powercap: Path) -> ProcessorEnergy | None:
    try:
        folders = [
            folder
            for folder in sorted(powercap.glob("intel-rapl:*"))  # AMD's too have this name
            # not `psys`, nor parts of a package: their energy would count twice
            if (folder / "name").read_text().startswith("package")
        ]
        return ProcessorEnergy(folders) if folders else None
    except (OSError, ValueError):
        return None
