"""Thresholds, biases and limits of the membrane potential in the chip's number formats."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipSpec
from spikeseg.errors import CompileError

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]

WEIGHT_UNIT = 64
"""Weights on the chip are multiples of it (nengo-loihi 1.1.0, discretize.py: exponent 6)."""


@dataclass(frozen=True, eq=False)
class QuantizedKernels:
    """Kernels that lead to the same neurons, and these neurons, in the chip's integers.

    Attributes:
        weights: one array (K_h, K_w, C_in, C_out), int32, for each kernel, in units of the synaptic
            accumulator.
        exponents: weight exponent of each kernel; the weights have it in them.
        weight_scale: what a weight of 1 is in units of the accumulator, before it is rounded.
        v_scale: what a threshold or membrane potential of 1 is.
        b_scale: what a bias of 1 is.
        threshold: int32, as they were given in shape.
        bias: int32, as they were given in shape.
    """

    weights: tuple[Integers, ...]
    exponents: tuple[int, ...]
    weight_scale: float
    v_scale: float
    b_scale: float
    threshold: Integers
    bias: Integers


def largest_mantissa(chip: ChipSpec) -> int:
    """Return the largest mantissa of a weight, of 8 bits with its sign.

    >>> from spikeseg.chips import load_chip
    >>> largest_mantissa(load_chip("loihi1"))
    127
    """
    return (1 << (chip.weight_bits - 1)) - 1


def check_numbers(name: str, values: NDArray[np.floating], where: str) -> None:
    """Check that all numbers are finite, and thresholds above 0.

    Args:
        name: of the parameter; ``"threshold"`` is held to more.
        values: any shape.
        where: what the error calls the neurons.

    Raises:
        CompileError: says which value, and where in its array.
    """
    is_threshold = name == "threshold"
    wrong = ~np.isfinite(values) | ((values <= 0) if is_threshold else False)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise CompileError(
            f"the {name} of {where} at {at} is {values[at]}; it must be finite"
            f"{' and greater than 0' * is_threshold}. Look for what went wrong in training or "
            "conversion."
        )


def round_threshold(threshold: Floats, v_scale: float, chip: ChipSpec, where: str) -> Integers:
    """Return thresholds as multiples of 64, ``round(round(threshold v_scale) / 64) 64``.

    Raises:
        CompileError: one rounds to 0, being too small beside the largest weight or bias.
    """
    step = chip.threshold_step
    units = np.round(np.round(threshold.astype(np.float64) * v_scale) / step)
    if (units < 1).any():
        raise CompileError(
            f"the threshold {threshold.min():.6g} of {where} rounds to 0: {chip.name} takes "
            f"multiples of {step}, and with weights or biases as large as here a multiple is worth "
            f"{step / v_scale:.6g}. Make the threshold at least that, or the largest weight or "
            "bias smaller by as much."
        )
    return np.asarray(units * step).astype(np.int32)


def round_bias(bias: Floats, b_scale: float, chip: ChipSpec) -> Integers:
    """Return biases, each a mantissa of 12 bits times the least power of two that it needs.

    ``e = ceil(log2(max(|b| / 4095, 1)))`` with ``b = round(bias b_scale)``, then
    ``round(b / 2^e) 2^e``; as nengo-loihi 1.1.0, discretize.py.
    """
    rounded = np.round(bias.astype(np.float64) * b_scale)
    exponent = np.ceil(np.log2(np.maximum(np.abs(rounded) / chip.bias_mantissa_max, 1)))
    power = np.exp2(exponent)
    return np.asarray(np.round(rounded / power) * power).astype(np.int32)


def potential_limits(v_min: float, v_max: float, v_scale: float, chip: ChipSpec) -> tuple[int, int]:
    """Return the lowest and the highest membrane potential that the chip holds.

    ``-2^m + 1`` with ``m = round(log2(1 - v_min v_scale))`` within 0..31, and ``2^(9 + 2k) - 1``
    with ``k = round((log2(1 + v_max v_scale) - 9) / 2)`` within 0..7; as nengo-loihi 1.1.0.

    >>> from spikeseg.chips import load_chip
    >>> potential_limits(-1.0, float("inf"), 1000.0, load_chip("loihi1"))
    (-1023, 8388607)
    """
    most = (chip.v_max.bit_length() - 9) // 2
    low = np.clip(np.round(np.log2(1 - v_min * v_scale)), 0, chip.v_min.bit_length())
    high = np.clip(np.round((np.log2(1 + v_max * v_scale) - 9) / 2), 0, most)
    return 1 - (1 << int(low)), (1 << (9 + 2 * int(high))) - 1
