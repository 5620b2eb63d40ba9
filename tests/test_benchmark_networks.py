"""The benchmark of training: the networks of all contestants compute the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.training.equality import UnequalError, check_logits
from benchmarks.training.naive import NaiveNeuron
from benchmarks.training.network import CHANNELS, Dense, Merged, Outer, load
from benchmarks.training.our_training import BELOW, UNITS, our_unet
from benchmarks.training.task import blobs, stored_weights
from spikeseg.spiking import Clock


def slow_logits(weights: dict[str, torch.Tensor], image: torch.Tensor, num_steps: int) -> Any:
    """Return logits of one image by loops over steps, taps and channels, in float64."""
    w = {name: value.double().numpy() for name, value in weights.items()}
    v: dict[str, Any] = {}
    total: Any = 0.0

    def block(name: str, x: Any) -> Any:
        _, out, stride = CHANNELS[name]
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        h = np.zeros((out, x.shape[1] // stride, x.shape[2] // stride))
        for o in range(out):
            for i in range(3):
                for j in range(3):
                    window = padded[:, i : i + x.shape[1], j : j + x.shape[2]]
                    taps = w[f"convs.{name}.weight"][o, :, i, j]
                    h[o] += np.tensordot(taps, window[:, ::stride, ::stride], 1)
            mean, var = (w[f"norms.{name}.running_{key}"][o] for key in ("mean", "var"))
            gain, shift = w[f"norms.{name}.weight"][o], w[f"norms.{name}.bias"][o]
            h[o] = (h[o] - mean) / np.sqrt(var + 1e-5) * gain + shift
        h = h + v.get(name, 0.0) / 2
        v[name] = np.where(h >= 1, 0.0, h)
        return (h >= 1).astype(float)

    def up(x: Any) -> Any:
        return x.repeat(2, axis=1).repeat(2, axis=2)

    for _ in range(num_steps):
        e1 = block("c2", block("c1", image.double().numpy()))
        e2 = block("c3", block("d1", e1))
        u1 = block("u1", np.concatenate([up(block("c4", block("d2", e2))), e2]))
        u2 = block("u2", np.concatenate([up(u1), e1]))
        total = total + np.tensordot(w["head.weight"][:, :, 0, 0], u2, 1)
    return total / num_steps + w["head.bias"][:, None, None]


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Return weights without training, the statistics of the norms being those of some images."""
    torch.manual_seed(0)
    network = Merged(NaiveNeuron, 3)
    with torch.no_grad():
        for seed in range(20):
            network(blobs(4, 16, seed)[0])
    return network.state_dict()


def test_the_naive_network_is_the_slow_text(weights: dict[str, torch.Tensor]) -> None:
    network = Merged(NaiveNeuron, 3)
    load(network, weights)
    image, _ = blobs(1, 16, 5)
    with torch.inference_mode():
        found = network.eval()(image)[0].numpy()
    expected = slow_logits(weights, image[0], 3)
    assert expected.std() > 0.01
    assert np.abs(found - expected).max() < 1e-4


class OneStep(torch.nn.Module):
    def forward(self, x: torch.Tensor, v: torch.Tensor | None) -> Any:
        h = x if v is None else 0.5 * v + x
        s = (h >= 1).to(h)
        return s, h * (1 - s)


def test_step_after_step_gives_the_same_as_all_steps_in_one_batch(
    weights: dict[str, torch.Tensor],
) -> None:
    images, _ = blobs(2, 16, 6)
    found = []
    for network in (Merged(NaiveNeuron, 4), Outer(OneStep, 4)):
        load(network, weights)
        with torch.inference_mode():
            found.append(network.eval()(images))
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-4)


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


def test_firing_only_above_the_threshold_differs_on_the_threshold_alone() -> None:
    x = torch.tensor([0.5, 1.0, 1.5]).reshape(1, 1, 1, 1, 3)
    assert NaiveNeuron()(x).flatten().tolist() == [0, 1, 1]
    assert NaiveNeuron(strict=True)(x).flatten().tolist() == [0, 0, 1]


def test_weights_of_another_network_are_refused(weights: dict[str, torch.Tensor]) -> None:
    lacking = {name: value for name, value in weights.items() if name != "head.bias"}
    with pytest.raises(ValueError, match=r"head\.bias"):
        load(Dense(torch.nn.ReLU), lacking)


def test_stored_weights_are_read_again(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    torch.save(weights, tmp_path / "weights.pt")
    found = stored_weights(tmp_path / "weights.pt")
    assert all(torch.equal(found[name], value) for name, value in weights.items())


def test_other_logits_are_refused() -> None:
    kinds = {"norse": "stock", "norse, bf16": "best"}
    naive = torch.randn(1, 2, 16, 16, generator=torch.Generator().manual_seed(1))
    shifted = naive + 0.01  # other logits, the same classes
    found = check_logits({"norse, bf16": shifted}, kinds, naive)
    assert found["norse, bf16"]["agreement"] == 1
    with pytest.raises(UnequalError, match="norse: a share of"):
        check_logits({"norse": shifted}, kinds, naive)
    with pytest.raises(UnequalError, match=r"norse, bf16: 0\.00%"):
        check_logits({"norse, bf16": -naive}, kinds, naive)
