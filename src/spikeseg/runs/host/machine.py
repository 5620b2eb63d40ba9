"""Which machine it is, in words."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("spikeseg", "torch", "numpy", "numba", "onnx", "onnxruntime", "nvidia-ml-py")


def describe_machine(threads: int, device: str) -> dict[str, Any]:
    """Return names and versions of what a measurement depends on.

    Args:
        threads: that were used.
        device: ``cpu`` or ``cuda``.
    """
    return {
        "processor": processor_name(),
        "logical_cores": os.cpu_count(),
        "threads": threads,
        "gpu": torch.cuda.get_device_name() if device == "cuda" else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name as the system tells it."""
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
