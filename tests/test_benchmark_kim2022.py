"""The comparison of Kim et al. 2022: what is counted, and what the summary says."""

import numpy as np
import pytest
import torch

import spikeseg as ss
from benchmarks.kim2022.summarize import summarize
from benchmarks.kim2022.work import Work, work_of_analog, work_of_graph, work_of_spiking
from spikeseg.config import ConversionConfig, SpikingConfig
from spikeseg.conversion import spiking_graph

HEARD = 2 * 2 * (8 * 3 - 2) ** 2  # two images, two channels; a 3 x 3 kernel on 8 x 8 pixels, padded


def row(kind, name, steps, miou, joules=1.0):
    return {
        "kind": kind,
        "network": name,
        "num_steps": steps,
        "miou": miou,
        "arithmetic_joules_per_image": joules,
    }


def test_the_summary_compares_at_equal_steps():
    rows = [
        row("ann", "ANN", 1, 0.8, joules=4.0),
        *(row("converted", "a", steps, 0.1 * steps) for steps in (1, 2, 4, 8)),
        row("direct", "d", 5, 0.75, joules=1.0),
    ]
    found = summarize(rows)["direct"]
    assert found["converted_steps"] == 4  # the most that are not more than 5
    assert found["converted"] == {"a": pytest.approx(0.4)}
    assert found["below_ann"] == pytest.approx(0.05)
    assert found["joules_over_ann"] == 0.25


def test_joules_are_additions_and_multiplications_at_their_prices():
    both = Work(additions=10.0) + Work(multiplications=2.0)
    assert both.joules == pytest.approx(10 * 0.9e-12 + 2 * 4.6e-12)


def one_convolution():
    """Return a network of one hidden layer, 1 channel to 2, 3 x 3, and its dense products."""
    torch.manual_seed(0)
    spiking = SpikingConfig(num_steps=3, norm="none")
    config = ss.NetworkConfig(depth=1, width=2, units=1, spiking=spiking)
    network = ss.make_network(config, in_channels=1, num_classes=2).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.uniform_(module.bias, 0.2, 0.8)  # so that neurons fire
    return network


def test_work_of_a_directly_trained_network_adds_a_weight_for_each_spike_and_synapse():
    network, images = one_convolution(), torch.rand(2, 1, 8, 8)
    graph = spiking_graph(network, images)
    _, counts = network.counted(images)
    work = work_of_spiking(network.config, graph, images, counts)
    expected = 0.0
    for population in graph.hidden:
        reach = graph.fan_out(population.name)
        for fired in counts[population.name].numpy():
            expected += sum(fired[i] * reach[i] for i in np.ndindex(*fired.shape))
    assert work.additions == pytest.approx(expected)
    assert expected > 0
    assert work.multiplications == HEARD  # the image, once
    assert work.spikes == sum(float(c.sum()) for c in counts.values())


def test_input_that_changes_with_the_steps_is_heard_in_every_step():
    network, images = one_convolution(), torch.rand(1, 1, 8, 8)
    graph = spiking_graph(network, images)
    _, counts = network.counted(images)
    once, each, drawn = (
        work_of_spiking(SpikingConfig(num_steps=3, coding=coding), graph, images, counts)
        for coding in ("direct", "steps", "poisson")
    )
    assert each.multiplications == 3 * once.multiplications
    assert drawn.multiplications == 0
    assert drawn.additions - once.additions == 3 * once.multiplications


def test_the_analog_network_multiplies_everywhere_and_its_graph_the_image_only():
    config = ss.NetworkConfig(depth=1, width=2, units=1, norm="none")
    network = ss.make_network(config, in_channels=1, num_classes=2).eval()
    images = torch.rand(2, 1, 8, 8)
    graph = ss.convert(network, images, ConversionConfig(recipes=("maximum",)))
    found = ss.simulate(graph, images, 4)
    whole, spiking = work_of_analog(graph, images), work_of_graph(graph, images, found.spike_counts)
    assert spiking.multiplications == HEARD
    assert whole.multiplications > spiking.multiplications
    assert whole.additions == 0
