"""What is compiled for a population's neurons over time.

The text of a neuron's own ``step`` writes the instructions: it is called once, with vectors of
neurons (`Lanes`) in the place of numbers. A vector goes through all steps before the next one
starts; its state lies in registers meanwhile. Arithmetic is that of the potentials, in the order of
``step``, nothing is contracted.
"""

from typing import Any, NamedTuple

from llvmlite import ir

from spikeseg.engine.code.lanes import (
    DOUBLE,
    FLOAT,
    I8,
    I16,
    I32,
    I64,
    Lanes,
    Mask,
    every,
    load,
    loop,
    splat,
    store,
)
from spikeseg.errors import ConfigError
from spikeseg.neurons import Parameters, State, Step

NAME = "scan"
ITEMS = {"float32": FLOAT, "float64": DOUBLE, "bfloat16": I16, "uint8": I8, "int8": I8}
ITEMS["bits"] = I32
WIDTH = 32  # neurons at once


class Form(NamedTuple):
    """What a scan reads and writes; torch's names of dtypes.

    Attributes:
        parts: of the currents that are summed up, in this order.
        spikes: of the spikes; ``bits`` are 32 neurons in an int32.
        state: of the state, and of all arithmetic.
        counts: what is counted: ``net`` (spikes with their sign), ``fired`` (without), or nothing.
        starts: the state is that before the first step, and is not read.
        stays: the state after the last step is written.
    """

    parts: tuple[str, ...]
    spikes: str
    state: str
    counts: tuple[str, ...]
    starts: bool
    stays: bool


class _Scene(NamedTuple):
    b: Any
    given: dict[str, Any]
    form: Form
    step: Step
    parameters: Parameters


def write_scan(step: Step, form: Form) -> ir.Module:
    """Return the module with the function ``scan`` of a neuron.

    Its arguments: each part; how many numbers the steps of each lie apart; the spikes; u, v and n;
    the counts; the four parameters and the potential before the first step; steps, neurons, and
    the first and the one behind the last neuron to take. The first is a multiple of `WIDTH`, and
    so is their number if spikes are bits.
    """
    module, real = ir.Module(NAME), ITEMS[form.state]
    names, kinds = zip(*_arguments(form), strict=True)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), NAME)
    b = ir.IRBuilder(function.append_basic_block())
    given = dict(zip(names, function.args, strict=True))
    width = ir.Constant(I64, WIDTH)
    whole = b.mul(b.sdiv(b.sub(given["last"], given["first"]), width), width)
    edge = b.add(given["first"], whole)
    packs = (
        ((given["first"], edge, width), WIDTH),
        ((edge, given["last"], ir.Constant(I64, 1)), 1),
    )
    for ends, count in packs[: 1 if form.spikes == "bits" else 2]:
        constants = Parameters(*(every(b, given[name], count) for name in Parameters._fields))
        scene = _Scene(b, given, form, step, constants)
        kind = ir.VectorType(real, count)

        def take(i: Any, _: Any, scene: _Scene = scene, kind: Any = kind) -> list[Any]:
            _write_pack(scene, i, Lanes(b, splat(kind, 0.0)))
            return []

        loop(b, ends, [], take)
    b.ret_void()
    return module


def _arguments(form: Form) -> list[tuple[str, Any]]:
    real = ITEMS[form.state]
    parts = [(f"part{k}", ITEMS[name].as_pointer()) for k, name in enumerate(form.parts)]
    strides = [(f"stride{k}", I64) for k in range(len(form.parts))]
    states = [(name, real.as_pointer()) for name in (*State._fields, *form.counts)]
    numbers = [(name, real) for name in (*Parameters._fields, "v_initial")]
    ends = [(name, I64) for name in ("steps", "size", "first", "last")]
    return [*parts, *strides, ("spikes", ITEMS[form.spikes].as_pointer()), *states, *numbers, *ends]


def _write_pack(scene: _Scene, i: Any, zero: Lanes) -> None:
    """Write what takes neurons from the i-th on through all steps."""
    b, given, form = scene.b, scene.given, scene.form
    width = zero.value.type.count
    kept = (*State._fields, *form.counts)
    start = State(zero, every(b, given["v_initial"], width), zero)
    given_before = [load(b, given[name], i, width) for name in kept[3 if form.starts else 0 :]]
    before = [lanes.value for lanes in [*(start if form.starts else ()), *given_before]]

    def inside(t: Any, values: list[Any]) -> list[Any]:
        lanes = [Lanes(b, value) for value in values]
        spike, state = take_step(
            scene.step, _current(scene, t, i, zero), State(*lanes[:3]), scene.parameters
        )
        fired = spike.number() if isinstance(spike, Mask) else spike
        _put(scene, b.add(i, b.mul(t, given["size"])), fired)
        added = {"net": fired, "fired": abs(fired)}
        counts = [lanes[k] + added[name] for k, name in enumerate(form.counts, start=3)]
        return [lane.value for lane in (*state, *counts)]

    ends = (ir.Constant(I64, 0), given["steps"], ir.Constant(I64, 1))
    for name, value in zip(kept, loop(b, ends, before, inside), strict=True):
        if form.stays or name in form.counts:
            store(b, given[name], i, Lanes(b, value))


def take_step(step: Step, current: Any, state: State, parameters: Parameters) -> tuple[Any, State]:
    """Let a neuron write what its step does.

    Raises:
        ConfigError: it is not written with operators only.
    """
    try:
        return step(current, state, parameters)
    except TypeError as error:
        raise ConfigError(
            f"the neuron of {step.__module__} cannot be compiled: {error}. Write its step with + - "
            "* /, abs, comparisons, & and | alone."
        ) from error


def _put(scene: _Scene, place: Any, fired: Lanes) -> None:
    """Store spikes."""
    b, spikes = scene.b, scene.given["spikes"]
    if scene.form.spikes != "bits":
        return store(b, spikes, place, fired)
    bits = b.bitcast((fired > 0.0).value, I32)
    b.store(bits, b.gep(spikes, [b.sdiv(place, ir.Constant(I64, WIDTH))]))
    return None


def _current(scene: _Scene, t: Any, i: Any, zero: Lanes) -> Lanes:
    """Return the sum of the parts in step t."""
    b, given = scene.b, scene.given
    kind = zero.value.type
    total = None
    for k in range(len(scene.form.parts)):
        place = b.add(i, b.mul(t, given[f"stride{k}"]))
        part = load(b, given[f"part{k}"], place, kind.count)
        if part.value.type != kind:
            part = Lanes(b, b.fpext(part.value, kind))
        total = part if total is None else total + part
    assert total is not None
    return total
