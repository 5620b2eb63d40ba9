"""Our network of the benchmark of training computes what the naive one does, layer by layer."""

import pytest
import torch

from benchmarks.training.naive import NaiveNeuron
from benchmarks.training.network import CHANNELS, Merged, load
from benchmarks.training.our_training import BELOW, UNITS, our_unet
from benchmarks.training.task import blobs
from spikeseg.spiking import Clock


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Return weights without training, the statistics of the norms being those of some images."""
    torch.manual_seed(0)
    network = Merged(NaiveNeuron, 3)
    with torch.no_grad():
        for seed in range(20):
            network(blobs(4, 16, seed)[0])
    return network.state_dict()


def test_our_network_is_the_naive_one_with_its_channels_in_another_order(
    weights: dict[str, torch.Tensor],
) -> None:
    naive, ours = Merged(NaiveNeuron, 3), our_unet(3, weights)
    load(naive, weights)
    images, _ = blobs(2, 16, 6)
    with torch.inference_mode():
        found, expected = ours.eval()(images), naive.eval()(images)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("name", CHANNELS)
def test_a_layer_of_our_network_in_training_has_the_naive_gradients(
    name: str, recompute: bool, weights: dict[str, torch.Tensor]
) -> None:
    naive, ours = Merged(NaiveNeuron, 4).train(), our_unet(4, weights).train()
    load(naive, weights)
    random = torch.Generator().manual_seed(1)
    wide, size = CHANNELS[name][0], 16
    x = (torch.rand(8, wide, size, size, generator=random) < 0.2).float().requires_grad_()
    unit = ours.inner.get_submodule(UNITS[name])
    with ours.clock.set_to(Clock(4, batch=2, recompute=recompute)):
        mine = unit(ours_first(name, x).contiguous(memory_format=torch.channels_last))
    theirs = naive.neurons[name](naive.current(name, x).unflatten(0, (4, 2))).flatten(0, 1)
    assert torch.equal(mine, theirs)
    factors = torch.randn(theirs.shape, generator=random)
    own = (unit.conv.weight, unit.norm.weight, unit.norm.bias, x)
    other = (naive.convs[name].weight, naive.norms[name].weight, naive.norms[name].bias, x)
    found = torch.autograd.grad((mine * factors).sum(), own)
    truth = torch.autograd.grad((theirs * factors).sum(), other)
    for a, b in zip((ours_last(name, found[0]), *found[1:]), truth, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5 * float(b.abs().max()))


def ours_first(name: str, x: torch.Tensor) -> torch.Tensor:
    """Return the channels of all contestants in the order of our network."""
    return x.roll(-CHANNELS[BELOW[name]][1], 1) if name in BELOW else x


def ours_last(name: str, x: torch.Tensor) -> torch.Tensor:
    return x.roll(CHANNELS[BELOW[name]][1], 1) if name in BELOW else x
