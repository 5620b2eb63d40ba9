"""Record where nengo-loihi places the cores of loihi1_resources.json, for loihi1_placements.json.

In the environment of environments/loihi.txt, from the folder ``tests``, the root in PYTHONPATH:
``python -m tests_oracle.record_placements loihi1_resources.json loihi1_placements.json``
"""

import json
import sys
import warnings

import nengo
import nengo_loihi
from nengo_loihi.hardware.allocators import (
    Greedy,
    GreedyInterchip,
    RoundRobin,
    ensemble_to_block_rates,
    estimate_interchip_activity,
)

from tests.cut_networks import drawn_rates
from tests_oracle.record_resources import build_model

DIVISORS = {"whole": 1.0, "broken": 7.0}
"""Rates whose sums are exact, and rates whose sums depend on their order."""


def place(case):
    """Return the chip of each core by each allocator, and interchip activity."""
    connections = [c for layer in case["layers"] for c in layer["connections"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, made = build_model(case, [c["axon_bits"] for c in connections])
    cores = len(model.blocks)
    room = max(2, (cores + 3) // 4)
    chips = -(-cores // room)
    found = {"seed": case["seed"], "cores_per_chip": room, "num_chips": chips}
    found["greedy"] = chips_of(model, Greedy(room)(model, chips))
    found["round_robin"] = chips_of(model, RoundRobin()(model, chips))
    for kind in (None, *DIVISORS):
        rates = rates_of(case, made, kind)
        board = GreedyInterchip(room, rates)(model, chips)
        found[f"greedy_interchip {kind}"] = chips_of(model, board)
        blocks = None if rates is None else ensemble_to_block_rates(model, rates)
        activity = estimate_interchip_activity(board, blocks)
        found[f"interchip {kind}"] = float(activity["interchip"])
        found[f"intrachip {kind}"] = float(activity["intrachip"])
    return found


def chips_of(model, board):
    """Return the chip of each block, in the model's order."""
    chips = {
        block: number
        for number, chip in enumerate(board.chips)
        for core in chip.cores
        for block in core.blocks
    }
    return [chips[block] for block in model.blocks]


def rates_of(case, made, kind):
    """Return the rates of all ensembles on the chip as nengo-loihi takes them."""
    if kind is None:
        return None
    return {
        made[layer["name"]]: drawn_rates(layer["shape"], number, DIVISORS[kind])
        .transpose(1, 2, 0)
        .ravel()
        for number, layer in enumerate(case["layers"])
    }


def main():
    with open(sys.argv[1]) as file:
        cases = json.load(file)["cases"]
    versions = {"nengo": nengo.__version__, "nengo_loihi": nengo_loihi.__version__}
    with open(sys.argv[2], "w") as file:
        json.dump({"versions": versions, "cases": [place(case) for case in cases]}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
