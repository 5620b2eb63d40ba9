"""Which way a population is computed: by what was measured, and never another result."""

import gc
import threading
import weakref
from copy import deepcopy

import numpy as np
import pytest
import torch

from dyadic import images, unet_graph
from spikeseg.engine import Engine, simulate, sparse, walk
from spikeseg.graph import Connection, Convolution, Population, SpikingGraph
from spikeseg.neurons import NEURONS, Neuron, State

STEPS = 5
EVENTS = ("never", "always")


def fresh_graph():
    """Return a graph, with weights of its own, that no other test has measured."""
    return deepcopy(unet_graph(Neuron(v_initial=0.5)))


@pytest.fixture
def graph():
    return fresh_graph()


@pytest.mark.parametrize(("dense", "many"), [(1.0, 5), (1e-9, 0)])
def test_the_way_that_was_measured_to_be_faster_is_taken(monkeypatch, graph, dense, many):
    monkeypatch.setattr(walk, "_SMALL", 0)
    found = iter([dense, 1e-6, 2e-6] * 100)
    monkeypatch.setattr(sparse, "seconds", lambda run: run() is Ellipsis or next(found))
    batch = images(2, 2, 8, 8, seed=3)
    result = simulate(graph, batch, STEPS, keep_spikes=True)
    assert f"; {many} of 6 populations event by event" in result.engine
    exact = simulate(graph, batch, STEPS, keep_spikes=True, precision=Engine("fp32"))
    assert all(torch.equal(result.spikes[name], exact.spikes[name]) for name in exact.spikes)


def test_both_ways_are_measured_once_for_each_kind_of_numbers(monkeypatch, graph):
    monkeypatch.setattr(walk, "_SMALL", 0)
    timed = []
    monkeypatch.setattr(sparse, "seconds", lambda run: timed.append(run) or 1.0)
    for precision in (Engine("fp32", "measured"), Engine("bf16", "measured")):
        for _ in range(2):
            before = len(timed)
            simulate(graph, images(1, 2, 8, 8), STEPS, precision=precision)
        assert len(timed) == before > 0


def test_small_populations_are_not_compiled(monkeypatch, graph):
    monkeypatch.setattr(sparse, "EventLayer", lambda *args: pytest.fail("compiled"))
    found = simulate(graph, images(1, 2, 8, 8), STEPS)
    assert "event by event" not in found.engine


def test_a_graph_that_nobody_needs_is_forgotten():
    graph = fresh_graph()
    simulate(graph, images(1, 2, 8, 8), 2, precision=Engine("fp32", "always"))
    connections = [weakref.ref(c) for c in graph.connections]
    del graph
    gc.collect()
    assert [r() for r in connections] == [None] * len(connections)


@pytest.mark.parametrize("engine", [Engine(n, e) for n in ("fp32", "bf16", "int8") for e in EVENTS])
def test_weights_that_were_changed_in_place_are_seen(engine):
    graph, batch = fresh_graph(), images(2, 2, 8, 8)
    simulate(graph, batch, STEPS, precision=engine)
    for connection in graph.connections:
        for transform in connection.transforms:
            if isinstance(transform, Convolution):
                transform.weight[0] *= -0.5
    found = simulate(graph, batch, STEPS, precision=engine)
    anew = tuple(Connection(c.source, c.target, c.transforms) for c in graph.connections)
    wanted = simulate(SpikingGraph(graph.populations, anew), batch, STEPS, precision=engine)
    assert torch.equal(found.potential, wanted.potential)
    assert all(torch.equal(n, wanted.spike_counts[k]) for k, n in found.spike_counts.items())


def test_spikes_of_more_than_one_level_are_not_bits(monkeypatch):
    def twice(current, state, parameters):
        v = state.v + current
        spike = 1 * (v >= parameters.v_threshold) + 1 * (v >= parameters.v_threshold * 2)
        return spike, State(state.u, v - spike * parameters.v_threshold, state.n)

    twice.__globals__["SPIKE_LEVELS"] = (0, 1, 2)
    monkeypatch.setitem(NEURONS._members, "twice", twice)
    shape = (16, 8, 8)
    conv = Convolution(np.full((16, 1, 1, 1), 2.0, np.float32))
    same = Convolution(np.eye(16, dtype=np.float32)[:, :, None, None] / 4)
    graph = SpikingGraph(
        (
            Population("input", (1, 8, 8)),
            Population("a", shape, Neuron("twice")),
            Population("b", shape, Neuron()),
            Population("output", shape),
        ),
        (
            Connection("input", "a", (conv,)),
            Connection("a", "b", (same,)),
            Connection("b", "output", (same,)),
        ),
    )
    found = [
        simulate(graph, images(1, 1, 8, 8), 8, precision=Engine("fp32", events), keep_spikes=True)
        for events in ("never", "always")
    ]
    assert found[0].spikes["a"].max() == 2
    assert torch.equal(found[0].spikes["b"], found[1].spikes["b"])
    del twice.__globals__["SPIKE_LEVELS"]


def test_several_threads_may_simulate_one_graph(graph):
    batches = [images(1, 2, size, size) for size in (4, 8, 12)]
    alone = [simulate(graph, batch, STEPS).potential for batch in batches]
    wrong = []

    def repeat(batch, expected):
        for _ in range(20):
            if not torch.equal(simulate(graph, batch, STEPS).potential, expected):
                wrong.append(batch.shape)

    threads = [
        threading.Thread(target=repeat, args=pair) for pair in zip(batches, alone, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
