"""The graph: what it checks, and what it knows of itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from spikeseg.config import NetworkConfig
from spikeseg.conversion import convert
from spikeseg.errors import ConfigError, ShapeError
from spikeseg.graph import (
    AveragePooling,
    Connection,
    Convolution,
    Population,
    SpikingGraph,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.networks import make_network
from spikeseg.neurons import Neuron


def conv(cin, cout, taps=3, stride=1, padding=1):
    weight = np.ones((cout, cin, taps, taps), np.float32)
    return Convolution(weight, stride=(stride, stride), padding=(padding,) * 4)


def parts():
    """Return populations and connections of input -> a -> b -> output with a skip a -> output."""
    populations = (
        Population("input", (1, 8, 12)),
        Population("a", (2, 8, 12), Neuron()),
        Population("b", (4, 4, 6), Neuron()),
        Population("output", (3, 8, 12)),
    )
    connections = (
        Connection("input", "a", (conv(1, 2),)),
        Connection("a", "b", (conv(2, 4, stride=2),)),
        Connection("b", "output", (Upsampling((2, 2)), conv(4, 3, 1, padding=0))),
        Connection("a", "output", (conv(2, 3, 1, padding=0),)),
    )
    return populations, connections


def test_a_graph_knows_its_parts():
    graph = SpikingGraph(*parts())
    assert graph.input.name == "input"
    assert [p.name for p in graph.hidden] == ["a", "b"]
    assert graph.output.name == "output"
    assert [c.source for c in graph.into("output")] == ["b", "a"]
    assert [c.target for c in graph.out_of("a")] == ["b", "output"]
    assert graph["b"].size == 4 * 4 * 6
    assert graph.num_neurons == 2 * 8 * 12 + 4 * 4 * 6


def test_the_synapses_of_a_graph_are_those_of_its_connections():
    graph = SpikingGraph(*parts())
    into_a = 2 * (3 * 8 - 2) * (3 * 12 - 2)
    into_b = 2 * 4 * (3 * 4 - 1) * (3 * 6 - 1)
    into_output = 3 * 4 * 8 * 12 + 2 * 3 * 8 * 12
    assert graph.num_synapses == into_a + into_b + into_output


def test_two_populations_of_one_name_are_refused():
    populations, connections = parts()
    doubled = (*populations[:2], replace(populations[2], name="a"), populations[3])
    with pytest.raises(ConfigError, match="two populations share the name 'a'"):
        SpikingGraph(doubled, connections)


@pytest.mark.parametrize("end", ["source", "target"])
def test_a_connection_to_an_unknown_population_is_refused(end):
    populations, connections = parts()
    wrong = replace(connections[1], **{end: "c"})
    with pytest.raises(ConfigError, match=r"no population is called 'c'; there are: input, a, b"):
        SpikingGraph(populations, (wrong,))


@pytest.mark.parametrize(("source", "target"), [("b", "a"), ("a", "a"), ("output", "input")])
def test_a_connection_that_leads_backwards_is_refused(source, target):
    populations, _ = parts()
    with pytest.raises(ConfigError, match=f"{source} -> {target} leads backwards"):
        SpikingGraph(populations, (Connection(source, target, ()),))


def test_a_connection_that_gives_another_shape_than_its_target_is_refused():
    populations, connections = parts()
    wrong = replace(connections[1], transforms=(conv(2, 4),))
    with pytest.raises(ShapeError, match=r"a -> b gives shape \(4, 8, 12\).* shape \(4, 4, 6\)"):
        SpikingGraph(populations, (wrong,))


def weights_for_two(kind):
    if kind is TransposedConvolution:
        return TransposedConvolution(np.ones((2, 3, 1, 1), np.float32))
    return conv(2, 3)


@pytest.mark.parametrize("kind", [Convolution, TransposedConvolution])
def test_weights_for_other_channels_than_the_source_has_are_refused(kind):
    populations = (Population("input", (5, 4, 4)), Population("output", (3, 4, 4)))
    chain = (weights_for_two(kind),)
    with pytest.raises(ShapeError, match=f"{kind.__name__} has weights for 2 channels and gets 5"):
        SpikingGraph(populations, (Connection("input", "output", chain),))


def test_a_population_that_nothing_leads_into_is_refused():
    populations, connections = parts()
    with pytest.raises(ConfigError, match="no connection leads into population 'b'"):
        SpikingGraph(populations, (connections[0], connections[3]))


@pytest.mark.parametrize(("place", "found"), [(0, "a"), (1, "no"), (3, "a")])
def test_a_neuron_where_none_belongs_and_none_where_one_does_are_refused(place, found):
    populations, connections = parts()
    wrong = replace(populations[place], neuron=None if found == "no" else Neuron())
    changed = (*populations[:place], wrong, *populations[place + 1 :])
    with pytest.raises(ConfigError, match=f"population '{wrong.name}' has {found} neuron"):
        SpikingGraph(changed, connections)


def test_a_graph_without_an_output_is_refused():
    with pytest.raises(ConfigError, match="at least two populations"):
        SpikingGraph((Population("input", (1, 4, 4)),), ())


def test_an_image_that_a_kernel_does_not_fit_in_is_refused():
    graph = SpikingGraph(
        (Population("input", (1, 5, 5)), Population("output", (1, 1, 1))),
        (Connection("input", "output", (conv(1, 1, taps=5, padding=0),)),),
    )
    with pytest.raises(ShapeError, match=r"Convolution leaves 0 x 1 pixels.* larger image"):
        graph.resized(4, 5)


def test_a_resized_graph_has_the_same_weights_on_other_grids():
    graph = SpikingGraph(*parts())
    resized = graph.resized(16, 4)
    assert [p.shape for p in resized.populations] == [(1, 16, 4), (2, 16, 4), (4, 8, 2), (3, 16, 4)]
    assert resized.connections == graph.connections
    assert resized.resized(8, 12).populations == graph.populations


def test_a_graph_keeps_its_time_step_when_it_is_resized():
    assert SpikingGraph(*parts(), dt_ms=0.5).resized(16, 4).dt_ms == 0.5


@pytest.mark.parametrize(("height", "width"), [(7, 12), (8, 11)])
def test_a_size_that_the_strides_do_not_divide_is_refused(height, width):
    with pytest.raises(ShapeError, match="image size that the network's strides divide"):
        SpikingGraph(*parts()).resized(height, width)


@pytest.mark.parametrize("downsampling", ["stride", "average"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_stride_of_a_unet_is_two_to_the_power_of_its_depth(downsampling, depth):
    config = NetworkConfig(depth=depth, width=1, downsampling=downsampling)
    network = make_network(config, in_channels=1, num_classes=2)
    assert convert(network, torch.rand(1, 1, 16, 24)).stride == 2**depth


def unlike(rows, columns):
    return nn.AvgPool2d((rows, columns)), nn.Upsample(scale_factor=(rows, columns))


@pytest.mark.parametrize(
    ("layers", "stride"),
    [
        ((nn.Conv2d(1, 1, 3, padding=1), nn.ReLU()), 1),
        ((nn.Conv2d(1, 1, 3, stride=2, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)), 2),
        ((nn.ReLU(), *unlike(1, 4)), 4),  # only columns, and only inside of a connection
        ((nn.ReLU(), *unlike(2, 3)), 6),
        ((*unlike(2, 2), nn.ReLU(), *unlike(3, 3)), 6),
        ((nn.Upsample(scale_factor=2), nn.ReLU(), nn.AvgPool2d(2)), 1),
        ((nn.Upsample(scale_factor=2), nn.ReLU(), nn.AvgPool2d(4)), 2),
        ((nn.ConvTranspose2d(1, 1, 2, stride=2), nn.ReLU(), nn.AvgPool2d(4)), 2),
    ],
)
def test_the_stride_is_the_smallest_size_at_which_every_resolution_is_whole(layers, stride):
    graph = convert(nn.Sequential(*layers), torch.rand(1, 1, 12, 12))
    assert graph.stride == stride


def test_the_stride_does_not_depend_on_the_size_of_the_graph():
    network = nn.Sequential(nn.Conv2d(1, 1, 3, stride=4, padding=1), nn.ReLU())
    sizes = [(7, 9), (8, 16), (5, 32)]
    assert {convert(network, torch.rand(1, 1, *s)).stride for s in sizes} == {4}


def test_pooling_without_overlap_and_its_enlargement_fit():
    chain = (AveragePooling((2, 3), (2, 3)), Upsampling((2, 3), "bilinear"))
    ends = (Population("input", (1, 6, 6)), Population("output", (1, 6, 6)))
    assert SpikingGraph(ends, (Connection("input", "output", chain),)).resized(8, 9).stride == 6
