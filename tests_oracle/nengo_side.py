"""Builds a drawn network in nengo, runs it in nengo-loihi's emulator and reads its integers."""

import re
import warnings
from dataclasses import dataclass

import nengo
import nengo_loihi
import numpy as np
from nengo.dists import Choice

from tests_oracle.networks import Drawn, Link, Population

NAMES = {
    "decay_u": "decay_u",
    "decay_v": "decay_v",
    "threshold": "vth",
    "bias": "bias",
    "refractory": "refract_delay",
    "v_min": "vmin",
    "v_max": "vmax",
}
"""Our parameters of a core and nengo-loihi's of a compartment."""


@dataclass
class Block:
    """One core of nengo-loihi.

    Attributes:
        neurons: flat index in (H, W, C) of each compartment.
        numbers: each of nengo-loihi's `NAMES`, an array or a number.
        weights: for each source, (C, H, W, N) integers: from each neuron to each compartment, the
            sum of all groups.
        exponents: of each group, its source and its weight exponent.
    """

    neurons: list[int]
    numbers: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]
    exponents: list[tuple[str, int]]


@dataclass
class Heard:
    """What nengo-loihi made of a network.

    Attributes:
        blocks: for each population on the chip, its cores.
        spikes: for each population off chip, (T, C, H, W).
        traces: for each population on the chip ``u``, ``v``, ``spikes``, (T, C, H, W).
        warnings: the texts.
    """

    blocks: dict[str, list[Block]]
    spikes: dict[str, np.ndarray]
    traces: dict[str, dict[str, np.ndarray]]
    warnings: set[str]


def run_nengo(drawn: Drawn, num_steps: int) -> Heard:
    """Build and run.

    Raises:
        nengo.exceptions.BuildError: nengo-loihi cannot hold a value.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network = build(drawn)
        with nengo_loihi.Simulator(
            network, dt=drawn.dt, target="sim", progress_bar=False, precompute=drawn.precompute
        ) as sim:
            reader = _Reader(drawn, sim)
            blocks = reader.blocks()
            reader.record(num_steps)
            sim.run_steps(num_steps)
    texts = {str(w.message) for w in caught}
    return Heard(blocks, reader.spikes, reader.traces, texts)


def build(drawn: Drawn) -> nengo.Network:
    """Return the network; ensembles are labeled by name, connections ``source>target``."""
    ensembles = {}
    with nengo.Network(seed=1) as network:
        nengo_loihi.add_params(network)
        for population in drawn.populations:
            ensembles[population.name] = _ensemble(network, population)
        for link in drawn.links:
            nengo.Connection(
                ensembles[link.source].neurons,
                ensembles[link.target].neurons,
                transform=_transform(drawn, link),
                synapse=link.tau or None,
                label=f"{link.source}>{link.target}",
            )
    return network


def _ensemble(network: nengo.Network, population: Population) -> nengo.Ensemble:
    channels, height, width = population.shape
    ensemble = nengo.Ensemble(
        int(np.prod(population.shape)),
        1,
        neuron_type=_neuron(population),
        gain=Choice([population.gain]),
        bias=population.bias.transpose(1, 2, 0).ravel(),
        label=population.name,
    )
    network.config[ensemble].on_chip = population.kind != "host"
    if population.tile:
        c, y, x = population.tile
        shape = nengo_loihi.BlockShape((y, x, c), (height, width, channels))
        network.config[ensemble].block_shape = shape
    return ensemble


def _neuron(population: Population) -> nengo.neurons.NeuronType:
    amplitude = population.amplitude
    if population.kind == "host":
        if population.poisson:
            return nengo.PoissonSpiking(nengo.RectifiedLinear(), amplitude=amplitude)
        return nengo.SpikingRectifiedLinear(amplitude=amplitude)
    start = {"voltage": Choice([0.0])}
    if population.kind == "if":
        return nengo.SpikingRectifiedLinear(amplitude=amplitude, initial_state=start)
    return nengo.LIF(
        tau_rc=population.tau_rc,
        tau_ref=population.tau_ref,
        min_voltage=population.min_voltage,
        amplitude=amplitude,
        initial_state=start,
    )


def _transform(drawn: Drawn, link: Link) -> nengo.transforms.Transform:
    pre, post = drawn[link.source].shape, drawn[link.target].shape
    if link.kind == "dense":
        if post[1:] == (1, 1):
            matrix = link.kernel.reshape(-1, post[0]).T
        else:
            matrix = link.kernel.transpose(0, 1, 3, 2).reshape(-1, pre[0])
        return nengo.Dense(matrix.shape, init=matrix)
    kernel = np.zeros((*link.extent, pre[0], post[0]))
    kernel[:: link.dilation[0], :: link.dilation[1]] = link.kernel
    shared = {"strides": link.stride, "padding": link.padding, "kernel_size": link.extent}
    image = (*pre[1:], pre[0])
    if link.kind == "conv":
        return nengo.Convolution(post[0], image, init=kernel, **shared)
    return nengo.ConvolutionTranspose(
        post[0], image, output_shape=(*post[1:], post[0]), init=kernel, **shared
    )


class _Reader:
    """Reads integers before a run, and records while it runs."""

    def __init__(self, drawn: Drawn, sim) -> None:
        self.drawn, self.model = drawn, sim.model
        self.emulator = sim.sims["emulator"]
        self.owners = {}  # block -> population
        for block in self.model.blocks:
            self.owners[block] = re.search(r"\bp\d+\b", block.label).group()
        self.inputs = {
            spike_input: receiver.label.split(">")[0]
            for receiver, spike_input in self.model.spike_targets.items()
        }
        self.spikes: dict[str, np.ndarray] = {}
        self.traces: dict[str, dict[str, np.ndarray]] = {}

    def blocks(self) -> dict[str, list[Block]]:
        """Return the cores of every population, in nengo-loihi's order."""
        found: dict[str, list[Block]] = {}
        for block, name in self.owners.items():
            compartment = block.compartment
            numbers = {key: np.array(getattr(compartment, key)) for key in NAMES.values()}
            weights: dict[str, np.ndarray] = {}
            exponents = []
            for synapse in block.synapses:
                source, weight = self._weights(synapse, block.n_neurons)
                weights[source] = weights.get(source, 0) + weight
                exponents.append((source, synapse.synapse_cfg.weight_exp))
            neurons = list(self.model.block_comp_map[block])
            found.setdefault(name, []).append(Block(neurons, numbers, weights, exponents))
        return found

    def _weights(self, synapse, num_compartments: int) -> tuple[str, np.ndarray]:
        owners = [(i, name, range(i.n_neurons)) for i, name in self.inputs.items()]
        owners += [(b, n, self.model.block_comp_map[b]) for b, n in self.owners.items()]
        parts = [
            (name, axon, neurons)
            for owner, name, neurons in owners
            for axon in owner.axons
            if axon.target is synapse
        ]
        (source,) = {name for name, _, _ in parts}
        channels, height, width = self.drawn[source].shape
        matrix = np.zeros((height * width * channels, num_compartments), np.int64)
        for _, axon, neurons in parts:
            for place, neuron in enumerate(neurons):
                for spike in axon.map_spikes(np.array([place])):
                    base = spike and synapse.axon_compartment_base(spike.axon_idx)
                    if base is not None:
                        w, to = synapse.axon_weights_indices(spike.axon_idx, atom=spike.atom)
                        np.add.at(matrix[neuron], base + to, w)
        return source, matrix.reshape(height, width, channels, -1).transpose(2, 0, 1, 3)

    def record(self, num_steps: int) -> None:
        """From now on, keep what the host sends and every state after each step."""
        for population in self.drawn.populations:
            shape = (num_steps, *population.shape)
            if population.kind == "host":
                self.spikes[population.name] = np.zeros(shape, bool)
            else:
                kinds = {"u": np.int64, "v": np.int64, "spikes": bool}
                self.traces[population.name] = {k: np.zeros(shape, t) for k, t in kinds.items()}
        for spike_input, name in self.inputs.items():
            spike_input.add_spikes = self._listening(spike_input.add_spikes, name)
        self.emulator.step = self._watching(self.emulator.step)

    def _listening(self, add_spikes, name: str):
        channels, height, width = self.drawn[name].shape

        def add(time, indices, **how):
            add_spikes(time, indices, **how)
            y, x, c = np.unravel_index(indices, (height, width, channels))
            self.spikes[name][time - 1, c, y, x] = True

        return add

    def _watching(self, step):
        def watched():
            step()
            state = self.emulator.compartment
            for block, name in self.owners.items():
                channels, height, width = self.drawn[name].shape
                neurons = list(self.model.block_comp_map[block])
                y, x, c = np.unravel_index(neurons, (height, width, channels))
                part = self.emulator.block_info.slices[block]
                for kind, array in (
                    ("u", state.current),
                    ("v", state.voltage),
                    ("spikes", state.spiked),
                ):
                    self.traces[name][kind][self.emulator.t - 1, c, y, x] = array[part]

        return watched
