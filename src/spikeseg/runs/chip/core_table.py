"""``cores.json``: how full the cores of a program are, layer by layer and core by core."""

import math
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from spikeseg._version import __version__
from spikeseg.chips import ChipProgram, ChipSpec
from spikeseg.compiling import CoreUse, FloatNetwork, LayerRow, layer_rows, least_cores, network_use
from spikeseg.compiling.resources import RESOURCES
from spikeseg.runs.folder import FORMAT


def core_table(network: FloatNetwork, chip: ChipSpec, program: ChipProgram) -> dict[str, Any]:
    """Return the use of every core, with that of each layer.

    Args:
        network: what was compiled.
        chip: for which.
        program: what came out; it says where the layers were cut.
    """
    cuts = {p.name: [core.box for core in program.cores_of(p.name)] for p in program.populations}
    uses = network_use(network, cuts, chip)
    of_layer = {name: [use for use in uses if use.layer == name] for name in cuts}
    rows = layer_rows(uses, chip)
    return {
        "format": FORMAT,
        "version": __version__,
        "chip": {"name": chip.name, "title": chip.title, "cores": chip.cores}
        | {"limits": {name: getattr(chip, name) for name in RESOURCES}},
        "num_cores": len(program.cores),
        "num_chips": max(program.placement) + 1,
        "least_cores": least_cores(network, chip),
        "num_neurons": program.num_neurons,
        "num_host_neurons": sum(math.prod(part.shape) for part in program.inputs),
        "host": [{"name": part.name, "shape": list(part.shape)} for part in program.inputs],
        "layers": [_layer(row, of_layer[row.layer], program) for row in rows],
    }


def fullest(table: dict[str, Any]) -> tuple[str, str, float]:
    """Return the layer and the resource of which some core uses the largest share, and the share.

    Args:
        table: as `core_table` returns it.
    """
    shares = ((entry, entry["largest"][entry["fullest"]]) for entry in table["layers"])
    entry, share = max(shares, key=lambda pair: pair[1])
    return entry["name"], entry["fullest"], share


def _layer(row: LayerRow, uses: list[CoreUse], program: ChipProgram) -> dict[str, Any]:
    return {
        "name": row.layer,
        "shape": list(program.shapes[row.layer]),
        "neurons": row.neurons,
        "tile": list(uses[0].box.shape),
        "cores": row.cores,
        "least_cores": row.least_cores,
        "traffic": row.traffic,
        "fullest": row.fullest,
        "largest": dict(row.largest),
        "mean": dict(row.mean),
        "rows": {name: runs(getattr(use, name) for use in uses) for name in RESOURCES},
    }


def runs(values: Iterable[int]) -> str:
    """Return numbers in their order, equal neighbors as ``value*count``.

    >>> runs([7, 7, 7, 2, 7])
    '7*3 2 7'
    """
    counted = ((value, len(list(group))) for value, group in groupby(values))
    return " ".join(str(v) if count == 1 else f"{v}*{count}" for v, count in counted)
