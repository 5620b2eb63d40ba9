"""Folds a plan into the weights of a traced network: the spiking graph."""

import numpy as np

from spikeseg.conversion.folding import scale_chain, with_bias
from spikeseg.conversion.planning import PerChannel, Plan, PopulationPlan
from spikeseg.conversion.tracing import TracedNetwork
from spikeseg.graph import Connection, Population, SpikingGraph
from spikeseg.neurons import Neuron


def assemble(traced: TracedNetwork, plan: Plan, dt_ms: float) -> SpikingGraph:
    """Return the graph in which every threshold is 1 and every spike counts 1.

    Args:
        traced: the network.
        plan: for each hidden population.
        dt_ms: length of a time step in milliseconds.
    """
    populations = tuple(
        _population(traced, name, plan.get(traced.origin(name))) for name in traced.shapes
    )
    biased: set[str] = set()
    connections = []
    for connection in traced.connections:
        target = plan.get(connection.target)
        first = connection.target not in biased
        biased.add(connection.target)
        bias = None if target is None or not first or not target.bias.any() else target.bias
        connections.append(_scaled(connection, traced, plan, bias))
    return SpikingGraph(populations, tuple(connections), dt_ms)


def _population(traced: TracedNetwork, name: str, plan: PopulationPlan | None) -> Population:
    shape = traced.shapes[name]
    if plan is None:
        return Population(name, shape)
    worth = _compact(plan.spike_value)
    if name in traced.gates:
        return Population(name, shape, spike_value=worth, pooling=traced.gates[name])
    neuron = Neuron(plan.neuron, v_initial=_compact(plan.v_initial))
    return Population(name, shape, neuron, worth, traced.ceilings[name])


def _compact(values: PerChannel) -> float | tuple[float, ...]:
    """Return one number where all channels have the same."""
    alike = np.all(values == values[0])
    return float(values[0]) if alike else tuple(float(v) for v in values)


def _scaled(
    connection: Connection, traced: TracedNetwork, plan: Plan, bias: PerChannel | None
) -> Connection:
    if connection.target in traced.gates:  # which passes spikes on as they are
        return connection

    def worth(name: str) -> PerChannel:
        name = traced.origin(name)
        return plan[name].spike_value if name in plan else np.ones(traced.shapes[name][0])

    chain = connection.transforms if bias is None else with_bias(connection.transforms, bias)
    chain = scale_chain(chain, worth(connection.source), worth(connection.target))
    return Connection(connection.source, connection.target, chain)
