"""Every network on every image, clean and corrupted."""

from collections.abc import Iterator, Sequence
from typing import Any

from spikeseg import data as datasets
from spikeseg.data import SegmentationData
from spikeseg.errors import ConfigError, DataError, RunFolderError
from spikeseg.files import write_json
from spikeseg.metrics import ConfusionMatrix
from spikeseg.progress import Progress, silent
from spikeseg.robustness import corrupt
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.robustness.networks import Network, Where, networks_of
from spikeseg.runs.robustness.recording import record_of
from spikeseg.runs.robustness.settings import Plan, RobustnessSettings
from spikeseg.runs.scoring import source_of
from spikeseg.runs.segmenting import stages_of


def robustness_stage(
    folder: RunFolder,
    others: Sequence[RunFolder] = (),
    settings: RobustnessSettings | None = None,
    *,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Score every network of some runs on corrupted test images; write ``robustness.json``.

    Every network is given the same images: clean, and with every corruption at every level. The
    file goes into the first folder.

    Args:
        folder: a run that is trained and converted.
        others: further runs, with the same test images.
        settings: corruptions, levels, images, seed.
        progress: is told the images done.

    Returns:
        What ``robustness.json`` holds.

    Raises:
        RunFolderError: a stage is missing, a folder is given twice, or other test images.
        ConfigError: a corruption does not fit the data, or there are fewer images.
        DataError: no pixel of the images is labeled.
    """
    settings = settings or RobustnessSettings()
    folders = (folder, *others)
    _check_folders(folders)
    data = datasets.load(folder.read_config().data)
    plan, count = settings.plan(data), _num_images(settings, data)
    _check_same_images(data, folders)
    networks = [n for at in folders for n in networks_of(at, folders, data)]
    for done in _score(networks, data, plan, count, settings.seed):
        progress("robustness", done, count * (1 + sum(map(len, plan.values()))))
    _check_labeled(networks[0])
    record = record_of(data, plan, count, settings, networks)
    write_json(folder.file("robustness.json"), record)
    return record


def _check_folders(folders: Sequence[RunFolder]) -> None:
    for folder in folders:
        stages_of(folder.path)
    paths = [folder.path.resolve() for folder in folders]
    for i, path in enumerate(paths):
        if path in paths[:i]:
            raise RunFolderError(f"{folders[i].path} is given twice; name each run once.")


def _num_images(settings: RobustnessSettings, data: SegmentationData) -> int:
    count = settings.num_images or len(data.test)
    if count > len(data.test):
        raise ConfigError(f"images is {count}; there are {len(data.test)} test images.")
    return count


def _check_same_images(data: SegmentationData, folders: Sequence[RunFolder]) -> None:
    """Check that all runs are tested on the images and classes of the first."""
    first, source = folders[0], source_of(data)
    for folder in folders[1:]:
        other = datasets.load(folder.read_config().data)
        if (source_of(other), other.class_names) != (source, data.class_names):
            raise RunFolderError(
                f"{folder.path} has other test images, masks or classes than {first.path} "
                f"({other.name}, {len(other.test)} images; {data.name}, {len(data.test)} images). "
                "Networks are compared on the same images; train it on the same data and split."
            )


def _score(
    networks: Sequence[Network],
    data: SegmentationData,
    plan: Plan,
    count: int,
    seed: int,
) -> Iterator[int]:
    """Add every image, at every level, to every network's counts; yield how many are done."""
    places: list[Where] = [None, *((name, level) for name in plan for level in plan[name])]
    empty = ConfusionMatrix.empty(len(data.class_names))
    for number in range(count):
        sample = data.test[number]
        for i, place in enumerate(places):
            image = sample.image
            if place is not None:
                image = corrupt(image, *place, seed=seed, number=number, events=data.events)
            for network in networks:
                matrix = network.found.get(place, empty)
                network.found[place] = matrix.add(sample.mask, network.segment(image))
            yield number * len(places) + i + 1


def _check_labeled(network: Network) -> None:
    if network.found[None].pixel_accuracy is None:
        raise DataError(
            "there is no pixel to score: every mask of these images is 255 (ignore) throughout. "
            "Use more images, or check the masks."
        )
