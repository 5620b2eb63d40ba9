"""Quantizing without nengo-loihi's two defects, and with one scale for a layer's channels.

The forward pass of training for the chip calls `quantize_kernels`, and so does the compiler, so
that what is trained is what runs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipSpec
from spikeseg.compiling.rounding import (
    WEIGHT_UNIT,
    Integers,
    QuantizedKernels,
    check_numbers,
    largest_mantissa,
    round_bias,
    round_threshold,
)
from spikeseg.errors import CompileError

Floats = NDArray[np.float32]


def quantize_kernels(
    kernels: Sequence[Floats],
    threshold: Floats,
    bias: Floats,
    gains: tuple[float, float],
    chip: ChipSpec,
    where: str = "the layer",
) -> QuantizedKernels:
    """Quantize the weights, thresholds and biases of some channels of a layer.

    All kernels share one scale ``s``, the largest that lets everything fit::

        s = min(127 * 128 / max|w|,  8388544 / (Gu Gv max threshold),  524160 / (Gu max|b|))
        w_int = round(w s / (64 * 2^(1+e))) (64 * 2^(1+e))
        threshold_int = round(threshold Gu Gv s / 64) 64,      b_int = mantissa of 12 bits(b Gu s)

    The exponent ``e`` of a kernel is -1 if its weights fit into 127 steps of 64, else 0: weights of
    the chip are multiples of 64, so that exponents below -1 hold nothing that -1 does not. Every
    integer weight is at most half a step away from ``w s``. nengo-loihi halves its scale until the
    threshold fits, which wastes up to one bit; here the scale is as large as the threshold allows.
    Formats and gains are those of loihi1 (nengo-loihi 1.1.0, discretize.py).

    Args:
        kernels: (K_h, K_w, C_in, C_out) each, C_out being the channels that share a scale.
        threshold: of these channels; any shape.
        bias: of these channels; any shape.
        gains: Gu, Gv of `spikeseg.compiling.decays.gains_of`.
        chip: the number formats.
        where: what an error calls the channels.

    Raises:
        CompileError: a weight, threshold or bias is not finite, or a threshold not above 0; a
            threshold or bias is too large for any exponent, or rounds to 0 beside the weights.

    >>> from spikeseg.chips import load_chip
    >>> chip = load_chip("loihi1")
    >>> kernel = np.array([1.0, -0.5, 0.01], np.float32).reshape(1, 1, 3, 1)
    >>> one, none = np.ones(1, np.float32), np.zeros(1, np.float32)
    >>> quantize_kernels([kernel], one, none, (1.0, 1.0), chip).weights[0].ravel()
    array([16256, -8192,   128], dtype=int32)
    """
    named = (("threshold", threshold), ("bias", bias), *(("weight", k) for k in kernels))
    for name, values in named:
        check_numbers(name, values, where)
    scale = _scale(kernels, threshold, bias, gains, chip, where)
    groups = [_round_group(kernel, scale, chip) for kernel in kernels]
    b_scale = scale * gains[0]
    v_scale = b_scale * gains[1]
    return QuantizedKernels(
        weights=tuple(weight for weight, _ in groups),
        exponents=tuple(exponent for _, exponent in groups),
        weight_scale=scale,
        v_scale=v_scale,
        b_scale=b_scale,
        threshold=round_threshold(threshold, v_scale, chip, where),
        bias=round_bias(bias, b_scale, chip),
    )


def _scale(
    kernels: Sequence[Floats],
    threshold: Floats,
    bias: Floats,
    gains: tuple[float, float],
    chip: ChipSpec,
    where: str,
) -> float:
    w_max = max((float(np.abs(kernel).max(initial=0)) for kernel in kernels), default=0.0)
    highest, b_max = float(threshold.max()), float(np.abs(bias).max())
    full = 2 * WEIGHT_UNIT * largest_mantissa(chip) / w_max if w_max > 0 else np.inf
    of_threshold = chip.threshold_max / (gains[0] * gains[1] * highest)
    of_bias = chip.bias_max / (gains[0] * b_max) if b_max > 0 else np.inf
    fitting = min(of_threshold, of_bias)
    least = full * 2.0**chip.weight_exponent_min
    if w_max > 0 and fitting < least:
        name, value = ("bias", b_max) if of_bias < of_threshold else ("threshold", highest)
        raise CompileError(
            f"the {name} {value:.6g} of {where} is too large beside the largest weight "
            f"{w_max:.6g}: even with the weight exponent {chip.weight_exponent_min}, {chip.name} "
            f"takes a {name} up to {value * fitting / least:.6g}. Make it smaller or the weights "
            "larger."
        )
    return min(full, fitting)


def _round_group(kernel: Floats, scale: float, chip: ChipSpec) -> tuple[Integers, int]:
    units = kernel.astype(np.float64) * (scale / WEIGHT_UNIT)
    fine = np.round(np.abs(units).max(initial=0)) <= largest_mantissa(chip)
    step = 1 if fine else 2
    weight = np.round(units / step) * (step * WEIGHT_UNIT)
    return weight.astype(np.int32), -1 if fine else 0
