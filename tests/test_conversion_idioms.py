"""Networks as others write them: the graph with analog values is the network itself."""

import copy

import pytest
import torch
from torch import nn

from dyadic import images, randomized, rounded
from handwritten_nets import Net, conv
from idiomatic_nets import NETS
from slow_twin import slow_simulate
from spikeseg.config import ConversionConfig
from spikeseg.conversion import RECIPES, convert, freeze_norms, record_activations, trace
from spikeseg.engine import run_analog, simulate
from spikeseg.errors import ShapeError, SpikeSegWarning, UnsupportedLayerError
from spikeseg.layers.clipped_relu import ClippedReLU
from spikeseg.neurons import Neuron

warned = pytest.mark.filterwarnings("ignore::spikeseg.errors.SpikeSegWarning")
every_net = pytest.mark.parametrize("about", NETS)


def made(about, seed=0):
    torch.manual_seed(seed)
    return randomized(NETS[about](), seed).eval()


def assert_close(found, expected, message=""):
    scale = float(expected.abs().max())
    assert scale > 0.01, "a silent layer proves nothing"
    assert float((found - expected).abs().max()) <= 1e-5 * scale, message


@warned
@every_net
def test_a_network_in_the_idioms_of_others_gives_the_logits_of_its_graph(about):
    network, x = made(about), torch.rand(2, 2, 12, 12)
    values = run_analog(convert(network, torch.rand(2, 2, 12, 12)), x)
    traced = trace(network, x)
    recorded = record_activations(traced, x)
    with torch.inference_mode():
        assert_close(values["output"], traced.module(x.clone()), about)
    assert recorded.keys() == values.keys() - {"input", "output"}
    for name, activation in recorded.items():
        assert_close(values[name], activation, name)


@every_net
def test_the_logits_of_the_traced_network_are_those_of_the_network(about):
    network, x = made(about), torch.rand(2, 2, 12, 12)
    with torch.inference_mode():
        found, expected = trace(network, x).module(x.clone()), network(x.clone())
        if about == "auxiliary output":
            found = found.softmax(1)
    assert_close(found, expected["out"] if isinstance(expected, dict) else expected)


@warned
@every_net
def test_every_step_of_every_population_is_that_of_the_slow_twin(about):
    graph = convert(made(about), images(2, 2, 12, 12), ConversionConfig(percentile=90))
    graph = rounded(graph, Neuron(v_initial=0.5))
    x = images(1, 2, 12, 12, seed=3)
    spikes, _ = slow_simulate(graph, x.numpy(), 5)
    found = simulate(graph, x.double(), 5, keep_spikes=True).spikes
    assert found.keys() == spikes.keys()
    for name, expected in spikes.items():
        assert (found[name].numpy() == expected).mean() > 0.995, name  # means are no exact sums


def test_a_max_pooling_before_a_relu_becomes_a_gate_behind_it():
    traced = trace(made("max pooling before the relu"), torch.rand(1, 2, 12, 12))
    assert list(traced.shapes) == ["input", "relu", "max_pool2d", "act", "pool", "output"]
    assert traced.shapes["relu"] == (3, 12, 12)
    assert traced.shapes["max_pool2d"] == (3, 6, 6)
    assert traced.gates.keys() == {"max_pool2d", "pool"}


def test_a_gate_has_the_spike_value_of_its_source():
    graph = convert(made("max pooled stem"), torch.rand(2, 2, 12, 12))
    assert graph["pool"].spike_value == graph["act"].spike_value != 1.0


@pytest.mark.parametrize("recipe", sorted({*RECIPES.names()} - {"trained", "calibrated"}))
def test_every_recipe_leaves_a_graph_with_gates_the_network(recipe):
    network, x = made("max pooling of a concatenation"), torch.rand(2, 2, 12, 12)
    config = ConversionConfig(recipes=("maximum", recipe), granularity="channel")
    graph = convert(network, x, config)
    gates = [p for p in graph.hidden if p.pooling]
    assert len(gates) == 4
    for gate in gates:
        assert gate.spike_value == graph[graph.into(gate.name)[0].source].spike_value
    with torch.inference_mode():
        assert_close(run_analog(graph, x)["output"], network(x))


def test_biases_are_calibrated_behind_a_gate():
    network, x = made("max pooled stem"), torch.rand(4, 2, 12, 12)
    plain, calibrated = (
        simulate(convert(network, x, ConversionConfig(recipes=recipes)), x, 8).potential
        for recipes in (("maximum",), ("maximum", "calibrated"))
    )
    with torch.inference_mode():
        logits = network(x)
    assert (calibrated - logits).square().mean() < (plain - logits).square().mean()


def test_the_count_of_a_gate_is_the_max_pooling_of_the_counts():
    graph = convert(made("max pooled stem"), torch.rand(2, 2, 12, 12))
    counts = simulate(graph, torch.rand(2, 2, 12, 12), 30).spike_counts
    assert torch.equal(counts["pool"], nn.MaxPool2d(3, 2, 1)(counts["act"]))
    assert counts["pool"].max() > 0


def test_ceilings_are_those_of_the_activations():
    traced = trace(made("clipped"), torch.rand(1, 2, 12, 12))
    assert list(traced.ceilings.values()) == [6.0, 6.0, 0.5, 0.25, None, 1.0]
    network = nn.Sequential(conv(2, 2), ClippedReLU(2.5), conv(2, 2))
    assert trace(network, torch.rand(1, 2, 8, 8)).ceilings == {"1": 2.5}


def test_populations_that_only_an_auxiliary_output_needs_are_left_out():
    traced = trace(made("auxiliary output"), torch.rand(1, 2, 8, 8))
    assert list(traced.shapes) == ["input", "relu", "output"]


def test_what_is_left_out_at_the_output_is_said():
    with pytest.warns(SpikeSegWarning) as said:
        convert(made("auxiliary output"), torch.rand(1, 2, 8, 8))
    assert [str(w.message) for w in said] == [
        "the network returns a dictionary; its entry 'out' is taken.",
        "softmax at the output is left out; the graph gives logits, in the same order.",
    ]


@pytest.mark.parametrize(
    "last", [nn.Sigmoid(), nn.Softmax(dim=1), nn.LogSoftmax(dim=1), nn.Softmax2d()]
)
def test_a_sigmoid_or_softmax_at_the_output_is_dropped(last):
    network = nn.Sequential(conv(2, 3), nn.ReLU(), conv(3, 2), last)
    traced, x = trace(network, torch.rand(1, 2, 8, 8)), torch.rand(2, 2, 8, 8)
    assert traced.notes == (
        f"{type(last).__name__} at the output is left out; "
        "the graph gives logits, in the same order",
    )
    with torch.inference_mode():
        assert torch.equal(traced.module(x), network[:3](x))


@warned
def test_a_graph_with_image_pooling_takes_one_size():
    graph = convert(made("image pooling"), torch.rand(1, 2, 12, 12))
    assert graph.stride == 2
    with pytest.raises(ShapeError, match=r"over a map of 6 x 6 pixels.* one with 8 rows.*Convert"):
        graph.resized(16, 12)


def test_a_graph_with_max_pooling_is_resized():
    network = made("max pooled stem")
    graph = convert(network, torch.rand(1, 2, 12, 12))
    assert graph.stride == 4
    x = torch.rand(1, 2, 20, 16)
    with torch.inference_mode():
        assert_close(run_analog(graph, x)["output"], network(x))


def test_a_linear_map_that_is_not_what_the_network_does_is_noticed():
    """An in-place change of a view is seen by torch and not by the walk."""

    def run(n, x):
        x = n.a(x)
        x[:, :1].relu_()
        return x

    with pytest.raises(UnsupportedLayerError, match="in place"):
        trace(Net(run, a=conv(2, 2)), torch.rand(1, 2, 8, 8))


def group_norm_net():
    return nn.Sequential(
        conv(2, 4), nn.GroupNorm(2, 4), nn.ReLU(), nn.InstanceNorm2d(4), conv(4, 3),
        nn.LayerNorm((3, 8, 8)), nn.ReLU(), conv(3, 2),
    )  # fmt: skip


def test_frozen_norms_can_be_converted():
    x = torch.rand(4, 2, 8, 8)
    frozen = freeze_norms(group_norm_net(), x)
    with torch.inference_mode():
        assert_close(run_analog(convert(frozen, x), x)["output"], frozen(x))


def test_frozen_norms_are_exact_on_one_image_where_each_channel_is_scaled_on_its_own():
    x = torch.rand(1, 4, 8, 8)
    norm = nn.Sequential(conv(4, 4), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4))
    with torch.inference_mode():
        assert_close(freeze_norms(norm, x)(x), norm(x))


def test_freezing_is_the_least_squares_fit_for_each_channel():
    x = torch.rand(5, 2, 8, 8) * torch.rand(5, 1, 1, 1)
    norm = randomized(nn.GroupNorm(1, 2)).eval()
    frozen = freeze_norms(norm, x)
    for channel in range(2):
        inside, outside = x[:, channel].flatten(), norm(x)[:, channel].flatten()
        design = torch.stack([inside, torch.ones_like(inside)], 1)
        best = design @ torch.linalg.lstsq(design, outside).solution
        torch.testing.assert_close(frozen(x)[:, channel].flatten(), best, rtol=1e-4, atol=1e-4)


def test_freezing_leaves_the_network_as_it_was():
    network, x = group_norm_net(), torch.rand(2, 2, 8, 8)
    before = copy.deepcopy(network.state_dict())
    freeze_norms(network, x)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    assert isinstance(network[1], nn.GroupNorm)
