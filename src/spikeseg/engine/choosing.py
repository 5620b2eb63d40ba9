"""Which numbers convolutions are fastest in on this processor: measured, and said aloud."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from spikeseg.engine.bits import convolve_bytes, pack_bytes
from spikeseg.errors import ConfigError

Numbers = Literal["fp32", "bf16", "int8"]
Precision = Literal["float32", "bfloat16", "int8"]
ALLOWED: dict[Precision, tuple[Numbers, ...]] = {
    "float32": ("fp32",),
    "bfloat16": ("fp32", "bf16"),
    "int8": ("fp32", "bf16", "int8"),
}
_CHANNELS, _SIZE, _IMAGES = 32, 32, 4
_ROUNDS, _ENOUGH = 5, 0.02  # at least, and in seconds
_GAIN = 0.9  # a rounding engine has to be faster than the exact one by more than noise


@dataclass(frozen=True)
class Choice:
    """What was chosen, and why.

    Attributes:
        numbers: ``fp32``, ``bf16`` or ``int8``.
        reason: one line for the user.
        milliseconds: what a small convolution took in everything that was allowed.
    """

    numbers: Numbers
    reason: str
    milliseconds: dict[Numbers, float]


@dataclass(frozen=True)
class Engine:
    """How a simulation calculates.

    Attributes:
        numbers: of connections.
        events: whether populations are computed event by event, in exact numbers: ``never``,
            ``always`` where they can be, or where that was ``measured`` to be faster.
        reason: one line for the user.
    """

    numbers: Numbers
    events: Literal["never", "measured", "always"] = "never"
    reason: str = "asked for"


def choose_engine(
    precision: Precision, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Engine:
    """Return what is fastest on this processor among all that is exact enough.

    On a GPU, bfloat16 is taken where it is allowed; images of float64 are always exact.

    Args:
        precision: ``float32`` is exact; ``bfloat16`` also allows weights and currents to be rounded
            to bfloat16; ``int8`` also allows weights of 8 bits.
        device: of the images.
        dtype: of the images.

    Raises:
        ConfigError: another precision.
    """
    if precision not in ALLOWED:
        raise ConfigError(f"precision is {precision!r}; it must be one of: {', '.join(ALLOWED)}.")
    if dtype == torch.float64:
        return Engine("fp32", "never", "float64: exact, as the images are")
    if device != "cpu":
        numbers: Numbers = "fp32" if precision == "float32" else "bf16"
        return Engine(numbers, "never", f"{numbers}, on a GPU")
    choice = choose_numbers(ALLOWED[precision])
    return Engine(choice.numbers, "measured", choice.reason)


def choose_numbers(allowed: tuple[Numbers, ...] = ("fp32",)) -> Choice:
    """Return the fastest of what is allowed, by the time of a small convolution of spikes.

    ``fp32`` is exact and always allowed; the others round, so they have to be asked for, and are
    taken only if they are faster. oneDNN's own limit, ``ONEDNN_MAX_CPU_ISA``, holds here, too,
    since it is oneDNN that is measured. Takes about 20 ms, once a process.

    Args:
        allowed: of ``fp32``, ``bf16`` and ``int8``.

    Raises:
        ConfigError: none of these.
    """
    unknown = set(allowed) - set(_MAKERS)
    if unknown:
        raise ConfigError(
            f"no engine calculates in {', '.join(sorted(unknown))}; there are: "
            f"{', '.join(_MAKERS)}. Name one or more of them."
        )
    found = dict(_milliseconds(_able(("fp32", *allowed))))
    fastest = min(found, key=lambda name: found[name])
    chosen: Numbers = fastest if found[fastest] < _GAIN * found["fp32"] else "fp32"
    return Choice(chosen, _reason(chosen, found, allowed), found)


def _able(names: Sequence[Numbers]) -> tuple[Numbers, ...]:
    has_bytes = hasattr(torch.ops.onednn, "qconv_pointwise") and torch._C._has_mkldnn
    return tuple(name for name in dict.fromkeys(names) if name != "int8" or has_bytes)


def _reason(chosen: str, found: dict[Numbers, float], allowed: Sequence[str]) -> str:
    times = ", ".join(f"{name} {ms:.2f} ms" for name, ms in found.items())
    level = torch.backends.cpu.get_cpu_capability()
    extra = "" if set(allowed) <= set(found) else "; this torch has no 8-bit convolution"
    if len(found) == 1:
        return f"fp32: exact, and nothing else was asked for{extra} ({level})"
    return f"{chosen}: fastest for a small convolution of spikes ({times}; {level}{extra})"


@cache
def _milliseconds(names: tuple[Numbers, ...]) -> dict[Numbers, float]:
    """Return the best of some rounds by turns: what else the processor does hits all alike."""
    runs = {name: _MAKERS[name]() for name in names}
    best = dict.fromkeys(names, float("inf"))
    with torch.inference_mode():
        started, rounds = time.perf_counter(), 0
        while rounds < _ROUNDS or (len(runs) > 1 and time.perf_counter() - started < _ENOUGH):
            rounds += 1
            for name, run in runs.items():
                began = time.perf_counter()
                run()
                best[name] = min(best[name], (time.perf_counter() - began) * 1e3)
    return best


def _spikes_and_weight() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    spikes = torch.rand(_IMAGES, _CHANNELS, _SIZE, _SIZE, generator=random) < 0.2
    weight = torch.randn(_CHANNELS, _CHANNELS, 3, 3, generator=random)
    return spikes.contiguous(memory_format=torch.channels_last), weight


def _floats(dtype: torch.dtype) -> Callable[[], Tensor]:
    spikes, weight = _spikes_and_weight()
    x = spikes.to(dtype)
    kernel = weight.to(dtype).contiguous(memory_format=torch.channels_last)
    return lambda: F.conv2d(x, kernel, padding=1)


def _bytes() -> Callable[[], Tensor]:
    spikes, weight = _spikes_and_weight()
    x, packed = spikes.to(torch.uint8), pack_bytes(weight, (1, 1), (1, 1))
    return lambda: convolve_bytes(x, packed, torch.bfloat16)


_MAKERS: dict[Numbers, Callable[[], Callable[[], Tensor]]] = {
    "fp32": lambda: _floats(torch.float32),
    "bf16": lambda: _floats(torch.bfloat16),
    "int8": _bytes,
}
