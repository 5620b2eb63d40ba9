"""What to say of a network that does not fit: layer, limit, by how much, the smallest change."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np

from spikeseg.chips import ChipSpec
from spikeseg.chips.boxes import Shape
from spikeseg.compiling.candidates import make_candidate, typical_boxes
from spikeseg.compiling.joint import Search
from spikeseg.compiling.layers import FloatKernel, FloatLayer, FloatNetwork
from spikeseg.compiling.resources import RESOURCES, Accounts, CoreUse
from spikeseg.errors import CompileError

WORDS = {
    "compartments": "neurons",
    "in_axons": "input axons",
    "out_axons": "output axons",
    "synapse_bits": "bits of synaptic memory",
    "profiles": "different neurons",
    "thresholds": "different thresholds",
}
ONE: Shape = (1, 1, 1)


def check_given(accounts: Accounts, given: Mapping[str, Shape]) -> None:
    """Refuse tiles for layers that are not there, and tiles that are no part of their layer.

    Raises:
        CompileError: names the layer.
    """
    for name, tile in given.items():
        if name not in accounts.layers:
            raise CompileError(
                f"a tile is given for {name!r}; the layers are {', '.join(accounts.layers)}."
            )
        shape = accounts.layers[name].shape
        if len(tile) != 3 or any(not 1 <= t <= n for t, n in zip(tile, shape, strict=True)):
            raise CompileError(
                f"the tile given for {name} is {tile}; it must be (channels, rows, columns), each "
                f"from 1 to that of the layer, {shape}."
            )


def refuse_layer(accounts: Accounts, layer: str, given: Shape | None) -> NoReturn:
    """Say why no core can hold a tile of ``layer``, and what would make it fit.

    Raises:
        CompileError: always.
    """
    over = _worst(accounts, layer, given or ONE)
    if given is not None:
        raise CompileError(
            f"the tile {given} given for {layer} does not fit a core of {accounts.chip.name}: "
            f"{_excess(over, accounts.chip)}. Give a smaller one, or none."
        )
    raise CompileError(
        f"{layer} fits no core of {accounts.chip.name}: with one neuron a core, it still takes "
        f"{_excess(over, accounts.chip)}. {_mend(accounts, layer)}"
    )


def refuse_combination(search: Search) -> NoReturn:
    """Say which layer sends to too many cores whatever its tiles are.

    Raises:
        CompileError: always.
    """
    chip = search.accounts.chip
    for layer in search.order:
        targets = {target for target, _ in search.accounts.outgoing[layer]}
        tile = search.options[layer].given or ONE
        one = make_candidate(search.accounts, layer, tile)
        choice = {t: one if t == layer else next(iter(search.options[t])) for t in targets}
        most = search.axons.most(one, choice)
        if most > chip.out_axons:
            cores = ", ".join(f"{t} on {choice[t].cores}" for t in sorted(targets))
            raise CompileError(
                f"{layer} fits no core of {chip.name}: with tiles of {tile}, a core takes "
                f"{_excess({'out_axons': most}, chip)}, for it sends to {cores} cores. It fits if "
                f"these lie on about {chip.out_axons / most:.0%} as many: give them fewer "
                "channels or smaller kernels."
            )
    raise CompileError(
        f"no tiles were found with which all cores of {chip.name} send over at most "
        f"{chip.out_axons} output axons. Give tiles for some layers, or fewer channels."
    )


def refuse_broken(uses: Sequence[CoreUse], chip: ChipSpec) -> None:
    """Refuse cores that break a limit.

    Raises:
        CompileError: names the first such core.
    """
    for number, use in enumerate(uses):
        over = use.over(chip)
        if over:
            values = {name: getattr(use, name) for name in over}
            raise CompileError(
                f"core {number} ({use.layer}, {use.box}) takes {_excess(values, chip)}."
            )


def _worst(accounts: Accounts, layer: str, tile: Shape) -> dict[str, int]:
    """Return the highest use of each resource that some tile has too much of."""
    boxes = typical_boxes(accounts, make_candidate(accounts, layer, tile))
    uses = [accounts.local(layer, box) for box in boxes]
    most = {name: max(getattr(use, name) for use in uses) for name in RESOURCES}
    return {name: value for name, value in most.items() if value > getattr(accounts.chip, name)}


def _excess(values: Mapping[str, int], chip: ChipSpec) -> str:
    parts = []
    for name, value in values.items():
        limit = getattr(chip, name)
        parts.append(f"{value:,} {WORDS[name]}, {value - limit:,} more than the {limit:,} it has")
    return " and ".join(parts)


def _mend(accounts: Accounts, layer: str) -> str:
    """Return the most channels, and the largest kernels, with which one neuron fits."""
    one = accounts.layers[layer]
    channels = max(kernel.weight.shape[2] for kernel in one.kernels)
    taps = max(max(kernel.weight.shape[:2]) for kernel in one.kernels)
    changes = []
    most = _largest(accounts, one, channels, 2)
    if most:
        changes.append(f"at most {most:,} channels of each source")
    most = _largest(accounts, one, taps, 0)
    if most:
        changes.append(f"kernels of at most {most} x {most}")
    if not changes:
        return "Give it fewer sources, with fewer channels and smaller kernels."
    return f"It fits with {', or with '.join(changes)}."


def _largest(accounts: Accounts, layer: FloatLayer, now: int, axis: int) -> int:
    """Return the largest size below ``now`` of the kernels' ``axis`` with which it fits, or 0.

    The axis 0 stands for rows and columns, 2 for channels of the source.
    """
    low, high = 0, now
    while high - low > 1:
        middle = (low + high) // 2
        smaller = _with_kernels(accounts, layer, middle, axis)
        if _worst(smaller, layer.name, ONE):
            high = middle
        else:
            low = middle
    return low


def _with_kernels(accounts: Accounts, layer: FloatLayer, size: int, axis: int) -> Accounts:
    axes = (0, 1) if axis == 0 else (axis,)
    kernels = tuple(_shrunk(kernel, size, axes) for kernel in layer.kernels)
    network = accounts.network
    changed = replace(layer, kernels=kernels)
    layers = tuple(changed if one is layer else one for one in network.layers)
    return Accounts(FloatNetwork(network.inputs, layers, network.output), accounts.chip)


def _shrunk(kernel: FloatKernel, size: int, axes: tuple[int, ...]) -> FloatKernel:
    shape = tuple(min(n, size) if axis in axes else n for axis, n in enumerate(kernel.weight.shape))
    return replace(kernel, weight=np.broadcast_to(np.float32(0), shape))
