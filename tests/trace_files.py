"""Networks with what nengo-loihi made of them, in one file without pickle."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg.chips import Box, ChipPopulation, ChipProgram, SpikeInput, Window, load_chip
from spikeseg.compiling import FloatKernel, FloatLayer, FloatNetwork, quantize_core


@dataclass
class TracedNet:
    """A network and nengo-loihi's integers and states.

    Attributes:
        network: the float parameters.
        boxes: for each layer, its cores' boxes.
        integers: under "LAYER/CORE/PARAMETER" the parameters of its compartments, under
            "LAYER/CORE/from SOURCE" the weight (C, H, W, N) from each neuron to each compartment.
        spikes: of the inputs, (T, C, H, W).
        traces: "LAYER/u", "LAYER/v", "LAYER/spikes", (T, C, H, W).
    """

    network: FloatNetwork
    boxes: dict[str, list[Box]]
    integers: dict[str, np.ndarray]
    spikes: dict[str, np.ndarray]
    traces: dict[str, np.ndarray]

    @property
    def num_steps(self) -> int:
        return len(next(iter(self.traces.values())))

    def program(self) -> ChipProgram:
        """Return the program that our compiler makes in mode "nengo"."""
        return program_of(self.network, self.boxes)


def program_of(network: FloatNetwork, boxes: Mapping[str, Sequence[Box]]) -> ChipProgram:
    """Return the program of a network in mode "nengo", with the cores' boxes of each layer."""
    chip = load_chip("loihi1")
    cores = tuple(
        quantize_core(layer, box, network, chip, "nengo")
        for layer in network.layers
        for box in boxes[layer.name]
    )
    return ChipProgram(
        chip="loihi1",
        inputs=network.inputs,
        populations=tuple(ChipPopulation(p.name, p.shape) for p in network.layers),
        cores=cores,
        output=network.output,
        placement=(0,) * len(cores),
        dt_ms=network.dt_ms,
    )


def save_nets(path: Path, nets: dict[str, TracedNet]) -> None:
    """Write networks by name; all arrays of a type lie in one, since a file of its own is large."""
    parts: dict[str, list[np.ndarray]] = {}

    def plain(part: Any) -> Any:
        if isinstance(part, np.ndarray):
            before = parts.setdefault(part.dtype.name, [])
            start = sum(array.size for array in before)
            before.append(part.ravel())
            return {"dtype": part.dtype.name, "start": start, "shape": part.shape}
        if dataclasses.is_dataclass(part):
            return {f.name: plain(getattr(part, f.name)) for f in dataclasses.fields(part)}
        if isinstance(part, dict):
            return {key: plain(value) for key, value in part.items()}
        return [plain(p) for p in part] if isinstance(part, list | tuple) else part

    structure = {name: plain(net) for name, net in nets.items()}
    arrays: dict[str, Any] = {name: np.concatenate(found) for name, found in parts.items()}
    np.savez_compressed(path, structure=np.array(json.dumps(structure)), **arrays)


def load_nets(path: Path) -> dict[str, TracedNet]:
    """Read networks by name."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = dict(stored)

    def whole(part: Any) -> Any:
        if isinstance(part, dict) and "dtype" in part:
            stop = part["start"] + int(np.prod(part["shape"]))
            return arrays[part["dtype"]][part["start"] : stop].reshape(part["shape"])
        if isinstance(part, dict):
            return {key: whole(value) for key, value in part.items()}
        return tuple(whole(p) for p in part) if isinstance(part, list) else part

    structure = whole(json.loads(str(arrays["structure"])))
    return {name: _net(**fields) for name, fields in structure.items()}


def _net(network: dict[str, Any], boxes: dict[str, Any], **rest: Any) -> TracedNet:
    inputs = tuple(SpikeInput(**part) for part in network.pop("inputs"))
    layers = tuple(_layer(**part) for part in network.pop("layers"))
    return TracedNet(
        network=FloatNetwork(inputs=inputs, layers=layers, **network),
        boxes={name: [Box(**box) for box in found] for name, found in boxes.items()},
        **rest,
    )


def _layer(kernels: tuple[dict[str, Any], ...], **rest: Any) -> FloatLayer:
    made = (FloatKernel(k["source"], k["weight"], Window(**k["window"])) for k in kernels)
    return FloatLayer(kernels=tuple(made), **rest)
