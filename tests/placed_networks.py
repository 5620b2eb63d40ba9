"""A small U-Net on many cores, for traffic and placement."""

import numpy as np

from spikeseg.chips import ChipProgram, Window
from tests.cut_networks import grid, kernel, layer, network
from tests.trace_files import program_of

SAME, HALF = Window(padding=(1, 1)), Window((2, 2), (0, 0))
DOUBLE = Window((2, 2), transposed=True)
SHAPES = {"down": (2, 8, 8), "deep": (4, 4, 4), "up": (2, 8, 8), "last": (2, 8, 8)}


def small_unet(rows: int = 2) -> ChipProgram:
    """Return a U-Net with a skip, each core with all channels and ``rows`` rows of a layer."""
    net = network(
        {"in": (1, 8, 8)},
        layer("down", SHAPES["down"], kernel("in", (3, 3, 1, 2), SAME)),
        layer("deep", SHAPES["deep"], kernel("down", (3, 3, 2, 4), HALF)),
        layer("up", SHAPES["up"], kernel("deep", (2, 2, 4, 2), DOUBLE)),
        layer(
            "last",
            SHAPES["last"],
            kernel("up", (3, 3, 2, 2), SAME),
            kernel("down", (3, 3, 2, 2), SAME),
        ),
    )
    return program_of(net, {name: grid(s, (s[0], rows, s[2])) for name, s in SHAPES.items()})


def drawn_spikes(program: ChipProgram, seed: int, steps: int = 3) -> dict[str, np.ndarray]:
    """Return spikes (T, C, H, W) of every input and population, whatever the weights are."""
    rng = np.random.default_rng(seed)
    return {name: rng.random((steps, *shape)) < 0.1 for name, shape in program.shapes.items()}
