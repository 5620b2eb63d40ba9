"""Runs both networks on images, one after another, and compares them layer by layer."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from spikeseg.conversion import TracedNetwork, record_activations
from spikeseg.diagnosis.parts import PARTS
from spikeseg.diagnosis.places import depths, roles, stride_of
from spikeseg.diagnosis.relations import relations
from spikeseg.diagnosis.results import Diagnosis, LayerDiagnosis, Part
from spikeseg.diagnosis.tally import Activity, Spiking
from spikeseg.engine import simulate
from spikeseg.engine.currents import Current
from spikeseg.errors import ConfigError, DataError
from spikeseg.graph import Connection, Population, SpikingGraph
from spikeseg.progress import Progress, silent


def diagnose(
    traced: TracedNetwork,
    graph: SpikingGraph,
    images: Tensor,
    calibration: Tensor,
    num_steps: int,
    *,
    progress: Progress = silent,
) -> Diagnosis:
    """Compare the activations of an analog network with those of its spiking graph.

    One image is in work at a time; its spikes are all kept, one byte for each neuron and step.

    Args:
        traced: the analog network, on the device of the images.
        graph: converted from it.
        images: (B, C, H, W), test images.
        calibration: (N, C, h, w), what thresholds were chosen on, or images like it.
        num_steps: T.
        progress: is told the images done.

    Raises:
        DataError: no images.
        ConfigError: ``num_steps`` is not positive.
        ShapeError: the images do not fit the graph.
    """
    if not len(images) or not len(calibration):
        raise DataError("there are no images to look at; pass at least one of each kind.")
    if num_steps < 1:
        raise ConfigError(f"num_steps is {num_steps}; it must be at least 1.")
    graph = graph.resized(images.shape[2], images.shape[3])
    steps = doubling(num_steps)
    firing = [p for p in graph.hidden if p.neuron]  # a gate is exact: it has nothing to tell
    worth = {p.name: torch.tensor(p.spike_values, device=images.device) for p in firing}
    known, tested = ({n: Activity(w, num_steps) for n, w in worth.items()} for _ in range(2))
    for image in calibration:
        _add(known, record_activations(traced, image[None]))
    spiking = {n: Spiking(w, num_steps, steps) for n, w in worth.items()}
    for i, image in enumerate(images):
        activations = record_activations(traced, image[None])
        _add(tested, activations)
        _compare(spiking, traced, graph, image[None], activations, num_steps)
        progress("diagnose", i + 1, len(images))
    layers = tuple(_layer(graph, p, tested[p.name], known[p.name], spiking[p.name]) for p in firing)
    size = (images.shape[2], images.shape[3])
    counts = (len(images), len(calibration))
    return Diagnosis(num_steps, *counts, size, steps, layers, relations(layers))


def doubling(num_steps: int) -> tuple[int, ...]:
    """Return 1, 2, 4, ... up to the number of steps, which comes last.

    >>> doubling(12)
    (1, 2, 4, 8, 12)
    """
    return (*(2**k for k in range(64) if 2**k < num_steps), num_steps)


def _add(activities: Mapping[str, Activity], found: Mapping[str, Tensor]) -> None:
    for name, activity in activities.items():
        activity.add(found[name])


def _compare(
    spiking: Mapping[str, Spiking],
    traced: TracedNetwork,
    graph: SpikingGraph,
    image: Tensor,
    activations: Mapping[str, Tensor],
    num_steps: int,
) -> None:
    """Simulate one image and add what the spikes of each layer make of it."""
    simulation = simulate(graph, image, num_steps, keep_spikes=True)
    rates = {name: count / num_steps for name, count in simulation.net_counts.items()}
    analog = {graph.input.name: image, **activations}
    received = {graph.input.name: image, **rates}
    with torch.inference_mode():
        for name, tally in spiking.items():
            into = tuple(c for c in traced.connections if c.target == name)
            wanted = _rectified(into, analog, image)
            current = _rectified(graph.into(name), received, image)
            moved = current * tally.worth - wanted
            tally.add(activations[name], simulation.spikes[name], moved)


def _rectified(
    connections: tuple[Connection, ...], values: Mapping[str, Tensor], like: Tensor
) -> Tensor:
    """Return the positive part of the mean current into a population, (1, C, H, W)."""
    parts = [Current(c, like)(values[c.source]) for c in connections]
    return sum(parts[1:], parts[0]).relu()


def _layer(
    graph: SpikingGraph, population: Population, tested: Activity, known: Activity, found: Spiking
) -> LayerDiagnosis:
    neuron, name = population.neuron, population.name
    assert neuron is not None
    dead, silenced, saturated = found.neurons()
    return LayerDiagnosis(
        name=name,
        shape=population.shape,
        depth=depths(graph)[name],
        stride=stride_of(graph, population),
        role=roles(graph)[name],
        neuron=neuron.name,
        threshold=float(np.median(population.spike_values)),
        v_initial=float(np.mean(neuron.v_initial)) / neuron.v_threshold,
        relative_error=found.curve[-1],
        late_error=found.late_error,
        curve=found.curve,
        parts={part: Part(*found.part(part)) for part in PARTS},
        dead=dead,
        silent=silenced,
        saturated=saturated,
        first_step=found.step_of(0.0),
        first_percent=found.step_of(0.01),
        first_half=found.step_of(0.5),
        spatial_variance=tested.spatial_variance,
        variation=tested.variation,
        under_firing=tested.under_firing,
        mean_ratio=_ratio(tested.mean, known.mean),
        high_ratio=_ratio(tested.high, known.high),
        above_threshold=tested.above_threshold,
    )


def _ratio(test: float, calibration: float) -> float | None:
    return test / calibration if calibration else None
