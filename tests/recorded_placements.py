"""Ours beside what nengo-loihi made of the networks of loihi1_resources.json."""

from collections.abc import Mapping
from typing import Any

from spikeseg.chips import ChipProgram
from spikeseg.placing import PARTITIONERS, Traffic, measure_traffic
from spikeseg.placing.activity import estimate_activity
from tests.cut_networks import drawn_rates, grid, recorded_network
from tests.trace_files import program_of

DIVISORS = {"None": None, "whole": 1.0, "broken": 7.0}


def recorded_program(case: Mapping[str, Any]) -> ChipProgram:
    """Return the program of a case of loihi1_resources.json, a tile a core."""
    boxes = {one["name"]: grid(tuple(one["shape"]), tuple(one["tile"])) for one in case["layers"]}
    return program_of(recorded_network(case), boxes)


def our_placement(case: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what record_placements.py writes."""
    program = recorded_program(case)
    ours = {key: theirs[key] for key in ("seed", "cores_per_chip", "num_chips")}
    sizes = theirs["num_chips"], theirs["cores_per_chip"]
    traffic = measure_traffic(program)
    for name in ("greedy", "round_robin"):
        ours[name] = PARTITIONERS.get(name)(traffic, *sizes)
    for kind, divisor in DIVISORS.items():
        rates = _rates(program, divisor) if divisor else None
        traffic = Traffic(program, rates, traffic.nets, traffic.host)
        chips = PARTITIONERS.get("greedy_interchip")(traffic, *sizes)
        ours[f"greedy_interchip {kind}"] = list(chips)
        sums = {True: 0.0, False: 0.0}
        for core, targets in estimate_activity(program, rates).items():
            for target, activity in targets.items():
                sums[chips[core] != chips[target]] += activity
        ours[f"interchip {kind}"], ours[f"intrachip {kind}"] = sums[True], sums[False]
    return ours


def _rates(program: ChipProgram, divisor: float) -> dict[str, Any]:
    return {
        part.name: drawn_rates(part.shape, number, divisor)
        for number, part in enumerate(program.populations)
    }


def sums_apart(placement: Mapping[str, Any]) -> tuple[dict[str, Any], list[float]]:
    """Return what must be equal, and sums, of which the order of adding changes the last bits."""
    exact = {key: value for key, value in placement.items() if "trachip" not in key}
    exact = {key: value for key, value in exact.items() if not key.startswith("interchip")}
    return exact, [placement[key] for key in sorted(set(placement) - set(exact))]
