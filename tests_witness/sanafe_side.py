"""Runs an exported network in SANA-FE, on the Loihi that it brings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sanafe


@dataclass(frozen=True)
class Message:
    """A packet.

    Attributes:
        group: of the neuron that sends it.
        sender: position of its core, as of our programs.
        receiver: position of the core that hears it.
        columns: difference of the tiles' columns.
        rows: difference of their rows.
        synapses: that it reaches.
    """

    group: str
    sender: int
    receiver: int
    columns: int
    rows: int
    synapses: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """What SANA-FE counted.

    Attributes:
        spikes: for each group (T, N) bool.
        messages: all packets.
        totals: ``neurons_updated``, ``spikes`` (synaptic operations), ``packets_sent``, ...
        energy: joules by part, ``synapse``, ``soma``, ``network``, ``total``.
    """

    spikes: dict[str, np.ndarray]
    messages: list[Message]
    totals: dict[str, Any]
    energy: dict[str, float]


def run(text: str, sizes: dict[str, int], num_steps: int, folder: Path) -> Outcome:
    """Simulate a network in YAML.

    Args:
        text: network and mapping.
        sizes: neurons of each group.
        num_steps: steps.
        folder: for the file.
    """
    path = folder / "network.yaml"
    path.write_text(text)
    architecture = sanafe.load_loihi()
    chip = sanafe.SpikingChip(architecture)
    chip.load(sanafe.load_net(path, architecture))
    found = chip.sim(num_steps, timing_model="simple", spike_trace=True, message_trace=True)
    spikes = {name: np.zeros((num_steps, size), bool) for name, size in sizes.items()}
    for step, fired in enumerate(found["spike_trace"]):
        for address in fired:
            group, _, neuron = str(address).rpartition(".")
            spikes[group][step, int(neuron)] = True
    sent = [m for step in found["message_trace"] for m in step if not m["placeholder"]]
    messages = [_message(m) for m in sent]
    return Outcome(spikes, messages, found, found["energy"])


def _message(told: dict[str, Any]) -> Message:
    return Message(
        str(told["src_neuron_group_id"]),
        _position(told["src_core_id"]),
        _position(told["dest_core_id"]),
        abs(told["src_x"] - told["dest_x"]),
        abs(told["src_y"] - told["dest_y"]),
        told["spikes"],
    )


def _position(core: int) -> int:
    """Return a core's position in our order, tiles row by row; SANA-FE's go column by column."""
    tile, within = divmod(core, 4)
    column, row = divmod(tile, 4)
    return (row * 8 + column) * 4 + within
