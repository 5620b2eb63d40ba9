"""Compiles a network of float weights into a program: cut, round, place."""

from collections.abc import Mapping
from dataclasses import replace

from spikeseg.chips import Box, ChipPopulation, ChipProgram, ChipSpec, Core
from spikeseg.chips.boxes import Shape
from spikeseg.compiling.layers import FloatLayer, FloatNetwork
from spikeseg.compiling.quantizing import Mode, quantize_core
from spikeseg.compiling.tiling import cut


def compile_network(
    network: FloatNetwork,
    chip: ChipSpec,
    *,
    mode: Mode = "corrected",
    tiles: Mapping[str, Shape] | None = None,
) -> ChipProgram:
    """Return the program that runs a network on a chip, or on as many as it needs.

    Cores are numbered layer by layer and fill one chip after the other.

    Args:
        network: float weights.
        chip: its limits and number formats.
        mode: of rounding; see `quantize_core`.
        tiles: for some layers, the (C, H, W) of the part that a core holds; the others are cut
            into the fewest cores.

    Raises:
        CompileError: a layer that fits no core, or a value that the chip cannot hold; names layer,
            limit and what would fit.
    """
    boxes = cut(network, chip, tiles)
    cores = tuple(
        core
        for layer in network.layers
        for core in _cores(layer, boxes[layer.name], network, chip, mode)
    )
    return ChipProgram(
        chip=chip.name,
        inputs=network.inputs,
        populations=tuple(ChipPopulation(layer.name, layer.shape) for layer in network.layers),
        cores=cores,
        output=network.output,
        placement=tuple(number // chip.cores for number in range(len(cores))),
        dt_ms=network.dt_ms,
    )


def _cores(
    layer: FloatLayer, boxes: tuple[Box, ...], network: FloatNetwork, chip: ChipSpec, mode: Mode
) -> list[Core]:
    """Return the cores of a layer; equal ones are rounded once and share their arrays."""
    made: dict[tuple[object, ...], Core] = {}
    cores = []
    for box in boxes:
        place = box if mode == "nengo" or layer.bias.ndim > 1 else None
        key = (box.start[0], box.stop[0], box.shape, place)
        if key not in made:
            made[key] = quantize_core(layer, box, network, chip, mode)
        cores.append(replace(made[key], box=box))
    return cores
