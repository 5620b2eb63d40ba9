"""Arithmetic and memory whose accesses cost more the larger it is.

After Lemaire et al. 2022, "An Analytical Estimation of Spiking Neural Networks Energy Efficiency"
(arXiv 2210.13107); the numbers of equations are the paper's, as two public readings of it give
them (the plug-in for spiking networks of Qualia, SpikingJelly's operation counter). Counts of
synaptic operations are the ledger's, with borders, in place of the paper's products of sizes.
"""

import numpy as np

from spikeseg.energy.arithmetic import price_update
from spikeseg.energy.costs import CostTable
from spikeseg.energy.dense import DenseLayer
from spikeseg.energy.events import Split
from spikeseg.energy.precision import Precision
from spikeseg.energy.ranges import Range
from spikeseg.energy.work import Work

KILO = 1024.0
SIZES = (0.0, 8 * KILO, 32 * KILO, 1024 * KILO)
FIFO_BYTES = 4000.0
"""Of the queues of spikes: 1000 messages of 32 bits, as SpikingJelly reads the paper."""


def price_access(size: float, table: CostTable) -> Range:
    """Return the energy of one access to a memory of ``size`` bytes, in joules.

    It is interpolated between 0 and the energies of 8 KB, 32 KB and 1 MB, above which it stays.
    (Qualia fits one straight line to the three instead: 13.3 pJ for the smallest memory.)

    >>> from spikeseg.energy import load_costs
    >>> round(price_access(20 * 1024, load_costs("lemaire2022")).value * 1e12, 6)
    15.0
    """
    known = [table.joules(entry) for entry in ("sram_8kb", "sram_32kb", "sram_1mb")]
    ends = (
        float(np.interp(size, SIZES, [0.0, *(getattr(cost, end) for cost in known)]))
        for end in ("low", "value", "high")
    )
    return Range(*ends)


def price_spiking_by_size(work: Work, table: CostTable) -> Split:
    """Return the energy of a layer's events, in joules.

    A synaptic operation computes its address (eq. 16, 17), reads its weight (eq. 7, 8), reads,
    adds to and writes a potential (eq. 1, 2, 9, 14). An update reads a bias and reads and writes
    its potential (eq. 7, 9, 14). A spike subtracts the threshold (eq. 1) and is written to a queue
    (eq. 13); one that arrives is read from it (eq. 5) and its address is multiplied out (eq. 16).
    """
    add = table.joules("add_int32")
    queue = price_access(FIFO_BYTES, table)
    potential = _access(work.neurons, work.state_bits / 2, work.updates, table)
    weight = _access(work.weights, work.weight_bits, work.synaptic_operations, table)
    bias = price_access(4 * work.neurons, table)
    update = price_update(table) + bias + potential * 2.0
    address = (table.joules("multiply_int32") + add) * 2.0
    return {
        "idle_neurons": update * work.updates,
        "active_neurons": (add + queue) * work.spikes,
        "synapses": (add * 2.0 + weight + potential * 2.0) * work.synaptic_operations,
        "network": (queue + address) * work.packets_in,
    }


def _access(numbers: float, bits: float, accesses: float, table: CostTable) -> Range:
    """Return the energy of an access to a memory of ``numbers`` as wide as the accesses tell."""
    return price_access(numbers * bits / accesses / 8 if accesses else 0.0, table)


def price_dense_by_size(
    layer: DenseLayer, precision: Precision, share: float, table: CostTable
) -> Range:
    """Return the energy of one dense layer for one image, in joules.

    Every multiplication reads its input (eq. 3) and its weight (eq. 6); every output reads its
    bias and is written (eq. 6, 12); addresses are counted up (eq. 16).

    Args:
        layer: with its counts.
        precision: of the numbers.
        share: of the inputs that are not zero, where zeros are skipped; finding
            them costs nothing. 1 computes all.
        table: of kind ``arithmetic`` with the memory ``by_size``.
    """
    macs = layer.macs * share
    read = _memory(layer.inputs, precision.activation_bits, table)
    read += _memory(layer.weights, precision.weight_bits, table)
    written = _memory(layer.outputs, precision.activation_bits, table) * 2.0
    addresses = table.joules("add_int32") * (layer.inputs + layer.outputs + layer.kernel)
    return (precision.mac(table) + read) * macs + written * layer.outputs + addresses


def _memory(numbers: float, bits: Range, table: CostTable) -> Range:
    low, high = (price_access(numbers * b / 8, table) for b in (bits.low, bits.high))
    value = price_access(numbers * bits.value / 8, table)
    return Range(low.low, value.value, high.high)
