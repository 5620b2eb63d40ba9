"""Programs built by hand: what fits is kept, what does not is refused by name."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from spikeseg.chips import (
    Box,
    ChipPopulation,
    ChipProgram,
    Core,
    KernelSynapses,
    ListedSynapses,
    SpikeInput,
    Window,
    load_program,
    save_program,
)
from spikeseg.errors import CorruptFileError, FormatVersionError, ProgramError
from tests.loihi_twin import run


def full(size: int, value: int) -> np.ndarray:
    return np.full(size, value, np.int32)


def core(box: Box, *synapses: KernelSynapses | ListedSynapses, **changes: object) -> Core:
    n = box.size
    made = Core(
        population="a",
        box=box,
        decay_u=full(n, 4094),
        decay_v=full(n, 0),
        threshold=full(n, 640),
        bias=full(n, 0),
        refractory=full(n, 1),
        v_min=0,
        v_max=2**23 - 1,
        v_initial=full(n, 0),
        synapses=synapses,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def kernel(channels: int = 2) -> KernelSynapses:
    weight = np.arange(9 * channels, dtype=np.int32).reshape(3, 3, 1, channels) * 64
    return KernelSynapses("in", weight, Window(padding=(1, 1)))


def program(*cores: Core, **changes: object) -> ChipProgram:
    made: dict[str, object] = {
        "chip": "toy",
        "inputs": (SpikeInput("in", (1, 2, 3)),),
        "populations": (ChipPopulation("a", (2, 2, 3)),),
        "cores": cores,
        "output": "a",
        "placement": (0,) * len(cores),
    }
    return ChipProgram(**(made | changes))  # type: ignore[arg-type]


TOP, BOTTOM = Box((0, 0, 0), (2, 1, 3)), Box((0, 1, 0), (2, 2, 3))


def test_a_saved_program_comes_back(tmp_path: Path) -> None:
    listed = ListedSynapses("a", full(2, 1), full(2, 3), full(2, -128))
    before = program(core(TOP, kernel(), listed), core(BOTTOM, kernel()))
    save_program(before, tmp_path / "program.npz")
    after = load_program(tmp_path / "program.npz")
    assert (after.inputs, after.populations) == (before.inputs, before.populations)
    assert after.cores[0].box == TOP
    assert after.cores[0].synapses[0].weight is after.cores[1].synapses[0].weight
    spikes = {"in": np.ones((3, 1, 2, 3), bool)}
    for name, trace in run(before, spikes, 3)["a"].items():
        assert (run(after, spikes, 3)["a"][name] == trace).all()


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "program.npz"
    save_program(program(core(Box.whole((2, 2, 3)), kernel())), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CorruptFileError, match="compile the network again"):
        load_program(path)


def test_a_file_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "program.npz"
    monkeypatch.setattr("spikeseg.chips.storage.FORMAT", 99)
    save_program(program(core(Box.whole((2, 2, 3)), kernel())), path)
    monkeypatch.undo()
    with pytest.raises(FormatVersionError, match=r"format 99.*reads format 1"):
        load_program(path)


@pytest.mark.parametrize(
    ("cores", "changes", "message"),
    [
        ((core(TOP),), {}, "each of its neurons"),
        ((core(TOP), core(TOP)), {}, "without overlap"),
        ((core(TOP), core(BOTTOM)), {"output": "b"}, r"\['b'\] is named"),
        ((core(TOP), core(BOTTOM)), {"placement": (0,)}, "1 entries for 2 cores"),
        ((core(TOP), core(BOTTOM)), {"populations": (ChipPopulation("in", (2, 2, 3)),)}, "diff"),
        ((core(TOP, threshold=full(6, 2**23)), core(BOTTOM)), {}, r"core 0 \(a\) is 8388608"),
        ((core(TOP), core(BOTTOM, bias=full(5, 0))), {}, r"shape \(5,\); it must be int32"),
        ((core(TOP), core(BOTTOM, refractory=full(6, 0))), {}, "takes 1..63"),
        ((core(TOP), core(BOTTOM, v_min=1)), {}, "must enclose 0"),
        ((core(TOP, kernel(3)), core(BOTTOM)), {}, r"\(K_h, K_w, 1, 2\)"),
        (
            (core(TOP, ListedSynapses("in", full(1, 9), full(1, 0), full(1, 1))), core(BOTTOM)),
            {},
            r"pre .* is 9..9; it must be in 0..5",
        ),
        (
            (core(TOP, ListedSynapses("in", full(2, 0), full(1, 0), full(1, 1))), core(BOTTOM)),
            {},
            "vectors of one length",
        ),
        (
            (core(TOP, ListedSynapses("x", full(1, 0), full(1, 0), full(1, 1))), core(BOTTOM)),
            {},
            "hears 'x'",
        ),
        (
            (core(TOP, ListedSynapses("in", full(1, 0), full(1, 0), full(1, 16384))), core(BOTTOM)),
            {},
            "is 16384; with the exponent 0, toy takes -16384..16320",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    cores: tuple[Core, ...], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ProgramError, match=message):
        program(*cores, **changes)


def test_the_twin_is_one_step_late_and_fires_strictly_above_the_threshold() -> None:
    whole = Box.whole((2, 2, 3))
    listed = ListedSynapses(
        "in", full(2, 0), np.array([0, 1], np.int32), np.array([640, 704], np.int32)
    )
    spikes = np.zeros((2, 1, 2, 3), bool)
    spikes[0, 0, 0, 0] = True
    trace = run(program(core(whole, listed)), {"in": spikes}, 3)["a"]
    assert trace["spikes"][0].sum() == 0
    assert trace["v"][1, 0, 0, 0] == 640
    assert trace["spikes"].sum() == 1
    assert trace["spikes"][1, 1, 0, 0]
