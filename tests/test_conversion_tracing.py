"""A traced network with analog values in place of spikes is the network itself."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from dyadic import randomized
from handwritten_nets import NETS, Net, conv
from spikeseg.config import ActivationConfig, ConversionConfig, NetworkConfig
from spikeseg.conversion import convert, record_activations, trace
from spikeseg.engine import run_analog
from spikeseg.errors import ShapeError
from spikeseg.graph import AveragePooling, Convolution, Upsampling
from spikeseg.layers import ACTIVATIONS, AbstractActivation
from spikeseg.networks import make_network

SIZES = [("stride", 1), ("average", 2)]


def made(maker, seed=0):
    """Return the network with statistics that no default would give, in evaluation mode."""
    torch.manual_seed(seed)
    return randomized(maker(), seed).eval()


def assert_close(found, expected, message=""):
    scale = float(expected.abs().max())
    assert scale > 0.01, "a silent layer proves nothing"
    error = float((found - expected).abs().max())
    assert error <= 1e-5 * scale, f"{message}: {error} of {scale}"


def watched_relus(network, x):
    """Return the output of the network and of every ReLU module, by name, as hooks see them."""
    seen = {}

    def watch(name):
        return lambda layer, args, out: seen.__setitem__(name, out.detach().clone())

    for name, layer in network.named_modules():
        if isinstance(layer, nn.ReLU | AbstractActivation):
            layer.register_forward_hook(watch(name))
    with torch.inference_mode():
        return network(x), seen


# torch itself warns where it pads an even kernel to the same size.
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("about", NETS)
def test_a_handwritten_network_gives_the_same_logits_as_its_graph(about):
    network, x = made(NETS[about]), torch.rand(2, 2, 12, 12)
    graph = convert(network, torch.rand(2, 2, 12, 12))
    with torch.inference_mode():
        expected = network(x.clone())
    assert_close(run_analog(graph, x.clone())["output"], expected, about)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("about", NETS)
def test_recorded_activations_are_the_values_of_the_graphs_neurons(about):
    network, x = made(NETS[about]), torch.rand(2, 2, 12, 12)
    traced = trace(network, x)
    recorded = record_activations(traced, x.clone())
    values = run_analog(convert(network, x.clone()), x)
    assert recorded.keys() == traced.amplitudes.keys() == values.keys() - {"input", "output"}
    for name, activation in recorded.items():
        assert_close(values[name], activation, name)


@pytest.mark.parametrize("upsampling", ["transposed", "nearest", "bilinear"])
@pytest.mark.parametrize(("downsampling", "depth"), SIZES)
@pytest.mark.parametrize("activation", ACTIVATIONS.names())
def test_a_unet_gives_the_same_values_as_its_graph_in_every_layer(
    activation, downsampling, depth, upsampling
):
    config = NetworkConfig(
        depth=depth,
        width=2,
        downsampling=downsampling,
        upsampling=upsampling,
        dropout=0.2,
        activation=ActivationConfig(activation, unit_rate_hz=400.0, levels=8),
    )
    network = made(lambda: make_network(config, in_channels=2, num_classes=3))
    x = torch.rand(2, 2, 12, 12)
    graph = convert(network, x, ConversionConfig(recipes=("trained",)))
    unit = ACTIVATIONS.get(activation)(1.0).requires_grad_(False)
    values = run_analog(graph, x, unit)
    logits, seen = watched_relus(network, x)
    assert seen.keys() == values.keys() - {"input", "output"}
    if activation in (
        "loihi_relu",
        "qcfs",
    ):  # a current on the edge of a stair may fall to either side
        agree = [(values[n] - s).abs() <= 1e-5 * s.abs().max() for n, s in seen.items()]
        assert min(float(a.float().mean()) for a in agree) > 0.999
        return
    assert_close(values["output"], logits)
    for name, expected in seen.items():
        assert_close(values[name], expected, name)


def test_every_population_is_named_and_shaped_like_its_activation():
    network = made(NETS["one ReLU called twice"])
    traced = trace(network, torch.rand(1, 2, 12, 12))
    assert list(traced.shapes.items()) == [
        ("input", (2, 12, 12)),
        ("act", (3, 12, 12)),
        ("act_2", (3, 12, 12)),
        ("output", (2, 12, 12)),
    ]


def test_names_that_the_graph_needs_itself_are_numbered():
    traced = trace(made(NETS["layers called input and output"]), torch.rand(1, 2, 12, 12))
    assert list(traced.shapes) == ["input", "input_2", "output_2", "output"]


def test_a_unet_becomes_convolutions_pooling_and_upsampling_with_all_norms_folded_in():
    config = NetworkConfig(depth=2, width=2, downsampling="average", upsampling="bilinear")
    network = made(lambda: make_network(config, in_channels=1, num_classes=2))
    traced = trace(network, torch.rand(1, 1, 8, 8))
    chains = {tuple(type(t) for t in c.transforms) for c in traced.connections}
    assert chains == {
        (Convolution,),
        (AveragePooling, Convolution),
        (Upsampling, Convolution),
    }


def test_no_network_is_changed_by_tracing_it():
    network = made(NETS["norm after concatenation"]).train()
    before = copy.deepcopy(network.state_dict())
    convert(network, torch.rand(2, 2, 12, 12))
    assert network.training
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


@pytest.mark.parametrize("about", ["residual in place", "functional relu"])
def test_calibration_images_are_not_changed(about):
    images = torch.rand(2, 2, 12, 12) - 0.5
    before = images.clone()
    network = Net(lambda n, x: n.inner(n.act(x)), act=nn.ReLU(inplace=True), inner=NETS[about]())
    convert(network, images)
    assert torch.equal(images, before)


def test_amplitudes_are_those_that_activations_declare():
    layer = ACTIVATIONS.get("relu")
    network = nn.Sequential(conv(2, 2), layer(5.0), conv(2, 2), nn.ReLU(), conv(2, 2), layer(2.5))
    traced = trace(network, torch.rand(1, 2, 8, 8))
    assert traced.amplitudes == {"1": 5.0, "3": None, "5": 2.5}


def test_a_network_is_traced_at_any_size_that_it_takes():
    network = made(NETS["groups and dilation"])
    small, large = (convert(network, torch.rand(1, 2, n, n)) for n in (12, 16))
    x = torch.rand(1, 2, 16, 16)
    small, large = run_analog(small, x), run_analog(large, x)
    assert small["output"].shape == large["output"].shape
    np.testing.assert_allclose(small["output"], large["output"], rtol=1e-5, atol=1e-5)


def test_images_of_a_size_that_the_network_refuses_are_refused_in_its_own_words(capfd):
    network = make_network(NetworkConfig(depth=2, width=2), in_channels=1, num_classes=2)
    with pytest.raises(ShapeError) as refusal:
        convert(network, torch.rand(1, 1, 9, 8))
    assert str(refusal.value).startswith("the image is 9 x 8 pixels; this network needs multiples")
    assert "executing" not in str(refusal.value)
    assert capfd.readouterr() == ("", "")
