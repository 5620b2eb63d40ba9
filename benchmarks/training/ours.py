"""Our engine's entries. A name says mode and numbers; what was not measured is said aloud."""

from benchmarks.training.contestant import Builder, Contestant, Mode
from benchmarks.training.our_inference import graph_builder
from benchmarks.training.our_training import our_builder
from spikeseg.engine import Engine

OURS: dict[str, Builder] = {
    "ours train fp32": our_builder(),
    "ours train bf16": our_builder(bf16=True),
    "ours train fp32 recompute": our_builder(recompute=True),
    "ours train bf16 recompute": our_builder(bf16=True, recompute=True),
    "ours infer float32": graph_builder("float32"),
    "ours infer bfloat16": graph_builder("bfloat16"),
    "ours infer int8": graph_builder("int8"),
    "ours infer dense fp32": graph_builder(Engine("fp32")),
    "ours infer dense bf16": graph_builder(Engine("bf16")),
    "ours infer dense int8": graph_builder(Engine("int8")),
}
"""A precision is what users ask for; dense is without layers that go event by event."""


def our_contestants() -> list[Contestant]:
    """Return our entries."""
    return [Contestant(name, "ours", (mode_of(name),), make) for name, make in OURS.items()]


def mode_of(name: str) -> Mode:
    """Return the mode that the name of an entry says."""
    return "train" if name.split()[1] == "train" else "infer"


def absent(present: set[str]) -> list[str]:
    """Return the entries that were not measured."""
    return [name for name in OURS if name not in present]
