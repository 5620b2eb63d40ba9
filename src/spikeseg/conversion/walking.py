"""Walks the nodes of a traced network and gives each value its expression.

Linear layers lengthen chains, addition and concatenation join sums, an activation makes a new
population out of a sum, and max pooling makes a gate out of a population.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, fx

from spikeseg.conversion.expressions import Expression, Term, lengthened, only_placed
from spikeseg.conversion.folding import fold
from spikeseg.conversion.nodes import place_of, shape_of
from spikeseg.conversion.refusals import Refusal, refuse
from spikeseg.errors import UnsupportedLayerError
from spikeseg.graph import Connection, MaxPooling, Transform
from spikeseg.graph.transforms import Shape

INPUT, OUTPUT = "input", "output"


class Walk:
    """Visits the nodes of a traced graph in order.

    Args:
        module: the graph.
        operations: give a node its value in this walk; raise `Refusal` where they cannot.
    """

    def __init__(
        self, module: fx.GraphModule, operations: Callable[["Walk", fx.Node], None]
    ) -> None:
        self.layers = dict(module.named_modules())
        self.shapes: dict[str, Shape] = {}
        self.amplitudes: dict[str, float | None] = {}
        self.ceilings: dict[str, float | None] = {}
        self.gates: dict[str, MaxPooling] = {}
        self.connections: list[Connection] = []
        self.values: dict[fx.Node, Expression] = {}
        self.parts: dict[fx.Node, tuple[Expression, ...]] = {}
        self.constants: dict[fx.Node, Tensor] = {}
        self._module = module
        self._operations = operations

    def visit(self, node: fx.Node) -> None:
        """Give a node its expression.

        Raises:
            UnsupportedLayerError: a spiking graph cannot express it.
        """
        try:
            self._visit(node)
        except Refusal as refusal:
            text = str(refusal)
            place = place_of(node) if text.startswith((":", " (")) else ""
            raise UnsupportedLayerError(place + text) from refusal

    def _visit(self, node: fx.Node) -> None:
        match node.op:
            case "placeholder":
                self.shapes[INPUT] = shape_of(node)
                self.values[node] = (Term(INPUT),)
            case "output":
                result = node.args[0]
                assert isinstance(result, fx.Node)
                self._connect(self.values[result], OUTPUT, shape_of(result))
            case "get_attr":
                self.constants[node] = _attribute(self._module, str(node.target))
            case _:
                self._operations(self, node)

    def activate(
        self,
        node: fx.Node,
        x: fx.Node,
        name: str,
        *,
        amplitude: float | None = None,
        ceiling: float | None = None,
        inplace: bool = False,
    ) -> None:
        """Make a population out of what flows into an activation."""
        name = _unused(name, self.shapes)
        self._connect(self.values[x], name, shape_of(node))
        self.amplitudes[name], self.ceilings[name] = amplitude, ceiling
        node.meta["population"] = name
        self.replace(node, x, (Term(name),), inplace)

    def replace(self, node: fx.Node, x: fx.Node, value: Expression, inplace: bool) -> None:
        """Give a node its value; in place, every name of the overwritten tensor gets it, too."""
        old = self.values[x]
        if inplace:
            self.values |= {n: value for n, known in self.values.items() if known is old}
        self.values[node] = value

    def gate(self, node: fx.Node, x: fx.Node, pooling: MaxPooling) -> None:
        """Make a gate out of each population that is pooled."""
        shape_of(node)
        name = str(node.target) if node.op == "call_module" else node.name
        widths = {source: shape[0] for source, shape in self.shapes.items()}
        expression = self.values[x]
        if any(t.source == INPUT for t in expression) or not only_placed(expression, widths):
            raise refuse(
                "it takes the largest of values that are no activations",
                "max pooling of what a ReLU gives, or of what goes into nothing but a ReLU. Put "
                "the ReLU before the pooling, or use a strided convolution or average pooling",
            )
        self.values[node] = tuple(
            Term(self._gate(name, term.source, pooling), term.chain) for term in expression
        )

    def _gate(self, name: str, source: str, pooling: MaxPooling) -> str:
        name = _unused(name, self.shapes)
        self.shapes[name] = pooling.output_shape(self.shapes[source])
        self.gates[name] = pooling
        self.connections.append(Connection(source, name, ()))
        return name

    def append(self, node: fx.Node, x: fx.Node, *transforms: Transform) -> None:
        """Send a value through transforms."""
        self.values[node] = lengthened(self.values[x], *transforms)

    def constant(self, argument: Any) -> Any:
        """Return an argument with the tensor in place of a constant's node.

        Raises:
            Refusal: it depends on the image.
        """
        if not isinstance(argument, fx.Node):
            return argument
        if argument not in self.constants:
            raise refuse(
                f"{argument.name!r}, one of its arguments, depends on the image",
                "weights, sizes and constants that do not",
            )
        return self.constants[argument]

    def _connect(self, expression: Expression, target: str, shape: Shape) -> None:
        self.shapes[target] = shape
        self.connections += [Connection(t.source, target, fold(t.chain)) for t in expression]


def _attribute(module: fx.GraphModule, path: str) -> Tensor:
    owner, _, name = path.rpartition(".")
    tensor: Tensor = getattr(module.get_submodule(owner), name)
    return tensor


def _unused(name: str, taken: dict[str, Shape]) -> str:
    """Return the layer's own name; an activation that is called twice is two populations."""
    count = 2
    unique = name
    while unique in taken or unique == OUTPUT:
        unique = f"{name}_{count}"
        count += 1
    return unique
