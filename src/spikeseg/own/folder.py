"""The folder of a converted network: ``graph.npz``, and ``source.json``, which says whence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeseg._version import __version__
from spikeseg.errors import CorruptFileError, FormatVersionError, RunFolderError
from spikeseg.files import read_json, sha256, write_json
from spikeseg.graph import SpikingGraph, load_graph, save_graph
from spikeseg.own.normalization import Normalization

FORMAT = 1
_GRAPH, _SOURCE = "graph.npz", "source.json"


@dataclass(frozen=True, eq=False)
class OwnModel:
    """What is needed to segment.

    Attributes:
        graph: the spiking graph.
        normalization: what training did to the images.
        num_steps: time steps.
        readout: share of the steps, from the end, whose output makes the mask.
        class_names: one for each output channel.
    """

    graph: SpikingGraph
    normalization: Normalization
    num_steps: int
    readout: float
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class OwnFolder:
    """A folder that `spikeseg convert FILE.py:NAME` leaves behind.

    Attributes:
        path: the folder; it need not exist yet.
    """

    path: Path

    @property
    def exists(self) -> bool:
        """Whether there is such a folder."""
        return (self.path / _SOURCE).is_file()

    @property
    def graph_file(self) -> Path:
        """Where the graph lies."""
        return self.path / _GRAPH

    def check_free(self, overwrite: bool) -> None:
        """Check that a network may be written here; nothing is changed.

        Raises:
            RunFolderError: there is one already and ``overwrite`` is off, or the path is a file or
                a folder of something else, which is never touched.
        """
        if self.path.exists() and not self.path.is_dir():
            raise RunFolderError(f"{self.path} is a file; --out takes a folder.")
        found = sorted(p.name for p in self.path.iterdir()) if self.path.is_dir() else []
        if self.exists and not overwrite:
            raise RunFolderError(
                f"{self.path} already holds a converted network; use --overwrite to replace it, or "
                "another --out."
            )
        if found and not self.exists:
            raise RunFolderError(
                f"{self.path} holds something else ({', '.join(found[:3])}); use a new or an empty "
                "folder for --out."
            )

    def write(self, graph: SpikingGraph, record: dict[str, Any]) -> None:
        """Write both files; the record comes last, with the graph's hash.

        Args:
            graph: the graph.
            record: ``mean``, ``std``, ``num_steps``, ``readout``, ``class_names``, and whatever
                else says where the graph comes from.
        """
        save_graph(graph, self.graph_file, made_from=record["weights_sha256"] or "")
        header = {"format": FORMAT, "version": __version__}
        hashed = {"graph_sha256": sha256(self.graph_file)}
        write_json(self.path / _SOURCE, header | record | hashed)

    def read(self) -> OwnModel:
        """Return what is needed to segment.

        Raises:
            FormatVersionError: another version wrote it.
            CorruptFileError: a file is damaged, or the graph is not the one that was recorded.
        """
        path = self.path / _SOURCE
        stored = read_json(path)
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise FormatVersionError(
                f"{path} is not of format {FORMAT}; convert the network again with this version "
                f"({__version__})."
            )
        if not self.graph_file.is_file() or sha256(self.graph_file) != stored.get("graph_sha256"):
            raise CorruptFileError(
                f"{self.graph_file} is not the graph that {path} was written for; convert the "
                "network again."
            )
        try:
            return _model(load_graph(self.graph_file), stored)
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptFileError(
                f"{path} lacks what it should hold ({type(error).__name__}: {error}); convert the "
                "network again."
            ) from error


def _model(graph: SpikingGraph, stored: dict[str, Any]) -> OwnModel:
    mean, std = (tuple(float(v) for v in stored[key]) for key in ("mean", "std"))
    names = tuple(str(name) for name in stored["class_names"])
    if len(names) != graph.output.shape[0]:
        raise ValueError(f"{len(names)} class_names for {graph.output.shape[0]} classes")
    normalization = Normalization(mean, std)
    normalization.check(graph.input.shape[0])
    steps, readout = int(stored["num_steps"]), float(stored["readout"])
    return OwnModel(graph, normalization, steps, readout, names)
