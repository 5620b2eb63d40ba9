"""From the ledger of a program to the work of one image."""

import numpy as np

from spikeseg.chips import ChipProgram, load_chip
from spikeseg.energy.dense import DenseNetwork
from spikeseg.energy.ledger import COUNTS, Ledger
from spikeseg.energy.work import NetworkWork, StepWork, Work


def work_of(ledger: Ledger, program: ChipProgram, dense: DenseNetwork) -> NetworkWork:
    """Return the mean work of the images of a ledger.

    The work of steps is that of the mean image too: the slowest core of a step is the one that is
    slowest on average, and the time of an image a little less than the mean of its images' times.

    Args:
        ledger: of the program.
        program: with placement and positions.
        dense: the dense network of the same layers, for the number of weights.
    """
    weights = dict.fromkeys(ledger.layers, 0)
    for layer in dense.layers:
        weights[layer.target] += layer.weights
    names = np.array(ledger.layers)
    layers = {name: _work(ledger, names == name, weights[name]) for name in weights}
    images = ledger.num_images
    sizes = np.array([core.box.size for core in program.cores], np.float64)
    steps = StepWork(
        operations=ledger.operations_of_step / images,
        receiving=ledger.receiving_of_step / images,
        packets=ledger.packets_in_of_step / images,
        neurons=sizes,
        tiles=_tiles(program),
    )
    return NetworkWork(layers, ledger.num_steps, int(ledger.chips.max()) + 1, steps)


def _work(ledger: Ledger, cores: np.ndarray[tuple[int], np.dtype[np.bool_]], weights: int) -> Work:
    sums = {name: int(getattr(ledger, name)[cores].sum()) / ledger.num_images for name in COUNTS}
    return Work(neurons=sums["updates"] / ledger.num_steps, weights=weights, **sums)


def _tiles(program: ChipProgram) -> int:
    """Return how many tiles hold a core, on the chip that has most."""
    each = load_chip(program.chip).cores_per_tile
    held: dict[int, set[int]] = {}
    for chip, position in zip(program.placement, program.positions, strict=True):
        held.setdefault(chip, set()).add(position // each)
    return max(map(len, held.values()))
