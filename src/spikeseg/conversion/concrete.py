"""Traces a network with ``torch.fx`` on one image, so that sizes are numbers and not unknowns.

Every proxy carries the tensor that it has for the example. What is read from a tensor's size, type
or device is then plain Python, and a forward pass may compute with it; what would depend on a
tensor's values is still refused, as it may differ for the next image.
"""

import inspect
import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_aggregate
from torch.fx.proxy import TraceError

from spikeseg.errors import UnsupportedLayerError
from spikeseg.layers import AbstractActivation
from spikeseg.networks import SizeGuard

_KNOWN_WITHOUT_VALUES = (
    *("shape", "ndim", "dtype", "device", "layout", "names", "itemsize", "nbytes"),
    *("size", "dim", "ndimension", "numel", "nelement", "stride", "element_size"),
    *("is_cuda", "is_contiguous", "is_floating_point", "is_complex", "get_device"),
    "requires_grad",
)
_KNOWN_FUNCTIONS = (torch.numel, torch.is_tensor, torch.is_floating_point, torch.is_complex)


class _Concrete(fx.Proxy):
    """A proxy that knows its value for the example."""

    def __init__(self, node: fx.Node, tracer: fx.Tracer, value: Any) -> None:
        super().__init__(node, tracer)
        self.value = value

    def __getattr__(self, k: str) -> Any:
        if k in _KNOWN_WITHOUT_VALUES:
            return getattr(self.value, k)
        return super().__getattr__(k)

    @property
    def __class__(self) -> type:  # networks ask whether they got a tensor
        return Tensor if isinstance(self.__dict__.get("value"), Tensor) else _Concrete

    @__class__.setter
    def __class__(self, kind: type) -> None:
        raise TypeError("the class of a proxy is that of its value")

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return (operator.getitem(self, i) for i in range(len(self.value)))

    def _in_place(self, operation: Callable[..., Any], other: Any) -> Any:
        return self.tracer.create_proxy("call_function", operation, (self, other), {})

    def __iadd__(self, other: Any) -> Any:
        return self._in_place(operator.iadd, other)

    def __isub__(self, other: Any) -> Any:
        return self._in_place(operator.isub, other)

    def __imul__(self, other: Any) -> Any:
        return self._in_place(operator.imul, other)

    def __itruediv__(self, other: Any) -> Any:
        return self._in_place(operator.itruediv, other)


class _Tracer(fx.Tracer):
    def __init__(self, example: Tensor) -> None:
        super().__init__()
        self._example = example
        self._running = False  # a layer is computing its value, which is not to be traced

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        known = isinstance(m, AbstractActivation | SizeGuard)
        return known or super().is_leaf_module(m, module_qualified_name)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        """Return weights as they are: only what comes from the image is traced."""
        return attr_val

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Trace a layer, or run it."""
        image_like = [a for a in (*args, *kwargs.values()) if isinstance(a, fx.Proxy)]
        if self._running or (not image_like and self.is_leaf_module(m, "")):
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def create_arg(self, a: Any) -> Any:
        """Return the node of a proxy; without this, it would be taken for a constant tensor."""
        return a.node if type(a) is _Concrete else super().create_arg(a)

    def create_proxy(
        self, kind: str, target: Any, args: Any, kwargs: Any, *others: Any, **options: Any
    ) -> Any:
        """Add a node and compute its value; what is no tensor is no part of the graph."""
        value = self._value(kind, target, *map_aggregate((args, kwargs), _value_of))
        if target in _KNOWN_FUNCTIONS:
            return value
        if not isinstance(value, Tensor | tuple | list):
            name = getattr(target, "__name__", str(target))
            raise TraceError(f"{name} turns the values of a tensor into {type(value).__name__}")
        node = super().create_proxy(kind, target, args, kwargs, *others, **options).node
        if isinstance(value, Tensor):
            node.meta["shape"] = tuple(value.shape)
        return _Concrete(node, self, value)

    def _value(self, kind: str, target: Any, args: Any, kwargs: Any) -> Any:
        match kind:
            case "placeholder":
                return self._example
            case "call_module":
                return self._run(self.root.get_submodule(target), args, kwargs)
            case "call_method":
                return getattr(args[0], target)(*args[1:], **kwargs)
            case _:
                return target(*args, **kwargs)

    def _run(self, layer: nn.Module, args: Any, kwargs: Any) -> Any:
        self._running = True
        try:
            return layer(*args, **kwargs)
        finally:
            self._running = False


def _value_of(argument: Any) -> Any:
    return argument.value if type(argument) is _Concrete else argument


def check_inputs(network: nn.Module) -> None:
    """Check that a network takes one image.

    Raises:
        UnsupportedLayerError: its forward pass takes a second input.
    """
    for name in list(inspect.signature(network.forward).parameters)[1:]:
        raise UnsupportedLayerError(
            f"the network takes a second input, {name!r}; a spiking graph takes one image. "
            "Wrap the network in a module whose forward takes the image only."
        )


def graph_module(network: nn.Module, example: Tensor) -> fx.GraphModule:
    """Return a network as a graph of its operations; each node of a tensor knows its shape.

    Args:
        network: in evaluation mode.
        example: (B, C, H, W); it may be changed in place.

    Raises:
        UnsupportedLayerError: its forward pass depends on values.
    """
    try:
        with torch.inference_mode():
            graph = _Tracer(example).trace(network)
    except (TraceError, TypeError, RuntimeError) as error:
        raise UnsupportedLayerError(
            f"{type(network).__name__}.forward cannot be traced ({error}); it may compute with the "
            "sizes of tensors, but must not branch on their values. Move such checks out of it."
        ) from error
    return fx.GraphModule(network, graph)
