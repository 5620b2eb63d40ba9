"""Bilinear resizing back to the size that strides give: exact in images of any size, or refused."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dyadic import images, randomized, rounded
from handwritten_nets import Net, conv
from slow_twin import slow_simulate
from spikeseg.config import ConversionConfig
from spikeseg.conversion import convert, trace
from spikeseg.engine import run_analog, simulate
from spikeseg.errors import UnsupportedLayerError
from spikeseg.graph import Resizing
from spikeseg.neurons import Neuron


def resize(x, like, **options):
    return F.interpolate(x, like.shape[-2:], mode="bilinear", **options)


def trimmed(**options):
    """A transposed convolution makes 2 n + 1 pixels; a skip of 2 n is added."""

    def run(n, x):
        skip = torch.relu(n.a(x))
        up = n.up(torch.relu(n.down(skip)))
        return n.b(torch.relu(resize(up, skip, **options) + skip))

    up = nn.ConvTranspose2d(4, 3, 3, stride=2)
    return Net(run, a=conv(2, 3), down=conv(3, 4, stride=2), up=up, b=conv(3, 2))


def stretched():
    """Convolutions without padding lose pixels, which come back at half the resolution."""

    def run(n, x):
        half = n.pool(x)
        return n.b(torch.relu(resize(n.a(half), half)))

    return Net(run, pool=nn.AvgPool2d(2), a=conv(2, 3, padding=0), b=conv(3, 2))


def of_one_axis():
    """Only columns are lost; a max pooling and a concatenation lie on the way."""

    def run(n, x):
        x = n.pool(torch.relu(n.a(x)))
        return n.b(torch.cat([resize(n.c(x), x), x], dim=1))

    layers = {"a": conv(2, 3), "pool": nn.MaxPool2d(2), "c": nn.Conv2d(3, 3, (1, 3))}
    return Net(run, **layers, b=conv(6, 2))


NETS = {
    "trimmed to a skip": lambda: trimmed(align_corners=True),
    "trimmed by half pixels": trimmed,
    "stretched": stretched,
    "of one axis": of_one_axis,
}
CHANGES = {"stretched": (2, 2), "of one axis": (0, 2)}
MODES = ("nearest", "nearest-exact", "bilinear")
every_net = pytest.mark.parametrize("about", NETS)


def made(about):
    torch.manual_seed(0)
    return randomized(NETS[about]()).eval()


@every_net
def test_the_graph_is_the_network_in_images_of_every_size(about):
    network = made(about)
    graph = convert(network, torch.rand(2, 2, 12, 16))
    kinds = [t for c in graph.connections for t in c.transforms if isinstance(t, Resizing)]
    assert {t.change for t in kinds} == {CHANGES.get(about, (-1, -1))}
    for size in ((12, 16), (8, 6), (24, 10)):
        x = torch.rand(2, 2, *size)
        with torch.inference_mode():
            expected = network(x)
        found = run_analog(graph, x)["output"]
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def enlarged(mode):
    """As torchvision's FCN: logits at half the resolution are enlarged to the image's."""

    def run(n, x):
        return F.interpolate(n.b(torch.relu(n.a(x))), x.shape[-2:], mode=mode)

    return Net(run, a=conv(2, 3, stride=2), b=conv(3, 2))


@pytest.mark.parametrize("make", [*NETS.values(), *(partial(enlarged, m) for m in MODES)])
def test_the_traced_network_takes_images_of_every_size(make):
    torch.manual_seed(0)
    network, x = randomized(make()).eval(), torch.rand(1, 2, 8, 20)
    traced = trace(network, torch.rand(1, 2, 12, 16))
    with torch.inference_mode():
        torch.testing.assert_close(traced.module(x), network(x))


@every_net
def test_the_stride_of_the_graph_is_that_of_its_resolutions(about):
    assert convert(made(about), torch.rand(1, 2, 12, 16)).stride == 2


@every_net
def test_every_step_of_every_population_is_that_of_the_slow_twin(about):
    graph = convert(made(about), images(2, 2, 8, 12), ConversionConfig(percentile=90))
    graph = rounded(graph, Neuron(v_initial=0.5))
    x = images(1, 2, 8, 12, seed=3)
    spikes, _ = slow_simulate(graph, x.numpy(), 5)
    found = simulate(graph, x.double(), 5, keep_spikes=True).spikes
    for name, expected in spikes.items():
        assert expected.any()
        assert (found[name].numpy() == expected).mean() > 0.995, name


def resized(run):
    return Net(lambda n, x: n.b(run(torch.relu(n.a(x)))), a=conv(2, 3, padding=0), b=conv(3, 2))


@pytest.mark.parametrize(
    ("run", "sizes"),
    [
        (lambda x: F.interpolate(x, size=9, mode="bilinear"), "6 x 6 .* to 9 x 9"),
        (lambda x: F.interpolate(x, size=3, mode="bilinear"), "6 x 6 .* to 3 x 3"),
        (lambda x: F.interpolate(x, size=8), "6 x 6 .* to 8 x 8"),
        (lambda x: F.interpolate(x, scale_factor=8 / 6, mode="bilinear"), "6 x 6 .* to 8 x 8"),
    ],
    ids=["to a size of its own", "to half the size", "nearest", "by a factor"],
)
def test_a_resizing_that_other_images_would_have_differently_is_refused(run, sizes):
    with pytest.raises(UnsupportedLayerError, match=f"{sizes}.*the size that the strides alone"):
        trace(resized(run), torch.rand(1, 2, 8, 8))


def test_a_size_behind_image_pooling_is_not_taken_for_that_of_strides():
    """At 16 pixels, pooling to 4 x 4 looks like a stride of 4."""
    inner = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Conv2d(2, 2, 2))
    network = Net(lambda n, x: F.interpolate(n.inner(x), size=4, mode="bilinear"), inner=inner)
    with pytest.raises(UnsupportedLayerError, match="3 x 3 is interpolated to 4 x 4"):
        trace(network, torch.rand(1, 2, 16, 16))
