"""All contestants, in the order of tables."""

import importlib.metadata
import platform
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.training.contestant import Case, Contestant, Mode, Weights
from benchmarks.training.naive import NaiveNeuron
from benchmarks.training.network import Dense, Merged, UNet
from benchmarks.training.ours import our_contestants
from benchmarks.training.peers import norse_unet, sinabs_unet, snntorch_unet, spikingjelly_unet
from benchmarks.training.runtimes import openvino_builder
from benchmarks.training.task import blobs
from benchmarks.training.torch_steps import IMAGE_SEED, Setting, builder, make_network

NAIVE = "naive loop"
LIBRARIES = (
    "torch",
    "spikingjelly",
    "snntorch",
    "norse",
    "sinabs",
    "openvino",
    "onnxruntime",
    "numpy",
)
_CAST = Setting(channels_last=True, bf16=True)
_BY_STEP = Setting(channels_last=True, bf16=True, compiled="step")
_WHOLE = Setting(channels_last=True, bf16=True, compiled="whole")


def naive_unet(num_steps: int) -> UNet:
    """Return the U-Net with the naive neuron."""
    return Merged(NaiveNeuron, num_steps)


def exact_logits(case: Case, weights: Weights) -> Tensor:
    """Return the logits of the naive loop in float64."""
    network = make_network(naive_unet, case, weights).double()
    images, _ = blobs(case.batch, case.size, IMAGE_SEED)
    with torch.inference_mode():
        found: Tensor = network(images.double())
    return found


def dense_unet(num_steps: int) -> UNet:
    """Return the dense twin, whatever the number of steps."""
    return Dense(nn.ReLU)


def contestants() -> list[Contestant]:
    """Return everybody; the best settings are those that peers were found fastest in."""
    both: tuple[Mode, ...] = ("train", "infer")
    return [
        Contestant(NAIVE, "naive", both, builder(naive_unet)),
        Contestant("spikingjelly", "stock", both, builder(spikingjelly_unet)),
        Contestant("snntorch", "stock", both, builder(snntorch_unet)),
        Contestant("norse", "stock", both, builder(norse_unet)),
        Contestant("sinabs", "stock", both, builder(sinabs_unet)),
        Contestant(
            "snntorch, compiled channels_last bf16",
            "best",
            both,
            builder(snntorch_unet, _BY_STEP),
            compiled=True,
        ),
        *_compiled_whole(),
        Contestant(
            "spikingjelly, channels_last bf16", "best", both, builder(spikingjelly_unet, _CAST)
        ),
        Contestant("norse, channels_last bf16", "best", both, builder(norse_unet, _CAST)),
        Contestant("sinabs, bf16", "best", both, builder(sinabs_unet, Setting(bf16=True))),
        Contestant("dense fp32", "dense", both, builder(dense_unet)),
        Contestant("dense channels_last bf16", "dense", both, builder(dense_unet, _CAST)),
        Contestant("openvino bf16", "openvino", ("infer",), openvino_builder("bf16")),
        Contestant("openvino int8", "openvino", ("infer",), openvino_builder("int8")),
        *our_contestants(),
    ]


def _compiled_whole() -> list[Contestant]:
    """Return those whose compilation takes minutes for every T and batch, and gains no more."""
    makes = {"spikingjelly": spikingjelly_unet, "snntorch": snntorch_unet}
    return [
        Contestant(
            f"{name}, compiled whole channels_last bf16",
            "best",
            ("train", "infer"),
            builder(make, _WHOLE),
            compiled=True,
            on_request=True,
        )
        for name, make in makes.items()
    ]


def versions() -> dict[str, str]:
    """Return the version of Python and of every library that takes part."""
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in LIBRARIES
    }


def processor() -> dict[str, object]:
    """Return the name, number of cores and vector and matrix instructions of the processor."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    by_name = {name.strip(): value.strip() for name, value in fields.items()}
    flags = [f for f in by_name.get("flags", "").split() if f.startswith(("avx", "amx", "fma"))]
    cores = sum(line.startswith("processor") for line in lines)
    return {"name": by_name.get("model name", "unknown"), "cores": cores, "flags": sorted(flags)}
