"""Record what nengo-loihi counts on the cores of random networks, for tests/loihi1_resources.json.

    python -m venv E && E/bin/pip install numpy==1.26.4 nengo==3.2.0 nengo-loihi==1.1.0
    E/bin/python tests_oracle/record_resources.py tests/loihi1_resources.json

Shapes and tiles are written as (C, H, W). nengo itself decides which connections can take axons of
16 bits: each is tried so first, and with 32 bits where the validation of nengo-loihi objects.
"""

import json
import sys
import warnings

import nengo
import nengo_loihi
import numpy as np
from nengo_loihi import BlockShape

CASES = 32


def ceil_div(a, b):
    return -(-a // b)


def draw_layer(random, name, known):
    """Return a layer that hears one earlier population, and now and then a second one."""
    source = known[random.integers(len(known))]
    _, h, w = source["shape"]
    channels = int(random.choice([1, 2, 3, 4, 6, 8, 12]))
    kernel = [int(k) for k in random.integers(1, 4, 2)]
    stride = [int(s) for s in random.integers(1, 3, 2)]
    padding = str(random.choice(["same", "valid"]))
    kinds = ["conv", "conv", "transposed", "whole"] if h * w <= 100 else ["conv"]
    kind = str(random.choice(kinds))
    if (h, w) == (1, 1) and source["name"] != "input":
        kind, channels = "dense", int(random.integers(2, 40))
    if kind in ("dense", "whole"):
        kernel, stride, padding = [h, w], [1, 1], "valid"
    spatial = []
    for n, k, s in zip((h, w), kernel, stride, strict=True):
        if kind == "transposed":
            spatial.append(1 + (n - 1) * s + (k - 1 if padding == "valid" else 0))
        else:
            spatial.append(ceil_div(n, s) if padding == "same" else (n - k) // s + 1)
    shape = [channels, *spatial]
    connection = {
        "source": source["name"],
        "kind": "conv" if kind == "whole" else kind,
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
    }
    connections = [connection]
    twins = [k for k in known if k["shape"][1:] == shape[1:] and k["name"] != source["name"]]
    if twins and kind != "dense" and shape[1:] != [1, 1]:
        twin = twins[random.integers(len(twins))]
        size = int(random.choice([1, 3]))
        connections.append(
            {
                "source": twin["name"],
                "kind": "conv",
                "kernel": [size, size],
                "stride": [1, 1],
                "padding": "same",
            }
        )
    tile = [int(random.integers(1, n + 1)) if random.random() < 0.7 else n for n in shape]
    return {"name": name, "shape": shape, "tile": tile, "connections": connections}


def draw(seed):
    """Return a network that needs no more than some hundred cores."""
    random = np.random.default_rng(seed)
    shape = [
        int(random.choice([1, 2, 5])),
        int(random.integers(4, 15)),
        int(random.integers(4, 15)),
    ]
    inputs = {"name": "input", "shape": shape}
    layers = []
    for number in range(int(random.integers(2, 5))):
        layer = draw_layer(random, f"layer{number}", [inputs, *layers])
        if min(layer["shape"]) < 1:
            raise ValueError
        layers.append(layer)
    cores = [
        np.prod([ceil_div(n, t) for n, t in zip(x["shape"], x["tile"], strict=True)])
        for x in layers
    ]
    neurons = sum(np.prod(layer["shape"]) for layer in layers)
    if max(cores) > 60 or max(np.prod(x["tile"]) for x in layers) > 1024 or neurons > 8000:
        raise ValueError
    return {"seed": seed, "input": shape, "layers": layers}


def tile_counts(layer):
    return [ceil_div(n, t) for n, t in zip(layer["shape"], layer["tile"], strict=True)]


def last(shape):
    c, h, w = shape
    return (h, w, c)


def transform(connection, source, shape, random):
    weight = random.standard_normal((*connection["kernel"], source[0], shape[0]))
    if connection["kind"] == "dense":
        return nengo.Dense((shape[0], source[0]), init=weight[0, 0].T)
    kind = {"conv": nengo.Convolution, "transposed": nengo.transforms.ConvolutionTranspose}
    made = kind[connection["kind"]](
        shape[0],
        last(source),
        strides=tuple(connection["stride"]),
        kernel_size=tuple(connection["kernel"]),
        padding=connection["padding"],
        channels_last=True,
        init=weight,
    )
    if made.output_shape.shape != last(shape):
        raise RuntimeError(f"{made.output_shape.shape} is not {shape}")
    return made


def build(case, pops):
    """Return the blocks of nengo-loihi, with ``pops`` bits for the connections in turn."""
    return list(build_model(case, pops)[0].blocks)


def build_model(case, pops):
    """Return the model of nengo-loihi and the ensembles by name."""
    random = np.random.default_rng(case["seed"])
    shapes = {"input": case["input"], **{x["name"]: x["shape"] for x in case["layers"]}}
    with nengo.Network(seed=0) as net:
        nengo_loihi.add_params(net)
        made = {}
        for name, shape in shapes.items():
            made[name] = nengo.Ensemble(
                int(np.prod(shape)),
                1,
                neuron_type=nengo.SpikingRectifiedLinear(),
                gain=nengo.dists.Choice([1.0]),
                bias=nengo.dists.Choice([1.0]),
            )
        net.config[made["input"]].on_chip = False
        pops = iter(pops)
        for layer in case["layers"]:
            block = BlockShape(last(layer["tile"]), last(layer["shape"]))
            net.config[made[layer["name"]]].block_shape = block
            for connection in layer["connections"]:
                source = connection["source"]
                joined = nengo.Connection(
                    made[source].neurons,
                    made[layer["name"]].neurons,
                    transform=transform(connection, shapes[source], layer["shape"], random),
                )
                net.config[joined].pop_type = next(pops)
    with nengo_loihi.Simulator(net, target="sim", progress_bar=False) as sim:
        return sim.model, made


def choose_pops(case):
    """Try axons of 16 bits for each connection, with 32 bits for all others."""
    wanted = [c for layer in case["layers"] for c in layer["connections"]]
    shapes = {"input": case["input"], **{x["name"]: x["shape"] for x in case["layers"]}}
    pops = [32] * len(wanted)
    for number, connection in enumerate(wanted):
        if connection["kind"] == "dense" or shapes[connection["source"]][0] > 32:
            continue
        trial = list(pops)
        trial[number] = 16
        try:
            build(case, trial)
        except (AssertionError, AttributeError):  # its message is broken: AttributeError
            continue
        pops = trial
    return pops


def record(case):
    pops = choose_pops(case)
    blocks = build(case, pops)
    pops = iter(pops)
    for layer in case["layers"]:
        sizes = tile_counts(layer)
        mine, blocks = blocks[: np.prod(sizes)], blocks[np.prod(sizes) :]
        for connection in layer["connections"]:
            connection["axon_bits"] = next(pops)
        layer["cores"] = [[int(used) for used, _ in block.utilization().values()] for block in mine]
    assert not blocks
    return case


def main():
    cases = []
    seed = 0
    while len(cases) < CASES:
        seed += 1
        try:
            cases.append(record(draw(seed)))
        except (ValueError, nengo.exceptions.BuildError) as error:
            print(seed, "left out:", error)
            continue
        print(seed, "recorded", file=sys.stderr)
    versions = {"nengo": nengo.__version__, "nengo_loihi": nengo_loihi.__version__}
    columns = ["compartments", "in_axons", "out_axons", "synapse_bits"]
    with open(sys.argv[1], "w") as file:
        json.dump({"versions": versions, "columns": columns, "cases": cases}, file)
        file.write("\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
