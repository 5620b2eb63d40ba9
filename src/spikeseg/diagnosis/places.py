"""Where a layer stands in a network: how deep, and at which resolution."""

from spikeseg.graph import Population, SpikingGraph

SEGMENTATION, BETWEEN, CLASSIFYING = "segmentation", "between", "classification-like"


def depths(graph: SpikingGraph) -> dict[str, int]:
    """Return, for each population, the connections on its longest way from the image."""
    found = {graph.input.name: 0}
    for population in graph.populations[1:]:
        sources = [c.source for c in graph.into(population.name)]
        found[population.name] = 1 + max(found[source] for source in sources)
    return found


def stride_of(graph: SpikingGraph, population: Population) -> float:
    """Return how many rows of the image one row of a population stands for."""
    return graph.input.shape[1] / population.shape[1]


def roles(graph: SpikingGraph) -> dict[str, str]:
    """Return the role of each hidden population.

    Layers at full resolution are *segmentation* layers: only a network that answers for every
    pixel has them at its end. Those at the lowest resolution are *classification-like*, as the
    last layers of a classifier are; all others are *between*.
    """
    strides = {p.name: stride_of(graph, p) for p in graph.hidden}
    lowest = max(strides.values(), default=1.0)

    def role(stride: float) -> str:
        if stride <= 1:
            return SEGMENTATION
        return CLASSIFYING if stride == lowest else BETWEEN

    return {name: role(stride) for name, stride in strides.items()}
