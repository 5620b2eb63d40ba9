"""From LLVM's words to functions of this processor."""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numba  # noqa: F401  (wakes LLVM, in whatever way its version wants)
from llvmlite import ir


class Compiled(NamedTuple):
    """Functions by name.

    Attributes:
        functions: what is called.
        owner: of the code; keeps it in memory.
    """

    functions: Mapping[str, Callable[..., None]]
    owner: Any


def compile_module(module: ir.Module, names: Sequence[str], arguments: Sequence[Any]) -> Compiled:
    """Return functions of a module for this processor.

    Args:
        module: all functions take the same arguments and return nothing.
        names: of the functions.
        arguments: `ctypes` kinds.
    """
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(None, *arguments)
    functions = {name: kind(engine.get_function_address(name)) for name in names}
    return Compiled(functions, engine)
