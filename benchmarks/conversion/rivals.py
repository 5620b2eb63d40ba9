"""A trained network, converted by SpikingJelly, shown images step by step."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from spikingjelly.activation_based import ann2snn, functional
from spikingjelly.activation_based.neuron import BaseNode
from torch import Tensor, nn

from benchmarks.conversion.settings import Batches, Setting
from spikeseg.conversion import TracedNetwork
from spikeseg.errors import ConfigError
from spikeseg.layers import AbstractActivation
from spikeseg.layers.relu import ReLU
from spikeseg.networks import SizeGuard

Counts = dict[str, NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Converted:
    """A converted network.

    Attributes:
        module: takes an image (1, C, H, W) in every step, and gives (1, K, H, W).
        neurons: its spiking layers by the name of the population that they are.
    """

    module: Any
    neurons: dict[str, nn.Module]


def plain_copy(network: nn.Module) -> nn.Module:
    """Return a copy in which torch's own layers stand for those of this package.

    SpikingJelly replaces exactly ``torch.nn.ReLU``, and cannot trace a check of the image's size.

    Raises:
        ConfigError: an activation that is no rectified linear unit.
    """
    network = copy.deepcopy(network).eval()
    for name, layer in list(network.named_modules()):
        if isinstance(layer, ReLU):
            network.set_submodule(name, nn.ReLU())
        elif isinstance(layer, SizeGuard):
            network.set_submodule(name, nn.Identity())
        elif isinstance(layer, AbstractActivation):
            raise ConfigError(
                f"{name} is a {type(layer).__name__}; SpikingJelly converts ReLU only. Compare "
                "networks trained with network.activation.name: relu."
            )
    return network


def convert(
    network: nn.Module, traced: TracedNetwork, setting: Setting, batches: Batches
) -> Converted:
    """Convert a network with one of SpikingJelly's recipes.

    Args:
        network: trained.
        traced: the same network, for the names of its populations.
        setting: the recipe.
        batches: calibration batches, each (B, C, h, w).
    """
    plain = plain_copy(network)
    module = ann2snn.Converter(setting.recipe(batches), "cpu").convert(plain).eval()
    layers = dict(module.named_modules())
    places = [n.target for n in module.graph.nodes if isinstance(layers.get(n.target), BaseNode)]
    named = zip(traced.amplitudes, places, strict=True)
    return Converted(module, {name: layers[_checked(name, place)] for name, place in named})


def _checked(population: str, place: str) -> str:
    """Return the place of a spiking layer, if it lies where the population's activation lay."""
    block = population.split(".")[:-1]
    if place.split(".")[:-2] != block:  # .../ltb_spiking_0/if_node in the place of .../neurons
        raise ConfigError(
            f"the spiking layer {place} has its turn when population {population} should; name the "
            "activations by their blocks, so that they can be matched."
        )
    return place


class _Counter:
    """Adds up the spikes of each neuron."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}

    def add(self, name: str, layer: nn.Module, inputs: Any, spikes: Tensor) -> None:
        """Add one step's output of a layer; a hook."""
        if not torch.equal(spikes * spikes, spikes):
            raise ConfigError(f"{name} gave values that are neither 0 nor 1; count levels instead.")
        if name in self.sums:
            self.sums[name] += spikes[0]
        else:
            self.sums[name] = spikes[0].clone()

    def counts(self) -> Counts:
        """Return the spikes of each neuron until now; float32 adds up to 2^24 of them exactly."""
        return {name: total.long().numpy() for name, total in self.sums.items()}


@contextmanager
def _counting(converted: Converted) -> Iterator[_Counter]:
    counter = _Counter()
    hooks = [
        layer.register_forward_hook(partial(counter.add, name))
        for name, layer in converted.neurons.items()
    ]
    try:
        yield counter
    finally:
        for hook in hooks:
            hook.remove()


def present(
    converted: Converted, image: Tensor, num_steps: int
) -> Iterator[tuple[int, Tensor, Callable[[], Counts]]]:
    """Show an image in every step, from a fresh state.

    Args:
        converted: a converted network.
        image: (1, C, H, W).
        num_steps: how many steps.

    Yields:
        The step, counted from 1; the sum of the outputs until then, (K, H, W); and a function
        that gives the spikes of each neuron until now, (C, H, W).
    """
    functional.reset_net(converted.module)
    total = torch.zeros(())
    with torch.inference_mode(), _counting(converted) as counter:
        for step in range(1, num_steps + 1):
            total = total + converted.module(image)[0]
            yield step, total, counter.counts
    functional.reset_net(converted.module)
