"""Max pooling of spikes, one window and one value after another."""

import numpy as np


def largest_counts(pooling, counts, shape):
    """Return the largest of the counts, (C, H, W), in each window; one value after another."""
    largest = np.zeros(shape)
    for c, y, x in np.ndindex(*shape):
        inside = []
        for ky, kx in np.ndindex(*pooling.kernel):
            source_y = y * pooling.stride[0] + ky * pooling.dilation[0] - pooling.padding[0]
            source_x = x * pooling.stride[1] + kx * pooling.dilation[1] - pooling.padding[1]
            if 0 <= source_y < counts.shape[1] and 0 <= source_x < counts.shape[2]:
                inside.append(counts[c, source_y, source_x])
        largest[c, y, x] = max(inside)
    return largest


def gated(graph, population, spikes):
    """Return a gate's spikes in the newest step: by how much the largest count of a window grew."""
    source = spikes[graph.into(population.name)[0].source]
    now, before = sum(source), sum(source[:-1], np.zeros(source[-1].shape))
    grown = [largest_counts(population.pooling, n, population.shape) for n in (now, before)]
    return grown[0] - grown[1]
