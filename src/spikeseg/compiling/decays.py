"""Decays as integers of 12 bits, and how much a spike adds up to while it decays."""

import numpy as np

from spikeseg.chips import ChipSpec

LOST_IN_A_STEP = 0.494
"""What rounding down loses in a step, on average (nengo-loihi 1.1.0, discretize.py)."""

SMALLEST_DECAY = 0.5 / 4096
"""Half a unit of decay; a smaller one is none on the chip."""


def integer_decays(decay_u: float, decay_v: float, chip: ChipSpec) -> tuple[int, int]:
    """Return the decays of current and membrane that the chip holds.

    ``du = round(clip(decay_u * 4095 - 1, 0, 4095))``, since the chip adds 1 to it, and
    ``dv = round(decay_v * 4095)``; in float32, ties to even. As nengo-loihi 1.1.0, discretize.py.

    Args:
        decay_u: share of the current that a step takes away, 0..1.
        decay_v: share of the membrane potential, 0..1.
        chip: its ``decay_max`` is 4095.

    >>> from spikeseg.chips import load_chip
    >>> integer_decays(1 - np.exp(-1 / 5), 1 - np.exp(-1 / 20), load_chip("loihi1"))
    (741, 200)
    """
    largest = np.float32(chip.decay_max)
    current = np.clip(np.float32(decay_u) * largest - np.float32(1), 0, largest)
    return int(np.round(current)), int(np.round(np.float32(decay_v) * largest))


def integer_gain(decay: int, offset: int, chip: ChipSpec) -> float:
    """Return the sum of an integer exponential decay over all steps, for a start value of 1.

    With the start ``x0 = 2^21``, what is kept in a step ``r = (4096 - offset - decay) / 4096``, and
    a loss by rounding down of ``q = 0.494`` in every step, the value reaches 0 after
    ``n = -ln(1 + x0 (1 - r) / q) / ln r`` steps. With ``P = (1 - r^(n+1)) / (1 - r)``, the sum is
    ``P - q / ((1 - r) x0) (n + 1 - P)``. As nengo-loihi 1.1.0, discretize.py.

    Args:
        decay: as the chip holds it.
        offset: 1 for the current, 0 for the membrane, where ``decay`` must be at least 1.
        chip: its ``decay_max`` is 4095, and ``accumulator_bits`` 21.

    >>> from spikeseg.chips import load_chip
    >>> round(integer_gain(741, 1, load_chip("loihi1")), 9)
    5.520127454
    """
    whole, start = chip.decay_max + 1, 1 << chip.accumulator_bits
    kept = np.float64((whole - offset - decay) / whole)
    steps = -np.log1p(start * (1 - kept) / LOST_IN_A_STEP) / np.log(kept)
    total = (1 - kept ** (steps + 1)) / (1 - kept)
    lost = LOST_IN_A_STEP / ((1 - kept) * start) * (steps + 1 - total)
    return float(total - lost)


def gains_of(decay_u: int, decay_v: int, scale_v: bool, chip: ChipSpec) -> tuple[float, float]:
    """Return Gu and Gv: the `integer_gain` of current and membrane; Gv is 1 without ``scale_v``.

    Args:
        decay_u: as the chip holds it.
        decay_v: as the chip holds it.
        scale_v: whether the membrane's gain is folded into the weights.
        chip: the number formats.
    """
    return integer_gain(decay_u, 1, chip), integer_gain(decay_v, 0, chip) if scale_v else 1.0
