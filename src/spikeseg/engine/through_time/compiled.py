"""torch.compile, for the texts of `unrolled`: one program for each, or why there is none.

Inductor writes the Triton kernels. Every program has a code object of its own, because torch
counts compilations by code object and refuses after eight; the sizes of images are left open, so
that one program serves all of them, while steps, neuron and layout are compiled in.
"""

import importlib.util
import itertools
import warnings
from collections.abc import Callable, Hashable
from functools import cache
from types import FunctionType
from typing import Any

import torch
from torch import Tensor

BACKEND = "inductor"
_OPTIONS = {
    # No product and sum in one rounding: potentials are those of the single operations.
    "emulate_precision_casts": True,
    # The spikes of all steps are written from one pass over the potentials, not from one each.
    "max_pointwise_cat_inputs": 0,
    "max_complex_pointwise_cat_inputs": 0,
}
_NUMBERS = itertools.count()


def run_compiled(
    text: Callable[..., Any], plan: Hashable, tensors: tuple[Tensor, ...], backend: str = BACKEND
) -> Any:
    """Return ``text(plan, *tensors)``, as one compiled graph.

    Args:
        text: of `unrolled`.
        plan: what is compiled in.
        tensors: all sizes are left open but those of the first axis of those with several.
        backend: of torch.compile.
    """
    x = tensors[0]
    kind = (x.dtype, x.device, x.shape[-1] == 1, x.is_inference())
    return _program(text, plan, kind, backend)(*(_left_open(tensor) for tensor in tensors))


def _left_open(tensor: Tensor) -> Tensor:
    view = tensor.detach()  # whose marks nobody else sees
    for axis in range(min(1, tensor.ndim - 1), tensor.ndim):
        torch._dynamo.maybe_mark_dynamic(view, axis)
    return view


@cache
def _program(
    text: Callable[..., Any], plan: Hashable, kind: Hashable, backend: str
) -> Callable[..., Any]:
    def run(*tensors: Tensor) -> Any:
        return text(plan, *tensors)

    name = f"{text.__name__}_{next(_NUMBERS)}"
    code = run.__code__.replace(co_name=name)
    own = FunctionType(code, run.__globals__, name, None, run.__closure__)
    options = _known_options() if backend == BACKEND else None
    return torch.compile(own, fullgraph=True, backend=backend, options=options)


def _known_options() -> dict[str, Any]:
    """Return what this version of torch knows of; it refuses others."""
    known = set(torch._inductor.list_options())
    return {name: value for name, value in _OPTIONS.items() if name in known}


def describe_gpu() -> str:
    """Return how a GPU would compute spiking neurons, in one line."""
    if torch.cuda.is_available():
        reason = why_stepwise(torch.device("cuda", torch.cuda.current_device()))
        return "compiled by torch.compile" if reason is None else f"step by step: {reason}"
    has_triton = importlib.util.find_spec("triton") is not None
    state = "Triton is installed" if has_triton else "Triton is not installed: step by step"
    return f"no GPU here; one would need torch.compile and Triton ({state})"


def is_compiled(device: torch.device) -> bool:
    """Return whether neurons on a device run compiled; where a GPU cannot, say so once.

    The first answer for a GPU takes some seconds: a small program is compiled and run there.

    Warns:
        RuntimeWarning: torch.compile does not work on this GPU, and why; steps are then taken one
            by one.
    """
    if device.type != "cuda" or torch.compiler.is_compiling():  # then they are compiled anyway
        return False
    return why_stepwise(device, aloud=True) is None


@cache
def why_stepwise(device: torch.device, aloud: bool = False) -> str | None:
    """Return why torch.compile does not work on a device, or ``None`` where it does."""
    try:
        _try_out(device)
    except Exception as error:  # no Triton, no C compiler, an old GPU, an old or new Python
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    else:
        return None
    if aloud:
        warnings.warn(
            f"torch.compile does not work on {device} ({reason}): spiking neurons take their steps "
            "one by one, with the same results, more slowly and with more memory. It needs Triton, "
            "a C compiler, and a GPU of compute capability 7.0 or more.",
            RuntimeWarning,
            stacklevel=2,
        )
    return reason


def _try_out(device: torch.device) -> None:
    x = torch.ones(2, 8, device=device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, as it is loaded
        found = run_compiled(_doubled, None, (x,))
    if not torch.equal(found, 2.0 * x):
        raise RuntimeError("what it compiles gives wrong results")


def _doubled(plan: None, x: Tensor) -> Tensor:
    return x + x
