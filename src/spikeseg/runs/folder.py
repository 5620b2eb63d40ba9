"""The run folder: which stage writes which file."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from spikeseg._version import __version__
from spikeseg.config import RunConfig
from spikeseg.config.groups import group_of
from spikeseg.errors import (
    ConfigError,
    CorruptFileError,
    FormatVersionError,
    RunFolderError,
    nearest,
)
from spikeseg.files import read_json, write_json
from spikeseg.own import OwnFolder

FORMAT = 1
_MADE_BY = {
    "config.json": "train",
    "network.safetensors": "train",
    "history.csv": "train",
    "checkpoint.ckpt": "train",
    "graph.npz": "convert",
    "tuning.json": "tune",
    "finetuning.csv": "finetune",
    "metrics.json": "evaluate",
    "layers.json": "evaluate",
    "evaluation.npz": "evaluate",
    "chip_graph.npz": "compile",
    "chip_tuning.csv": "compile",
    "program.npz": "compile",
    "cores.json": "compile",
    "chip_layers.json": "emulate",
    "chip_examples.npz": "emulate",
    "recording.npz": "emulate",
    "ledger.csv": "energy",
    "energy.json": "energy",
    "network.onnx": "measure",
    "network_int8.onnx": "measure",
    "host.json": "measure",
    "robustness.json": "robustness",
    "report.html": "report",
    "diagnosis.json": "diagnose",
    "diagnosis.html": "diagnose",
}


@dataclass(frozen=True)
class RunFolder:
    """A folder of stages.

    Attributes:
        path: the folder; it need not exist yet.
    """

    path: Path

    def file(self, name: str) -> Path:
        """Return the path of a stage's file, which need not exist."""
        assert name in _MADE_BY, name
        return self.path / name

    def require(self, name: str) -> Path:
        """Return the path of a stage's file.

        Raises:
            RunFolderError: it is missing; names the command that writes it.
        """
        path = self.file(name)
        if not path.is_file() and OwnFolder(self.path).exists:
            raise RunFolderError(
                f"{self.path} has no {name}; it is no run, but a network converted from a file of "
                "your own. `spikeseg segment` works on it; the other verbs need a run."
            )
        if not path.is_file():
            raise RunFolderError(
                f"{self.path} has no {name}; `spikeseg {_MADE_BY[name]}` writes it. A run folder "
                "is what `spikeseg run CONFIG --out FOLDER` leaves behind."
            )
        return path

    def check_free(self, overwrite: bool) -> None:
        """Check that a new run may begin here; nothing is changed.

        Raises:
            RunFolderError: it holds a run already and ``overwrite`` is off, or it holds other
                files, which are never deleted.
        """
        if self.path.exists() and not self.path.is_dir():
            raise RunFolderError(f"{self.path} is a file; --out takes a folder.")
        if OwnFolder(self.path).exists:
            raise RunFolderError(
                f"{self.path} holds a network converted from a file of your own; use another --out."
            )
        found = sorted(p.name for p in self.path.iterdir()) if self.path.is_dir() else []
        stages = self._stages()
        if stages and not overwrite:
            raise RunFolderError(
                f"{self.path} already holds a run ({', '.join(stages[:3])}, ...). Use --resume to "
                "go on with its training, --overwrite to replace it, or another --out."
            )
        if found and not stages and not set(found) <= {"baseline", "direct"}:
            raise RunFolderError(
                f"{self.path} is not a run folder: it holds {', '.join(found[:3])}. Use a new or "
                "an empty folder for --out."
            )

    def start(self, overwrite: bool) -> None:
        """Make the folder ready for a new run; the files of an older one are deleted.

        Raises:
            RunFolderError: see `check_free`.
        """
        self.check_free(overwrite)
        for folder in (self, self.baseline, self.direct):
            for name in folder._stages():
                (folder.path / name).unlink()
        self.path.mkdir(parents=True, exist_ok=True)

    def _stages(self) -> list[str]:
        return [name for name in sorted(_MADE_BY) if (self.path / name).is_file()]

    @property
    def baseline(self) -> "RunFolder":
        """The run without the firing-rate regularizer, for comparison."""
        return RunFolder(self.path / "baseline")

    @property
    def direct(self) -> "RunFolder":
        """The run of the same network, trained through its spikes."""
        return RunFolder(self.path / "direct")

    def write_config(self, config: RunConfig, command: str) -> None:
        """Write ``config.json``."""
        write_json(
            self.file("config.json"),
            {
                "format": FORMAT,
                "version": __version__,
                "command": command,
                "config": dataclasses.asdict(config),
            },
        )

    def read_config(self) -> RunConfig:
        """Read ``config.json``.

        Raises:
            RunFolderError: there is none.
            FormatVersionError: another version wrote it.
            CorruptFileError: it is not JSON, or lacks the settings.
            ConfigError: a key is unknown, or a value of the wrong type or out of range.
        """
        path = self.require("config.json")
        stored = read_json(path)
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise FormatVersionError(
                f"{path} is not a run configuration of format {FORMAT}; train again with this "
                f"version ({__version__})."
            )
        if not isinstance(stored.get("config"), dict):
            raise CorruptFileError(f"{path} holds no settings; restore it, or train again.")
        config: RunConfig = from_dict(RunConfig, stored["config"], str(path))
        return config

    def read_command(self) -> str:
        """Return the command that began the run."""
        return str(read_json(self.require("config.json"))["command"])


def from_dict(kind: Any, values: dict[str, Any], place: str) -> Any:
    """Return the dataclass ``kind`` made from nested dictionaries.

    Raises:
        ConfigError: a key is unknown (suggests the nearest), or a value of the wrong type.
    """
    hints = get_type_hints(kind)
    unknown = set(values) - set(hints)
    if unknown:
        name = min(unknown)
        raise ConfigError(
            f"{place} has an unknown key {name!r}; it takes {', '.join(hints)}"
            f"{nearest(name, hints)}"
        )
    return kind(**{k: _value(hints[k], v, f"{place}.{k}") for k, v in values.items()})


def _value(hint: Any, value: Any, place: str) -> Any:
    if (group := group_of(hint)) and isinstance(value, dict):
        return from_dict(group, value, place)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_value(get_args(hint)[0], v, f"{place}[{i}]") for i, v in enumerate(value))
    if not _fits(hint, value):
        raise ConfigError(f"{place} is {value!r}; it must be {_in_words(hint)}. Mend the file.")
    return value


def _fits(hint: Any, value: Any) -> bool:
    """Return whether a plain value, or one of several kinds, is what a type hint says."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if kinds := get_args(hint):
        return any(_fits(kind, value) for kind in kinds)
    return type(value) is hint or (hint is float and type(value) is int)


def _in_words(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(repr, get_args(hint)))
    if get_origin(hint) is tuple:
        return f"a list of {_in_words(get_args(hint)[0])}"
    if kinds := get_args(hint):
        return " or ".join(_in_words(kind) for kind in kinds)
    return str(getattr(hint, "__name__", hint))


def differences(first: RunConfig, second: RunConfig) -> list[str]:
    """Return the dotted names of the settings in which two configurations differ.

    >>> differences(RunConfig(), RunConfig(seed=1))
    ['seed']
    """

    def walk(a: Any, b: Any, place: str) -> list[str]:
        if not dataclasses.is_dataclass(a) or type(a) is not type(b):
            return [] if a == b else [place]
        names = [f.name for f in dataclasses.fields(a)]
        prefix = f"{place}." if place else ""
        return [d for n in names for d in walk(getattr(a, n), getattr(b, n), prefix + n)]

    return walk(first, second, "")
