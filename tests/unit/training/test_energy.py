"""Counters of energy: made-up files in the layout of Linux's powercap, and a made-up NVML."""

import threading
import time
import types

import pytest
import torch

from workflow.scripts.training import energy
from workflow.scripts.training.costs import Meter
from workflow.scripts.training.energy import ProcessorEnergy, energy_counter

CPU, GPU = torch.device("cpu"), torch.device("cuda", 1)
RANGE = 262_143_328_850


@pytest.fixture
def powercap(tmp_path):
    """Two packages, a part of the first, and a zone of the whole machine."""

    def zone(name, title, value):
        folder = tmp_path / name
        folder.mkdir()
        for file, text in {"name": title, "energy_uj": value, "max_energy_range_uj": RANGE}.items():
            (folder / file).write_text(f"{text}\n")
        return folder

    zone("intel-rapl", "intel-rapl", 0)
    zone("intel-rapl:0", "package-0", 1_000_000)
    zone("intel-rapl:0:0", "core", 500_000)
    zone("intel-rapl:1", "package-1", RANGE - 2_000_000)
    zone("intel-rapl:2", "psys", 9_000_000)
    return tmp_path


def set_counter(powercap, name, value):
    """Change a counter at once, as the kernel does: a thread may be reading it."""
    new = powercap / "new"
    new.write_text(f"{value}\n")
    new.replace(powercap / name / "energy_uj")


def test_energy_of_packages_is_added_and_wraps_around(powercap):
    with Meter(CPU, powercap=powercap) as meter:
        set_counter(powercap, "intel-rapl:0", 4_000_000)  # + 3 J
        set_counter(powercap, "intel-rapl:0:0", 900_000_000)  # part of the package
        set_counter(powercap, "intel-rapl:1", 5_000_000)  # + 7 J, past the end of its range
        set_counter(powercap, "intel-rapl:2", 900_000_000)  # the packages are part of it
        assert meter.figures()["energy_joules"] == pytest.approx(10)
        set_counter(powercap, "intel-rapl:0", 5_000_000)
    set_counter(powercap, "intel-rapl:0", 99_000_000)
    assert meter.figures()["energy_joules"] == pytest.approx(11)
    assert not [thread for thread in threading.enumerate() if thread.name == "energy"]


def test_every_wrap_around_is_seen_between_two_questions(powercap):
    counter = ProcessorEnergy([powercap / "intel-rapl:0"], seconds=0.005)
    try:
        for value in (RANGE - 1_000_000, 500_000):
            set_counter(powercap, "intel-rapl:0", value)
            deadline = time.monotonic() + 5
            while counter._packages[0]._last != value and time.monotonic() < deadline:
                time.sleep(0.005)
        assert counter.joules() == pytest.approx((RANGE - 2_000_000 + 1_500_000) / 1e6)
    finally:
        counter.close()


def test_a_counter_that_was_not_read_for_long_is_unknown(powercap, monkeypatch):
    counter = ProcessorEnergy([powercap / "intel-rapl:0"])
    try:
        assert counter.joules() == 0
        monkeypatch.setattr(energy, "MOST_WATTS", 1e12)  # as if a microsecond were long
        assert counter.joules() is None
        monkeypatch.undo()
        assert counter.joules() is None
    finally:
        counter.close()


@pytest.mark.parametrize("fault", ["none", "no file", "not a number"])
def test_what_cannot_be_read_is_none(powercap, fault):
    if fault == "none":
        powercap = powercap / "absent"
    elif fault == "no file":
        (powercap / "intel-rapl:1/energy_uj").unlink()
    else:
        set_counter(powercap, "intel-rapl:1", "")
    with Meter(CPU, powercap=powercap) as meter:
        pass
    assert meter.figures()["energy_joules"] is None
    assert energy_counter(torch.device("meta"), powercap) is None


class NVMLError(Exception):
    pass


class FakeNvml(types.SimpleNamespace):
    """NVML of a machine with one GPU."""

    def __init__(self, millijoules, known="GPU-abc"):
        super().__init__(NVMLError=NVMLError, millijoules=list(millijoules), known=known, ended=False)

    def nvmlInit(self):
        if self.known is None:
            raise NVMLError("driver not loaded")

    def nvmlDeviceGetHandleByUUID(self, uuid):
        if uuid != self.known:
            raise NVMLError("not found")
        return "handle"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        value = self.millijoules.pop(0) if handle == "handle" else None
        if value is None:
            raise NVMLError("not supported")
        return value

    def nvmlShutdown(self):
        self.ended = True


@pytest.fixture(autouse=True)
def _gpu(monkeypatch):
    found = types.SimpleNamespace(uuid="abc")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: {1: found}[device.index])


def test_energy_of_a_gpu():
    nvml = FakeNvml([1_000_000, 1_250_500])
    counter = energy_counter(GPU, nvml=nvml)
    assert counter.joules() == 250.5
    counter.close()
    assert nvml.ended


@pytest.mark.parametrize(
    ("readings", "known"), [((), None), ((), "GPU-other"), ((None,), "GPU-abc")], ids=["driver", "device", "counter"]
)
def test_a_gpu_without_counter_is_none(readings, known):
    assert energy_counter(GPU, nvml=FakeNvml(readings, known)) is None


@pytest.mark.parametrize("second", [None, 10], ids=["lost", "begun anew"])
def test_a_counter_that_fails_later_is_none(second):
    assert energy_counter(GPU, nvml=FakeNvml([1_000, second])).joules() is None


def test_nvidia_ml_py_is_optional(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    assert energy_counter(GPU) is None
