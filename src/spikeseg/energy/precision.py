"""The widths of numbers that a dense network computes with, and what its operations cost."""

from dataclasses import dataclass

from spikeseg.energy.costs import CostTable
from spikeseg.energy.ranges import Range


@dataclass(frozen=True)
class Precision:
    """How a dense network holds its numbers.

    Attributes:
        key: short name.
        title: in words.
        number: ``fp32``, ``fp16`` or ``int8``: whose multiplication it is priced from.
        weight_bits: of a weight.
        activation_bits: of an activation.
        scale: energy of its multiplication, as a multiple of that of ``number``.
    """

    key: str
    title: str
    number: str
    weight_bits: Range
    activation_bits: Range
    scale: Range

    def multiply(self, table: CostTable) -> Range:
        """Return the energy of one multiplication, in joules."""
        return table.joules(f"multiply_{self.number}") * self.scale

    def mac(self, table: CostTable) -> Range:
        """Return the energy of one multiplication and the addition to a sum, in joules.

        Products of floats are added as floats, integers to a sum of 32 bits; at the low end to
        one of 8 bits, as where INT8 is counted with 0.23 pJ.
        """
        if self.number == "int8":
            return self.multiply(table) + price_sum(table)
        return self.multiply(table) + table.joules(f"add_{self.number}")


def price_sum(table: CostTable) -> Range:
    """Return the energy of adding an integer to a sum, in joules."""
    wide = table.joules("add_int32")
    return Range(table.joules("add_int8").low, wide.value, wide.high)


def _same(key: str, title: str, bits: int) -> Precision:
    width = Range.exactly(bits)
    return Precision(key, title, key, width, width, Range.exactly(1))


FP32 = _same("fp32", "dense FP32", 32)
FP16 = _same("fp16", "dense FP16", 16)
INT8 = _same("int8", "dense INT8", 8)


def matched_bits(num_steps: int) -> int:
    """Return the bits of an activation with as many values as a count of spikes has.

    They are ceil(log2(T + 1)) (arXiv 2409.08290, theorem 1).

    >>> [matched_bits(t) for t in (1, 3, 4, 7, 8, 300)]
    [1, 2, 3, 3, 4, 9]
    """
    return num_steps.bit_length()


def matched(num_steps: int) -> Precision:
    """Return the precision of the quantized network that matches T steps.

    Its activations have b = ceil(log2(T + 1)) bits. Our assumption on its weights and its
    multiplication, from the INT8 entry: weights keep 8 bits and the multiplier is 8 x b, so it
    costs b / 8; the other bound has b bits for both, and (b / 8)^2.
    """
    bits = matched_bits(num_steps)
    narrow, wide = sorted((bits, 8))
    linear, square = bits / 8, (bits / 8) ** 2
    weights = Range(narrow, 8, wide)
    scale = Range(min(linear, square), linear, max(linear, square))
    title = f"quantized network with activations of {bits} bits"
    return Precision("matched", title, "int8", weights, Range.exactly(bits), scale)
