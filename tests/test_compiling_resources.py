"""What a core needs: equal to nengo-loihi's own counts, and to a slow count of every synapse."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.chips import Box, Window, load_chip
from spikeseg.chips.boxes import Shape
from spikeseg.compiling import FloatNetwork
from spikeseg.compiling.resources import Accounts, CoreUse, network_use
from tests.cut_networks import grid, kernel, layer, network, recorded_network, slow_use

RECORDED = json.loads((Path(__file__).parent / "loihi1_resources.json").read_text())
LOIHI, TOY = load_chip("loihi1"), load_chip("toy")


def counts(use: CoreUse) -> tuple[int, int, int, int]:
    return use.compartments, use.in_axons, use.out_axons, use.synapse_bits


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: f"seed{case['seed']}")
def test_the_counts_are_those_of_nengo_loihi(case: dict[str, Any]) -> None:
    net = recorded_network(case)
    cuts = {e["name"]: grid(tuple(e["shape"]), tuple(e["tile"])) for e in case["layers"]}
    expected = [tuple(core) for e in case["layers"] for core in e["cores"]]
    assert [counts(use) for use in network_use(net, cuts, LOIHI)] == expected


def test_the_recorded_cases_cover_all_kinds_of_connections_and_both_widths_of_axons() -> None:
    layers = [entry for case in RECORDED["cases"] for entry in case["layers"]]
    kinds = {c["kind"] for e in layers for c in e["connections"]}
    assert kinds == {"conv", "transposed", "dense"}
    assert {c["axon_bits"] for e in layers for c in e["connections"]} == {16, 32}
    assert any(len(e["connections"]) == 2 for e in layers)
    assert len(layers) >= 60
    assert sum(len(e["cores"]) > 1 for e in layers) >= 40


def sizes(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def cut_networks(draw: st.DrawFn) -> tuple[FloatNetwork, dict[str, tuple[Box, ...]]]:
    """Draw one to three layers, the last with a second source, and any tiles."""
    shapes: dict[str, Shape] = {"input": (draw(st.integers(1, 3)), *draw(sizes(1, 5)))}
    layers = []
    for number in range(draw(st.integers(1, 3))):
        shape = (draw(st.sampled_from((1, 2, 3, 4, 8))), *draw(sizes(1, 6)))
        kernels = []
        for source in draw(st.lists(st.sampled_from(sorted(shapes)), min_size=1, max_size=2)):
            window = Window(
                draw(sizes(1, 3)), draw(sizes(0, 2)), draw(sizes(1, 2)), draw(st.booleans())
            )
            taps = (*draw(sizes(1, 3)), shapes[source][0], shape[0])
            kernels.append(kernel(source, taps, window))
        name = f"layer{number}"
        shapes[name] = shape
        layers.append(layer(name, shape, *kernels))
    cuts = {}
    for one in layers:
        tile = tuple(draw(st.integers(1, n)) for n in one.shape)
        cuts[one.name] = grid(one.shape, (tile[0], tile[1], tile[2]))
    return network({"input": shapes["input"]}, *layers), cuts


@settings(max_examples=60, deadline=None)
@given(cut_networks())
def test_the_counts_are_those_of_every_source_tap_and_target(
    drawn: tuple[FloatNetwork, dict[str, tuple[Box, ...]]],
) -> None:
    net, cuts = drawn
    slow = slow_use(net, cuts, TOY.atoms, TOY.short_axons)
    assert {(u.layer, u.box): counts(u) for u in network_use(net, cuts, TOY)} == slow


def test_what_is_too_much_is_told_with_the_excess() -> None:
    net = network({"input": (1, 9, 9)}, layer("a", (1, 9, 9), kernel("input", (3, 3, 1, 1))))
    (use,) = network_use(net, {"a": (Box.whole((1, 9, 9)),)}, TOY)
    assert use.over(TOY) == {"compartments": 17}
    assert use.over(LOIHI) == {}


def test_a_source_cut_by_channels_sends_to_the_same_axons() -> None:
    net = network(
        {"input": (1, 4, 4)},
        layer("a", (4, 4, 4), kernel("input", (1, 1, 1, 4))),
        layer("b", (4, 4, 4), kernel("a", (1, 1, 4, 4))),
    )
    whole = grid((4, 4, 4), (4, 4, 4))
    uses = {
        n: network_use(net, {"a": grid((4, 4, 4), (n, 4, 4)), "b": whole}, LOIHI) for n in (4, 1)
    }
    assert uses[4][-1].in_axons == uses[1][-1].in_axons == 16
    assert [use.out_axons for use in uses[1][:-1]] == [16] * 4


def test_thresholds_that_differ_are_counted_in_the_channels_of_the_box() -> None:
    thresholds = np.array([1, 1, 2, 3], np.float32)
    one = layer("a", (4, 1, 1), kernel("input", (1, 1, 1, 4)), threshold=thresholds)
    accounts = Accounts(network({"input": (1, 1, 1)}, one), LOIHI)
    boxes = grid((4, 1, 1), (2, 1, 1))
    assert [accounts.thresholds("a", box) for box in boxes] == [1, 2]
