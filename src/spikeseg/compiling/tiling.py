"""Cutting every layer of a network into boxes that fit the cores of a chip."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import Box, ChipSpec
from spikeseg.chips.boxes import Shape
from spikeseg.compiling.joint import Search
from spikeseg.compiling.layers import FloatNetwork
from spikeseg.compiling.resources import Accounts, network_use
from spikeseg.compiling.unfit import (
    check_given,
    refuse_broken,
    refuse_combination,
    refuse_layer,
)


def cut(
    network: FloatNetwork, chip: ChipSpec, given: Mapping[str, Shape] | None = None
) -> dict[str, tuple[Box, ...]]:
    """Return boxes for every layer such that each fits a core of ``chip``.

    The boxes of a layer are a grid of equal tiles from its first neuron on; only the last ones of
    an axis are smaller, as with ``BlockShape`` of nengo-loihi, and in its order. Among the grids
    that keep all limits it takes those with the fewest cores, and among these the ones to which
    the fewest source pixels are delivered, summed over cores.

    Args:
        network: its weights do not matter, only which there are.
        chip: whose limits hold.
        given: tiles (C, H, W) of layers for which they are not to be chosen.

    Raises:
        CompileError: something does not fit; names the layer, the limit, the excess, and the
            smallest change that would make it fit.
    """
    key = _geometry(network, chip, given or {})
    if key not in _KNOWN:
        while len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.pop(next(iter(_KNOWN)))
        _KNOWN[key] = _searched(network, chip, given or {})
    return dict(_KNOWN[key])


_KNOWN: dict[object, dict[str, tuple[Box, ...]]] = {}  # training asks again with other weights
_MOST_KNOWN = 4


def _geometry(network: FloatNetwork, chip: ChipSpec, given: Mapping[str, Shape]) -> object:
    """Return all that cutting depends on; equal for equal cuts."""
    layers = tuple(
        (
            layer.name,
            layer.shape,
            _differing(np.asarray(layer.threshold)),
            tuple((kernel.source, kernel.weight.shape, kernel.window) for kernel in layer.kernels),
        )
        for layer in network.layers
    )
    return repr(chip), network.inputs, layers, tuple(sorted(given.items()))


def _differing(thresholds: NDArray[np.floating]) -> bytes:
    """Return thresholds where they differ; one for all takes no room, whatever it is."""
    return thresholds.tobytes() if len(np.unique(thresholds)) > 1 else b""


def _searched(
    network: FloatNetwork, chip: ChipSpec, given: Mapping[str, Shape]
) -> dict[str, tuple[Box, ...]]:
    accounts = Accounts(network, chip)
    check_given(accounts, given)
    search = Search(accounts, given)
    for layer, options in search.options.items():
        if next(iter(options), None) is None:
            refuse_layer(accounts, layer, given.get(layer))
    choice = search.run()
    if choice is None:
        refuse_combination(search)
    cuts = {name: choice[name].boxes for name in accounts.layers}
    refuse_broken(network_use(network, cuts, chip), chip)
    return cuts


def least_cores(network: FloatNetwork, chip: ChipSpec) -> int:
    """Return how many cores the neurons alone need, with one layer a core.

    >>> from spikeseg.chips import load_chip
    >>> least_cores(FloatNetwork((), (), "none"), load_chip("loihi1"))
    0
    """
    shapes = [layer.shape for layer in network.layers]
    return sum(-(-c * h * w // chip.compartments) for c, h, w in shapes)
