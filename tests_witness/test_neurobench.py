"""NeuroBench's counter of synaptic operations beside ours: where they agree, where not and why."""

import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import snntorch as snn
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from spikeseg.graph import (
    AveragePooling,
    Convolution,
    TransposedConvolution,
    Upsampling,
    fan_out,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics.workload import SynapticOperations
    from neurobench.models import SNNTorchModel

NUM_STEPS, IMAGES = 6, 3
KINDS: dict[str, dict[str, object]] = {
    "no padding": {},
    "stride 2": {"stride": 2},
    "dilation 2": {"dilation": 2},
    "groups": {"groups": 2},
    "rows and columns apart": {"stride": (2, 1), "dilation": (1, 2)},
    "padding": {"padding": 1},
}


def neurons() -> snn.Leaky:
    return snn.Leaky(beta=0.9, threshold=0.3, init_hidden=True)


class Net(nn.Module):
    """Layers with spiking neurons after each; what every layer hears is kept."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.spiking = nn.ModuleList(neurons() for _ in layers)
        self.heard: list[list[Tensor]] = [[] for _ in layers]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for layer, fire, heard in zip(self.layers, self.spiking, self.heard, strict=True):
            heard.append(x.detach().clone())
            x = fire(layer(x))
        return x, x


def counted(net: Net, images: Tensor) -> dict[str, float]:
    """Return what NeuroBench counts, for an image."""
    loader = DataLoader(TensorDataset(images, torch.zeros(len(images))), batch_size=IMAGES)
    model = SNNTorchModel(net)
    benchmark = Benchmark(model, loader, [], [], [[], [SynapticOperations]])
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = benchmark.run(quiet=True)
    return dict(found["SynapticOperations"])


def transform(layer: nn.Module) -> object:
    if isinstance(layer, nn.AvgPool2d):
        return AveragePooling((2, 2), (2, 2))
    if isinstance(layer, nn.Upsample):
        return Upsampling((2, 2), "nearest")
    weight = layer.weight.detach().numpy()
    common = {"stride": layer.stride, "dilation": layer.dilation, "groups": layer.groups}
    if isinstance(layer, nn.ConvTranspose2d):
        return TransposedConvolution(weight, padding=layer.padding, **common)
    (py, px) = layer.padding
    return Convolution(weight, padding=(py, py, px, px), **common)


def ours(net: Net) -> list[float]:
    """Return spikes times fan-out of each layer, for an image."""
    found = []
    for layer, heard in zip(net.layers, net.heard, strict=True):
        fan = fan_out((transform(layer),), tuple(heard[0].shape[1:]))
        spikes = sum((x != 0).double().sum(0).numpy() for x in heard)
        found.append(float((spikes * fan).sum()) / IMAGES)
    return found


def binary(*shape: int) -> Tensor:
    return (torch.rand(IMAGES, NUM_STEPS, *shape) < 0.4).float()


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS.keys())
def test_convolutions_of_spikes_have_the_same_operations(options: dict[str, object]) -> None:
    net = Net(nn.Conv2d(2, 4, 3, **options), nn.Conv2d(4, 6, 3, bias=False))
    found = counted(net, binary(2, 13, 11))
    assert found["Effective_ACs"] == pytest.approx(sum(ours(net)), rel=1e-6)
    assert found["Effective_MACs"] == 0
    assert all(np.array(ours(net)) > 0)


def test_a_layer_of_analog_values_is_counted_apart_as_macs() -> None:
    net = Net(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 3))
    found = counted(net, torch.rand(IMAGES, NUM_STEPS, 1, 9, 9) + 0.1)
    first, second = ours(net)
    assert found["Effective_MACs"] == pytest.approx(first, rel=1e-6)
    assert found["Effective_ACs"] == pytest.approx(second, rel=1e-6)
    synapses = fan_out((transform(net.layers[0]),), (1, 9, 9)).sum()
    assert first == synapses * NUM_STEPS


def dense(net: Net, of: Callable[[nn.Module], bool]) -> float:
    """Return the synapses of some layers, for all steps."""
    shapes = [tuple(heard[0].shape[1:]) for heard in net.heard]
    return NUM_STEPS * sum(
        int(fan_out((transform(layer),), shape).sum())
        for layer, shape in zip(net.layers, shapes, strict=True)
        if of(layer)
    )


def test_dense_operations_leave_out_the_padding_as_our_synapses_do() -> None:
    net = Net(nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1))
    found = counted(net, binary(2, 8, 8))
    assert found["Dense"] == dense(net, lambda layer: True)
    every_tap = NUM_STEPS * 8 * 8 * 9 * (2 * 4 + 4 * 4)
    border = 1 - (8 * 3 - 2) ** 2 / (8 * 3) ** 2
    assert found["Dense"] == pytest.approx(every_tap * (1 - border))
    assert border > 0.15, "the usual formula, which takes every tap, has a sixth more"


@pytest.mark.parametrize(
    "middle",
    [nn.ConvTranspose2d(4, 4, 2, stride=2), nn.AvgPool2d(2), nn.Upsample(scale_factor=2)],
    ids=lambda layer: type(layer).__name__,
)
def test_other_kinds_of_layers_are_left_out_entirely(middle: nn.Module) -> None:
    net = Net(nn.Conv2d(1, 4, 3, padding=1), middle, nn.Conv2d(4, 2, 3))
    found = counted(net, binary(1, 10, 10))
    first, missing, last = ours(net)
    assert missing > 0
    assert found["Effective_ACs"] == pytest.approx(first + last, rel=1e-6)
    assert found["Dense"] == dense(net, lambda layer: isinstance(layer, nn.Conv2d))


def test_weights_that_are_zero_are_left_out_and_we_count_them() -> None:
    net = Net(nn.Conv2d(2, 4, 3))
    with torch.no_grad():
        net.layers[0].weight[:, :, 0] = 0  # the upper row of every kernel
    found = counted(net, binary(2, 9, 9))
    (whole,) = ours(net)
    assert 0.6 * whole < found["Effective_ACs"] < 0.75 * whole
    with torch.no_grad():
        lower = nn.Conv2d(2, 4, (2, 3))
    rest = sum(
        float((x[:, :, 1:] != 0).double().sum(0).numpy().ravel()
              @ fan_out((transform(lower),), (2, 8, 9)).ravel())
        for x in net.heard[0]
    )  # fmt: skip
    assert found["Effective_ACs"] == pytest.approx(rest / IMAGES, rel=1e-6)


def test_the_networks_fire_in_every_layer() -> None:
    net = Net(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 2, 3))
    counted(net, binary(1, 12, 12))
    for before, after in pairwise(net.heard):
        assert 0 < torch.cat(after).mean() < 1
        assert len(before) == len(after) == NUM_STEPS
