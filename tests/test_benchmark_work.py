"""The benchmark's counter of synaptic operations, against synapses found one neuron at a time."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from benchmarks.conversion.work import reach, synaptic_operations
from spikeseg.conversion import trace


class Skipping(nn.Module):
    """A strided level with a skip connection around it, and two ways into the output."""

    def __init__(self, width: int, groups: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 2 * groups, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.down = nn.Conv2d(2 * groups, width * groups, 3, stride=2, padding=1, groups=groups)
        self.relu2 = nn.ReLU()
        self.up = nn.ConvTranspose2d(width * groups, 3, 2, stride=2)
        self.relu3 = nn.ReLU()
        merged = 2 * groups + 3
        self.merge = nn.Conv2d(merged, 2, 3, padding=dilation, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        skip = self.relu1(self.first(x))
        deep = self.relu3(self.up(self.relu2(self.down(skip))))
        logits: Tensor = self.merge(torch.cat([skip, deep], 1))
        return logits


def targets(net: Skipping) -> dict[str, list[Callable[[Tensor], Tensor]]]:
    """Return, by population, the linear maps that take its spikes, all weights being 1."""
    wide = net.down.in_channels
    return {
        "relu1": [net.down, lambda x: net.merge(F.pad(x, (0, 0, 0, 0, 0, 3)))],
        "relu2": [net.up],
        "relu3": [lambda x: net.merge(F.pad(x, (0, 0, 0, 0, wide, 0)))],
    }


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3)
)
def test_the_reach_of_each_neuron_is_the_number_of_neurons_that_its_spike_changes(
    width: int, groups: int, dilation: int, rows: int, columns: int
) -> None:
    net = Skipping(width, groups, dilation)
    for name, parameter in net.named_parameters():
        nn.init.constant_(parameter, 1.0 if name.endswith("weight") else 0.0)
    found = reach(trace(net, torch.zeros(1, 1, 2 * rows, 2 * columns)))
    assert set(found) == set(targets(net))
    for name, maps in targets(net).items():
        counted = np.zeros(found[name].shape, np.int64)
        for place in np.ndindex(counted.shape):
            spike = torch.zeros(1, *counted.shape)
            spike[(0, *place)] = 1
            with torch.inference_mode():
                counted[place] = sum(int((linear(spike) != 0).sum()) for linear in maps)
        np.testing.assert_array_equal(found[name], counted)


def test_each_spike_costs_the_reach_of_its_neuron() -> None:
    fan = {"a": np.array([[[3, 5]]]), "b": np.array([[[2]]])}
    spikes = {"a": np.array([[[0, 2]]]), "b": np.array([[[7]]])}
    assert synaptic_operations(fan, spikes) == 2 * 5 + 7 * 2


@pytest.mark.parametrize(
    "spikes",
    [{}, {"b": np.zeros((1, 1, 2), int)}, {"a": np.zeros((1, 1, 1), int)}],
    ids=["missing", "unknown", "another shape"],
)
def test_spikes_that_do_not_match_the_network_are_refused(
    spikes: dict[str, np.ndarray],
) -> None:
    with pytest.raises(ValueError, match="spikes are counted for"):
        synaptic_operations({"a": np.ones((1, 1, 2), int)}, spikes)
