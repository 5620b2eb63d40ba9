"""Runs an exported network in SANA-FE, on the Loihi that it brings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sanafe


@dataclass(frozen=True, eq=False)
class Outcome:
    """What SANA-FE counted.

    Attributes:
        spikes: for each group (T, N) bool.
        messages: one a packet: source group, difference of columns and of rows, synapses reached.
        totals: ``neurons_updated``, ``spikes`` (synaptic operations), ``packets_sent``, ...
        energy: joules by part, ``synapse``, ``soma``, ``network``, ``total``.
        hops: of all packets.
    """

    spikes: dict[str, np.ndarray]
    messages: list[tuple[str, int, int, int]]
    totals: dict[str, Any]
    energy: dict[str, float]
    hops: int


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
    found = chip.sim(
        num_steps, timing_model="simple", spike_trace=True, perf_trace=True, message_trace=True
    )
    spikes = {name: np.zeros((num_steps, size), bool) for name, size in sizes.items()}
    for step, fired in enumerate(found["spike_trace"]):
        for address in fired:
            group, _, neuron = str(address).rpartition(".")
            spikes[group][step, int(neuron)] = True
    messages = [
        (
            str(m["src_neuron_group_id"]),
            abs(m["src_x"] - m["dest_x"]),
            abs(m["src_y"] - m["dest_y"]),
            m["spikes"],
        )
        for step in found["message_trace"]
        for m in step
        if not m["placeholder"]
    ]
    return Outcome(spikes, messages, found, found["energy"], sum(found["perf_trace"]["hops"]))
