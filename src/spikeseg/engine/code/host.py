"""Machine code for this processor from LLVM's words."""

from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numba  # noqa: F401  (wakes LLVM, in whatever way its version wants)
from llvmlite import ir


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


@cache
def has_feature(name: str) -> bool:
    """Return whether this processor has a feature, in LLVM's name: ``avx512vbmi2``."""
    return bool(llvm.get_host_cpu_features().get(name, False))
