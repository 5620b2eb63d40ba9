"""The networks of a run, ready to be measured."""

from dataclasses import asdict, dataclass
from typing import Any

from spikeseg.chips import ChipProgram, load_program
from spikeseg.config import ChipConfig, RunConfig
from spikeseg.errors import ConfigError, ProgramError, UnsupportedLayerError
from spikeseg.exporters.onnx import OnnxNetwork, check_int8, export_float32, quantize_int8
from spikeseg.graph import SpikingGraph, load_graph
from spikeseg.runs.checks import check_graph
from spikeseg.runs.chip.checks import check_chip
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.host.images import HostImages
from spikeseg.runs.host.subjects import (
    Absent,
    Kind,
    Subject,
    chip_subject,
    onnx_subject,
    spiking_subject,
    torch_subject,
)
from spikeseg.runs.network_file import TrainedNetwork, load_network

_ONNX = {"float32": "network.onnx", "int8": "network_int8.onnx"}
_CHIP = Kind("chip", "spikeseg", "integer")


@dataclass(frozen=True, eq=False)
class HostNetworks:
    """What a run has.

    Attributes:
        config: its settings.
        trained: the dense network.
        graph: the spiking network.
        program: of the chip; ``None`` if there is none.
        chip_graph: from which it was compiled.
    """

    config: RunConfig
    trained: TrainedNetwork
    graph: SpikingGraph
    program: ChipProgram | None
    chip_graph: SpikingGraph | None

    @property
    def program_size(self) -> tuple[int, int] | None:
        """Rows and columns of the images that the program is made for."""
        if self.chip_graph is None:
            return None
        return self.chip_graph.input.shape[1], self.chip_graph.input.shape[2]

    def write_onnx(self, folder: RunFolder, images: HostImages, threads: int) -> dict[str, Any]:
        """Write both ONNX files, and return how they compare with torch and with each other.

        Args:
            folder: where they go.
            images: on which they are compared, and whose training crops set the ranges of INT8.
            threads: of ONNX Runtime.

        Returns:
            A dictionary; if the extra ``onnx`` is not installed, or cannot express the network
            exactly, of ``not_measured`` alone, the reason.
        """
        paths = {precision: folder.file(name) for precision, name in _ONNX.items()}
        try:
            difference = export_float32(
                self.trained.network, paths["float32"], images.batch(2), self.graph.stride
            )
        except (ConfigError, UnsupportedLayerError, ProgramError) as error:
            return {"not_measured": str(error)}
        quantize_int8(paths["float32"], paths["int8"], images.calibration.numpy())
        made = {precision: OnnxNetwork(path, threads) for precision, path in paths.items()}
        found = check_int8(made["float32"], made["int8"], images.images.numpy(), images.masks)
        return {"float32_difference": difference, "images": len(images.images)} | asdict(found)

    def subjects(
        self,
        folder: RunFolder,
        size: tuple[int, int],
        threads: int,
        device: str,
        onnx: dict[str, Any],
    ) -> list[Subject | Absent]:
        """Return all that is to be timed, and what cannot be.

        Args:
            folder: of the run.
            size: of the images.
            threads: of ONNX Runtime and the emulator.
            device: ``cuda`` to time torch on the GPU as well.
            onnx: what `write_onnx` returned.
        """
        evaluation = self.config.evaluation
        found: list[Subject | Absent] = []
        for where in ("cpu", "cuda") if device == "cuda" else ("cpu",):
            found.append(torch_subject(self.trained.network, where))
            found.append(
                spiking_subject(self.graph, evaluation.num_steps, evaluation.readout, where)
            )
        for precision, name in _ONNX.items():
            if "not_measured" in onnx:
                kind = Kind("dense", "onnxruntime", precision)
                found.append(Absent(kind, onnx["not_measured"]))
            else:
                found.append(onnx_subject(folder.file(name), precision, threads))
        return [*found, self._chip(folder, size, threads)]

    def _chip(self, folder: RunFolder, size: tuple[int, int], threads: int) -> Subject | Absent:
        if self.program is None or self.chip_graph is None:
            return Absent(_CHIP, f"there is no program; `spikeseg compile {folder.path}` makes it.")
        if size != self.program_size:
            made = " x ".join(map(str, self.program_size or ()))
            return Absent(_CHIP, f"the program takes {made} pixels only; leave --size out.")
        steps = (self.config.chip or ChipConfig()).num_steps
        return chip_subject(self.program, self.chip_graph, steps, threads)


def load_networks(folder: RunFolder, config: RunConfig) -> HostNetworks:
    """Return the networks of a run.

    Raises:
        RunFolderError: none is trained or converted, or a stage is of another network.
    """
    trained = load_network(folder.require("network.safetensors"))
    graph = load_graph(folder.require("graph.npz"))
    check_graph(folder)
    if not folder.file("program.npz").is_file():
        return HostNetworks(config, trained, graph, None, None)
    check_chip(folder)
    chip_graph = load_graph(folder.require("chip_graph.npz"))
    return HostNetworks(
        config, trained, graph, load_program(folder.file("program.npz")), chip_graph
    )
