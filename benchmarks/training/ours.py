"""Our engine's entries. A name says mode and numbers; what is expected and absent is said aloud."""

from benchmarks.training.contestant import Builder, Contestant, Mode
from benchmarks.training.our_inference import byte_builder
from benchmarks.training.our_training import our_builder

EXPECTED = (
    "ours train fp32",
    "ours train bf16",
    "ours train fp32 recompute",
    "ours train bf16 recompute",
    "ours infer fp32",
    "ours infer bf16",
    "ours infer int8",
    "ours infer event",
)
OURS: tuple[tuple[str, Builder], ...] = (
    ("ours train fp32", our_builder()),
    ("ours train bf16", our_builder(bf16=True)),
    ("ours train fp32 recompute", our_builder(recompute=True)),
    ("ours train bf16 recompute", our_builder(bf16=True, recompute=True)),
    ("ours infer fp32", our_builder()),
    ("ours infer bf16", our_builder(bf16=True)),
    ("ours infer int8", byte_builder),
)


def our_contestants() -> list[Contestant]:
    """Return our entries; each name must be an expected one."""
    unknown = [name for name, _ in OURS if name not in EXPECTED]
    if unknown:
        raise ValueError(f"unknown entries {unknown}; allowed are {list(EXPECTED)}.")
    return [Contestant(name, "ours", (mode_of(name),), builder) for name, builder in OURS]


def mode_of(name: str) -> Mode:
    """Return the mode that the name of an entry says."""
    return "train" if name.split()[1] == "train" else "infer"


def absent(present: set[str]) -> list[str]:
    """Return the expected entries that were not measured."""
    return [name for name in EXPECTED if name not in present]
