"""A spiking network and a layer of a dense one as additions, multiplications and memory.

Both sides are counted alike. A sum is held in 32 bits (at the low end in 8 bits), and memory is
read in words of 64 bits that hold several numbers.
"""

from spikeseg.energy.costs import CostTable
from spikeseg.energy.dense import DenseLayer
from spikeseg.energy.events import Split
from spikeseg.energy.precision import Precision, price_sum
from spikeseg.energy.ranges import Range
from spikeseg.energy.work import Work

WORD_BITS = 64


def price_bit(table: CostTable) -> Range:
    """Return the energy of one bit read from, or written to, the table's memory, in joules."""
    if table.memory == "none":
        return Range.exactly(0.0)
    return table.joules(table.memory) * (1 / WORD_BITS)


def price_update(table: CostTable) -> Range:
    """Return the energy of updating a neuron, without memory, in joules.

    Our assumption: the bias is added and the threshold compared. At the low end that is one
    addition; at the high end the decays of current and potential are two multiplications more.
    """
    add, multiply = table.joules("add_int32"), table.joules("multiply_int32")
    return Range(add.low, 2 * add.value, 2 * add.high + 2 * multiply.high)


def price_spiking(work: Work, table: CostTable) -> Split:
    """Return the energy of a layer's events, in joules; packets and hops have no cost here.

    Each synaptic operation reads its weight and adds it; each update reads and writes the state;
    each spike subtracts the threshold.
    """
    bit = price_bit(table)
    return {
        "idle_neurons": price_update(table) * work.updates + bit * work.state_bits,
        "active_neurons": table.joules("add_int32") * work.spikes,
        "synapses": price_sum(table) * work.synaptic_operations + bit * work.weight_bits,
        "network": Range.exactly(0.0),
    }


def price_dense(layer: DenseLayer, precision: Precision, share: float, table: CostTable) -> Range:
    """Return the energy of one dense layer for one image, in joules.

    Low end and value move every weight, input and output once (full reuse, the bound of
    Dampfhoffer et al. 2023 and the assumption of arXiv 2409.08290); the high end reads a weight
    and an input for every multiplication.

    Args:
        layer: with its counts.
        precision: of the numbers.
        share: of the inputs that are not zero, where zeros are skipped; then a bit for each input
            says whether it is. 1 computes all.
        table: of kind ``arithmetic``.
    """
    macs = layer.macs * share
    outputs = precision.activation_bits * layer.outputs
    flags = Range.exactly(layer.inputs if share < 1 else 0.0)
    once = precision.weight_bits * layer.weights + precision.activation_bits * (
        layer.inputs * share
    )
    every = (precision.weight_bits + precision.activation_bits) * macs
    read = Range(once.low, once.value, max(once.high, every.high))
    return precision.mac(table) * macs + price_bit(table) * (read + outputs + flags)
