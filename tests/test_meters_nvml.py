"""NVML: the counter of one GPU by its UUID, and a reason where there is none."""

import sys

import pytest

from spikeseg.meters import Missing, find_nvml
from spikeseg.meters.nvml import Nvml


class NVMLError(Exception):
    """As of pynvml."""


class Library:
    """What `spikeseg.meters.nvml` uses of pynvml, with two GPUs."""

    NVMLError = NVMLError

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.energy = {"GPU-a": 5_000, "GPU-b": 1_000_000}

    def _check(self, name: str) -> None:
        if self.fault == name:
            raise NVMLError(f"{name} is not supported")

    def nvmlInit(self) -> None:  # noqa: N802
        self._check("init")

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:  # noqa: N802
        return list(self.energy)[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802
        if uuid not in self.energy:
            raise NVMLError("not found")
        return uuid

    def nvmlDeviceGetName(self, handle: str) -> str:  # noqa: N802
        return f"card {handle}"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:  # noqa: N802
        self._check("energy")
        return self.energy[handle]


@pytest.mark.parametrize(("gpu", "uuid"), [(0, "GPU-a"), (1, "GPU-b"), ("GPU-b", "GPU-b")])
def test_the_energy_is_that_of_the_gpu_asked_for_in_joules(gpu: int | str, uuid: str) -> None:
    library = Library()
    meter = find_nvml(gpu, library)
    assert isinstance(meter, Nvml)
    before = meter.read()
    for name in library.energy:
        library.energy[name] += 2_500 if name == uuid else 99
    assert meter.joules(before, meter.read()) == 2.5
    assert f"card {uuid}" in meter.covers


@pytest.mark.parametrize("fault", ["init", "energy"])
def test_a_driver_that_refuses_is_missing_with_its_words(fault: str) -> None:
    meter = find_nvml(0, Library(fault))
    assert isinstance(meter, Missing)
    assert f"{fault} is not supported" in str(meter)


def test_an_unknown_gpu_is_missing() -> None:
    meter = find_nvml("GPU-c", Library())
    assert isinstance(meter, Missing)
    assert "GPU-c" in meter.reason


def test_without_the_package_it_is_missing_with_the_line_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    meter = find_nvml()
    assert isinstance(meter, Missing)
    assert "pip install 'spikeseg[energy]'" in meter.reason
