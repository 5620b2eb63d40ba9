"""The verb emulate: a run's program on the test images, integer by integer."""

from spikeseg import data as datasets
from spikeseg.chips import load_program
from spikeseg.config import ChipConfig, RunConfig
from spikeseg.data import SegmentationData
from spikeseg.errors import RunFolderError
from spikeseg.files import read_json
from spikeseg.graph import SpikingGraph, load_graph
from spikeseg.progress import Progress, silent
from spikeseg.runs.checks import check_classes
from spikeseg.runs.chip.checks import check_chip, check_sizes
from spikeseg.runs.chip.measuring import Emulation, run_program
from spikeseg.runs.chip.scoring import write_chip_stage
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.network_file import load_network
from spikeseg.runs.scoring import source_of


def emulate_stage(
    folder: RunFolder,
    config: RunConfig | None = None,
    *,
    strict: bool = False,
    progress: Progress = silent,
) -> Emulation:
    """Run a compiled program on the held-out images; write the stage ``chip`` and its files.

    The stage joins those of ``metrics.json``, whose images it must share; ``chip_layers.json``,
    ``chip_examples.npz`` and ``recording.npz`` hold rates, and masks and spike counts of the images
    that the report shows.

    Args:
        folder: a run that is compiled and evaluated.
        config: settings; those of the run if not given. Of the chip's, ``num_steps``, ``tile`` and
            ``overlap`` matter.
        strict: whether a register that overflows is an error; otherwise overflows are counted.
        progress: is told the images done.

    Raises:
        RunFolderError: a stage is missing, or is of another network, graph or data.
        ShapeError: an image that is larger than the program.
        ProgramError: an overflow if ``strict``.
        ConfigError: the overlap is as large as a tile.
        CorruptFileError: a file is cut short or damaged.
        FormatVersionError: a file of another version.
    """
    for name in ("program.npz", "chip_graph.npz", "cores.json", "metrics.json"):
        folder.require(name)
    config = config or folder.read_config()
    program = load_program(folder.file("program.npz"))
    graph = load_graph(folder.file("chip_graph.npz"))
    check_chip(folder)
    data = datasets.load(config.data)
    check_classes(data, load_network(folder.require("network.safetensors")), folder.path)
    settings = config.chip or ChipConfig()
    _check_images(folder, data, graph, settings)
    kept = config.evaluation.examples
    found = run_program(program, graph, data.test, settings, kept, strict, progress)
    write_chip_stage(folder, config, data, graph, program, found)
    return found


def _check_images(
    folder: RunFolder, data: SegmentationData, graph: SpikingGraph, config: ChipConfig
) -> None:
    """Check that images fit the program if it is not for tiles, and are of ``metrics.json``."""
    check_sizes(folder, data.test, graph, config)
    if read_json(folder.file("metrics.json"))["data"]["source"] != source_of(data):
        raise RunFolderError(
            f"{folder.file('metrics.json')} is of other test images than the settings name now; "
            f"run `spikeseg evaluate {folder.path}` first."
        )
