"""Quantizing bit for bit as nengo-loihi 1.1.0 does (builder/discretize.py), with its two defects.

The defects are those that `spikeseg.compiling.corrected_rounding` mends: groups of weak weights
come out too strong, and full scale is not symmetric. Numbers have the precision that NumPy 1 gives
them there: scales are float64, and a float32 weight times a float64 scale is a product in float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipSpec
from spikeseg.compiling.rounding import (
    WEIGHT_UNIT,
    Integers,
    QuantizedKernels,
    largest_mantissa,
    round_bias,
    round_threshold,
)
from spikeseg.errors import CompileError

Floats = NDArray[np.float32]

NO_WEIGHT = 1e-8  # of a core; smaller ones do not set its scale
NO_GROUP = 1e-16  # of a group
SMALLEST_GROUP_EXPONENT = -6


@dataclass(frozen=True)
class _Scales:
    weight: np.float32 | np.float64
    exponent: int
    voltage: float
    bias: float


def quantize_as_nengo(
    kernels: Sequence[Floats],
    used: Sequence[NDArray[np.bool_]],
    threshold: Floats,
    bias: Floats,
    gains: tuple[float, float],
    chip: ChipSpec,
    where: str,
) -> QuantizedKernels:
    """Quantize what one core holds.

    With ``w_max`` the largest weight of the core, ``w_scale = 255 / w_max``, and the first exponent
    ``e`` of 0, -1, ..., -7 that lets thresholds and biases fit, ``v_scale = Gu Gv w_scale 2^(6+e)``
    and ``b_scale = v_scale / Gv``. A group of weights whose largest is ``m`` gets
    ``d = floor(log2(w_max / m))``, the exponent ``max(e - d, -6)`` and the weights
    ``round(w w_scale 2^d / 2)``, within -127..127, shifted by one more than the exponent.

    Args:
        kernels: (K_h, K_w, C_in, C_out) each, of the channels of the core.
        used: (K_h, K_w) each: taps that some pair of neurons of the core uses. They set the scale;
            others are rounded with it.
        threshold: of the core's neurons.
        bias: of the core's neurons.
        gains: Gu, Gv: sums of the decays of current and membrane, 1 where they do not scale.
        chip: the number formats.
        where: what an error calls the neurons.

    Raises:
        CompileError: no exponent lets threshold and bias fit, or the threshold rounds to 0.
    """
    largest = [np.abs(k[taps]).max(initial=0) for k, taps in zip(kernels, used, strict=True)]
    w_max = max(largest, default=np.float32(0))
    scales = _scales(w_max, threshold, bias, gains, chip, where)
    groups = [
        _round_group(kernel, scales, w_max, most, chip)
        for kernel, most in zip(kernels, largest, strict=True)
    ]
    return QuantizedKernels(
        weights=tuple(weight for weight, _ in groups),
        exponents=tuple(exponent for _, exponent in groups),
        weight_scale=float(scales.weight) * WEIGHT_UNIT * 2.0**scales.exponent,
        v_scale=scales.voltage,
        b_scale=scales.bias,
        threshold=round_threshold(threshold, scales.voltage, chip, where),
        bias=round_bias(bias, scales.bias, chip),
    )


def _scales(
    w_max: np.float32,
    threshold: Floats,
    bias: Floats,
    gains: tuple[float, float],
    chip: ChipSpec,
    where: str,
) -> _Scales:
    highest, b_max = threshold.max().astype(np.float64), np.abs(bias).max().astype(np.float64)
    if float(w_max) > NO_WEIGHT:
        return _scales_of_weights(float(w_max), highest, b_max, gains, chip, where)
    if b_max > NO_WEIGHT:
        return _scales_of_biases(highest, b_max, gains, chip, where)
    v_scale = min(chip.threshold_max, (1 << chip.accumulator_bits) - 1) / (highest + 1)
    b_scale = v_scale * (1.0 / gains[1])
    return _Scales(_without_weights(b_scale, gains), 0, v_scale, b_scale)


def _without_weights(b_scale: float, gains: tuple[float, float]) -> np.float64:
    return np.float64(b_scale * (1.0 / gains[0]) / WEIGHT_UNIT)


def _scales_of_weights(
    w_max: float,
    highest: float,
    b_max: float,
    gains: tuple[float, float],
    chip: ChipSpec,
    where: str,
) -> _Scales:
    w_scale, v_factor = ((1 << chip.weight_bits) - 1) / w_max, 1.0 / gains[1]
    gain = 1.0 / ((1.0 / gains[0]) * v_factor)
    for exponent in range(0, chip.weight_exponent_min - 1, -1):
        v_scale = gain * w_scale * (WEIGHT_UNIT * 2.0**exponent)
        b_scale = v_scale * v_factor
        if _fit(highest * v_scale, b_max * b_scale, chip):
            return _Scales(np.float32(w_scale), exponent, v_scale, b_scale)
    raise CompileError(
        f"the threshold {highest:.6g} or the bias {b_max:.6g} of {where} is too large beside the "
        f"largest weight {w_max:.6g}: even with the weight exponent {chip.weight_exponent_min}, "
        f"they are {highest * v_scale:.6g} and {b_max * b_scale:.6g}; {chip.name} takes thresholds "
        f"to {chip.threshold_max} and biases to {chip.bias_max}. Make them smaller or the weights "
        "larger."
    )


def _scales_of_biases(
    highest: float, b_max: float, gains: tuple[float, float], chip: ChipSpec, where: str
) -> _Scales:
    b_scale = chip.bias_max / b_max
    while b_scale * b_max > 1:
        v_scale = b_scale / (1.0 / gains[1])
        if _fit(highest * v_scale, 0.0, chip):
            return _Scales(_without_weights(b_scale, gains), 0, v_scale, b_scale)
        b_scale /= 2
    raise CompileError(
        f"the threshold {highest:.6g} of {where} is too large beside the largest bias "
        f"{b_max:.6g}: with a bias of 1 it would be more than the {chip.threshold_max} that "
        f"{chip.name} takes. Make it smaller or the biases larger."
    )


def _fit(threshold: float, bias: float, chip: ChipSpec) -> bool:
    fits = np.round(threshold) <= chip.threshold_max and np.round(bias) <= chip.bias_max
    return bool(fits)


def _round_group(
    kernel: Floats, scales: _Scales, w_max: np.float32, largest: np.float32, chip: ChipSpec
) -> tuple[Integers, int]:
    if float(largest) > NO_GROUP:
        weaker = int(np.floor(np.float32(np.log2(np.float64(w_max / largest)))))
        exponent = max(scales.exponent - weaker, SMALLEST_GROUP_EXPONENT)
    else:
        exponent = SMALLEST_GROUP_EXPONENT
        weaker = scales.exponent - exponent
    most = largest_mantissa(chip)
    with np.errstate(over="ignore"):  # of taps that are not used; they are cut to full scale
        scaled = np.ldexp(np.multiply(kernel, scales.weight, dtype=scales.weight.dtype), weaker)
        q = np.clip(np.round(scaled / 2), -most, most).astype(np.int64)
    return (_shifted(q, 1 + exponent, most) * WEIGHT_UNIT).astype(np.int32), exponent


def _shifted(q: NDArray[np.int64], shift: int, most: int) -> NDArray[np.int64]:
    if shift >= 0:
        return q << shift
    kept = np.round(q * 2.0**shift) / 2.0**shift
    return np.clip(kept, -most, most).astype(np.int64) >> -shift
