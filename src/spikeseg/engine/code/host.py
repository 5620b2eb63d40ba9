"""Machine code for this processor from LLVM's words."""

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numba  # noqa: F401  (wakes LLVM, in whatever way its version wants)
from llvmlite import ir
from numpy.typing import NDArray


def compile_module(module: ir.Module) -> Any:
    """Return the owner of a module's machine code, which ``get_function_address`` finds."""
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    return engine


class Compiled(NamedTuple):
    """A function of this processor.

    Attributes:
        function: what is called.
        owner: of its code; keeps it in memory.
    """

    function: Callable[..., Any]
    owner: Any


def compile_function(
    module: ir.Module, name: str, arguments: Sequence[Any], result: Any = None
) -> Compiled:
    """Return a function of a module; arguments and result are kinds of `ctypes`."""
    owner = compile_module(module)
    kind = ctypes.CFUNCTYPE(result, *arguments)
    return Compiled(kind(owner.get_function_address(name)), owner)


def address(array: NDArray[Any]) -> int:
    """Return where an array lies; twenty times faster than its ``ctypes``."""
    found: int = array.__array_interface__["data"][0]
    return found


@cache
def has_feature(name: str) -> bool:
    """Return whether this processor has a feature, in LLVM's name: ``avx512vbmi2``."""
    return bool(llvm.get_host_cpu_features().get(name, False))
