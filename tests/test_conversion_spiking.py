"""The graph of a directly trained network does in every step what the network does."""

from typing import Any

import numpy as np
import pytest
import torch

from spikeseg.config import ConversionConfig
from spikeseg.conversion import convert, inexpressible
from spikeseg.engine import simulate
from spikeseg.errors import ConfigError
from tests.awake_networks import asleep, awake, images

EXPRESSIBLE: list[dict[str, Any]] = [
    {},
    {"reset": "hard"},
    {"neuron": "plif", "decay": 0.75},
    {"norm": "batch"},
    {"norm": "none"},
    {"decay": 0.0},
    {"decay": 1.0, "reset": "hard", "v_threshold": 0.5},
    {"detach_reset": False, "surrogate": "arctan"},
]


@pytest.mark.parametrize(
    ("name", "choice"), [*(("unet", choice) for choice in EXPRESSIBLE), ("deeplab", {})], ids=str
)
def test_the_graph_gives_the_same_output_and_spikes_in_every_step(
    name: str, choice: dict[str, Any]
) -> None:
    size = 8 if name == "unet" else 16
    network, x = awake(name, 2, size, num_steps=4, **choice), images(1, 2, size)
    graph = convert(network, x, ConversionConfig(), dt_ms=2.0)
    assert graph.dt_ms == 2.0
    with torch.no_grad():
        logits, counts = network.counted(x)
    found = simulate(graph, x, 4, keep_output=True)
    received = found.output
    assert received is not None
    same, neurons = 0, 0
    for hidden in graph.hidden:
        expected = counts[hidden.name].numpy()
        same += int((np.asarray(found.spike_counts[hidden.name]) == expected).sum())
        neurons += expected.size
    assert neurons == sum(count.numel() for count in counts.values())
    assert same >= 0.999 * neurons  # rounding of the folded norm at the very threshold
    wrong = (received - logits).abs() > 1e-3 * logits.abs().max()
    assert wrong.float().mean() < 0.01
    forgets = network.config.decay == 0.0  # and hears the same in every step
    assert forgets or (logits[0] - logits[-1]).abs().max() > 0.01


REFUSED: dict[str, dict[str, Any]] = {
    "norm 'bntt'": {"norm": "bntt"},
    "ilif neurons": {"neuron": "ilif"},
    "alif neurons": {"neuron": "alif"},
    "coding 'poisson'": {"coding": "poisson"},
    "coding 'steps'": {"coding": "steps"},
    "a step late": {"delay": True},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_a_graph_cannot_express_is_refused_with_the_reason(reason: str) -> None:
    network = asleep(**REFUSED[reason])
    assert reason in (inexpressible(network.config) or "")
    with pytest.raises(ConfigError, match=f"{reason}.*Train with neuron lif or plif"):
        convert(network.eval(), images(), ConversionConfig())


def test_what_a_graph_can_express_has_no_reason() -> None:
    assert [inexpressible(asleep(**choice).config) for choice in EXPRESSIBLE] == [None] * len(
        EXPRESSIBLE
    )
