"""``program.npz``: the arrays of a program beside a JSON description; no pickle."""

import dataclasses
import json
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from spikeseg._version import __version__
from spikeseg.chips.boxes import Box
from spikeseg.chips.program import ChipPopulation, ChipProgram, Core, SpikeInput
from spikeseg.chips.synapses import KernelSynapses, ListedSynapses, Synapses
from spikeseg.chips.windows import Window
from spikeseg.errors import CorruptFileError, FormatVersionError, ProgramError
from spikeseg.files import atomic_path

FORMAT = 1
_KINDS: dict[str, type[KernelSynapses] | type[ListedSynapses]] = {
    kind.__name__: kind for kind in (KernelSynapses, ListedSynapses)
}


def save_program(program: ChipProgram, path: Path, made_from: str = "") -> None:
    """Write a program, atomically; equal arrays are stored once.

    Args:
        program: the program.
        path: the file, ending in ``.npz``.
        made_from: the SHA-256 of the file that it was compiled from.
    """
    store = _Store()
    structure = {
        "format": FORMAT,
        "version": __version__,
        "made_from": made_from,
        "chip": program.chip,
        "inputs": [dataclasses.asdict(part) for part in program.inputs],
        "populations": [dataclasses.asdict(part) for part in program.populations],
        "cores": [store.describe(core) for core in program.cores],
        "output": program.output,
        "placement": program.placement,
        "dt_ms": program.dt_ms,
        "positions": program.positions,
    }
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, structure=np.array(json.dumps(structure)), **store.arrays)


class _Store:
    """Gives every distinct array a name."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}
        self._names: dict[tuple[Any, ...], str] = {}

    def describe(self, part: Any) -> Any:
        """Return a value as JSON takes it; arrays become references."""
        if isinstance(part, np.ndarray):
            key = (part.dtype.str, part.shape, part.tobytes())
            name = self._names.setdefault(key, f"array{len(self._names)}")
            self.arrays[name] = part
            return {"array": name}
        if dataclasses.is_dataclass(part):
            named = {f.name: self.describe(getattr(part, f.name)) for f in dataclasses.fields(part)}
            kind = {"kind": type(part).__name__} if type(part).__name__ in _KINDS else {}
            return kind | named
        return [self.describe(p) for p in part] if isinstance(part, tuple) else part


def load_program(path: Path) -> ChipProgram:
    """Read a program.

    Raises:
        CorruptFileError: the file is cut short, damaged or not a program.
        FormatVersionError: another version wrote it.
        ProgramError: its values do not fit together, or the chip cannot hold them.
        OSError: there is no such file, or it may not be read.
    """
    with open(path, "rb") as file:
        try:
            return _build(*_read(path, file))
        except (FormatVersionError, ProgramError):
            raise
        except Exception as error:  # damaged bytes make zipfile, NumPy and JSON raise anything
            raise CorruptFileError(
                f"{path} is not a chip program or is damaged ({type(error).__name__}: {error}); "
                "compile the network again."
            ) from error


def program_made_from(path: Path) -> str:
    """Return the SHA-256 of the file that a saved program was compiled from, or ``""``."""
    with np.load(path, allow_pickle=False) as stored:
        return str(json.loads(str(stored["structure"]))["made_from"])


def _read(path: Path, file: BinaryIO) -> tuple[dict[str, Any], dict[str, Any]]:
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    structure = json.loads(str(arrays.pop("structure")))
    if structure["format"] != FORMAT:
        raise FormatVersionError(
            f"{path} has program format {structure['format']}, written by spikeseg "
            f"{structure['version']}; this version reads format {FORMAT}. Compile the network "
            "again, or use that version."
        )
    return structure, arrays


def _build(structure: dict[str, Any], arrays: dict[str, Any]) -> ChipProgram:
    def value(stored: Any) -> Any:
        if isinstance(stored, dict):
            return arrays[stored["array"]]
        return tuple(value(part) for part in stored) if isinstance(stored, list) else stored

    def synapses(entry: dict[str, Any]) -> Synapses:
        given = {k: v for k, v in entry.items() if k not in ("kind", "window")}
        fields = {key: value(stored) for key, stored in given.items()}
        if "window" in entry:
            fields["window"] = Window(**{k: value(v) for k, v in entry["window"].items()})
        group: Synapses = _KINDS[entry["kind"]](**fields)
        return group

    def core(entry: dict[str, Any]) -> Core:
        box = Box(value(entry["box"]["start"]), value(entry["box"]["stop"]))
        groups = tuple(synapses(group) for group in entry["synapses"])
        given = {k: value(v) for k, v in entry.items() if k not in ("box", "synapses")}
        return Core(box=box, synapses=groups, **given)

    return ChipProgram(
        chip=structure["chip"],
        inputs=tuple(SpikeInput(p["name"], value(p["shape"])) for p in structure["inputs"]),
        populations=tuple(
            ChipPopulation(p["name"], value(p["shape"])) for p in structure["populations"]
        ),
        cores=tuple(core(entry) for entry in structure["cores"]),
        output=structure["output"],
        placement=value(structure["placement"]),
        dt_ms=structure["dt_ms"],
        positions=value(structure["positions"]),
    )
