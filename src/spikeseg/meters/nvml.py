"""NVML: the energy counter of an NVIDIA GPU (Volta or newer), through nvidia-ml-py."""

import importlib
from dataclasses import dataclass
from typing import Any

from spikeseg.meters.reading import Missing

INSTALL = "pip install 'spikeseg[energy]'"


@dataclass(frozen=True, eq=False)
class Nvml:
    """The counter of one GPU.

    Attributes:
        library: the module ``pynvml``.
        handle: of the GPU.
        title: the GPU's name.
    """

    library: Any
    handle: Any
    title: str

    name = "nvml"

    @property
    def covers(self) -> str:
        """In words, what its energy is that of, and what is not in it."""
        return f"{self.title}, the whole board and all programs on it; without the machine around"

    def read(self) -> tuple[int, ...]:
        """Return the energy since the driver was loaded, in millijoules."""
        return (int(self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle)),)

    def joules(self, before: tuple[int, ...], after: tuple[int, ...]) -> float:
        """Return the energy between two readings, in joules."""
        return (after[0] - before[0]) / 1e3


def find_nvml(gpu: int | str = 0, library: Any = None) -> Nvml | Missing:
    """Return the counter of a GPU, or why there is none.

    Args:
        gpu: its number in the driver's order, or its UUID such as ``GPU-1234...``. The number in
            torch's order may be another one.
        library: what stands for the module ``pynvml``.
    """
    if library is None:
        try:
            library = importlib.import_module("pynvml")
        except ImportError:
            return Missing("nvml", f"nvidia-ml-py is not installed; `{INSTALL}` brings it.")
    try:
        library.nvmlInit()
        by_uuid = isinstance(gpu, str)
        find = library.nvmlDeviceGetHandleByUUID if by_uuid else library.nvmlDeviceGetHandleByIndex
        handle = find(gpu)
        found = Nvml(library, handle, str(library.nvmlDeviceGetName(handle)))
        found.read()
    except library.NVMLError as error:
        return Missing(
            "nvml",
            f"the driver of NVIDIA answers {str(error)!r} for GPU {gpu}. It needs a GPU of the "
            "generation Volta or newer, and its driver.",
        )
    return found
