"""Passes through a spiking network: what they leave behind, copies, mixed precision."""

import copy
import pickle
from typing import Any

import pytest
import torch

from spikeseg.spiking import SpikingActivation
from tests.awake_networks import awake, images
from tests.test_spiking_network import CHOICES


def test_a_pass_leaves_nothing_behind_even_if_it_fails() -> None:
    network, x = awake(), images()
    with torch.no_grad():
        expected = network(x)
        before = dict(vars(network.clock))
        for bad in (torch.zeros(2, 5, 8, 8), torch.zeros(2, 6, 7, 8)):
            for run in (network.forward, network.in_steps, lambda b: list(network.online(b))):
                with pytest.raises(Exception, match=r".+"):
                    run(bad)
        assert vars(network.clock) == before
        assert torch.equal(network(x), expected)


def test_a_pass_within_another_disturbs_neither() -> None:
    network, x = awake(), images()
    other = images(3, seed=9)
    with torch.no_grad():
        expected = list(network.online(x))
        alone, counted = network(other), network.counted(other, 2, binary=True)[0]
        found = []
        for logits in network.online(x):
            found.append(logits)
            assert torch.equal(network(other), alone)
            assert torch.equal(network.counted(other, 2, binary=True)[0], counted)
    for a, b in zip(found, expected, strict=True):
        assert torch.equal(a, b)


def test_steps_that_are_given_up_leave_nothing_behind() -> None:
    network, x = awake(), images()
    with torch.no_grad():
        expected = network(x)
        next(network.online(x))
        assert torch.equal(network(x), expected)
    assert not network.clock.states


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_has_a_clock_of_its_own_and_gives_the_same(copied: Any) -> None:
    network, x = awake(norm="bntt"), images()
    other = copied(network)
    assert other.clock is not network.clock
    parts = [m for m in other.modules() if isinstance(m, SpikingActivation)]
    assert parts
    assert all(part.clock is other.clock for part in parts)
    with torch.no_grad():
        steps = iter(network.online(x))
        next(steps)
        assert torch.equal(other(x), network(x))


@pytest.mark.parametrize("choice", CHOICES[:5], ids=str)
def test_mixed_precision_differs_by_its_rounding_only(choice: dict[str, Any]) -> None:
    network, x = awake(**choice), images(8)
    with torch.no_grad():
        exact = network.counted(x)[1]
        with torch.autocast("cpu", torch.bfloat16):
            rounded = network.counted(x)[1]
    first = next(iter(exact))
    assert exact[first].sum() > 0
    differing = (rounded[first] != exact[first]).float().mean()
    assert differing < 0.05
