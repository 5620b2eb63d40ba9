"""What the processor that Numba compiles for can do."""

from functools import cache

from numba.core.registry import cpu_target


@cache
def _features() -> frozenset[str]:
    return frozenset(cpu_target.target_context.codegen().magic_tuple()[2].split(","))


def packs_lanes() -> bool:
    """Return whether it packs the chosen lanes of a vector."""
    return "+avx512f" in _features()


def multiplies_bytes() -> bool:
    """Return whether it multiplies vectors of bytes and adds up in 32 bits."""
    return bool(_features() & {"+amx-int8", "+avx512vnni", "+avxvnni"})


def has_tiles() -> bool:
    """Return whether it multiplies matrices of bytes."""
    return "+amx-int8" in _features()
