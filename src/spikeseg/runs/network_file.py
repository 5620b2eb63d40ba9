"""``network.safetensors``: weights, and in the header all that is needed to build the network."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from spikeseg._version import __version__
from spikeseg.config import NetworkConfig
from spikeseg.errors import CorruptFileError, FormatVersionError
from spikeseg.files import atomic_path
from spikeseg.networks import make_network
from spikeseg.runs.folder import from_dict

FORMAT = 1


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network and what it was trained for.

    Attributes:
        network: in evaluation mode.
        config: what it is made of.
        in_channels: channels of its images.
        class_names: one per output channel.
        dt_ms: length of a time step in milliseconds.
    """

    network: nn.Module
    config: NetworkConfig
    in_channels: int
    class_names: tuple[str, ...]
    dt_ms: float


def save_network(trained: TrainedNetwork, path: Path) -> None:
    """Write a trained network, atomically and without pickle."""
    header = {
        "network": dataclasses.asdict(trained.config),
        "in_channels": trained.in_channels,
        "class_names": trained.class_names,
        "dt_ms": trained.dt_ms,
    }
    metadata = {"format": str(FORMAT), "version": __version__, "spikeseg": json.dumps(header)}
    tensors = {k: v.detach().cpu().contiguous() for k, v in trained.network.state_dict().items()}
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(tensors, metadata))


def load_network(path: Path) -> TrainedNetwork:
    """Read a trained network.

    Raises:
        CorruptFileError: the file is cut short, damaged or not a network of this package.
        FormatVersionError: another version wrote it.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise CorruptFileError(
            f"{path} is damaged or not a network file ({error}); train again, or restore it."
        ) from error
    if metadata.get("format") != str(FORMAT):
        raise FormatVersionError(
            f"{path} has network format {metadata.get('format')}, written by "
            f"{metadata.get('version', 'another program')}; this version reads format {FORMAT}."
        )
    trained = _build(json.loads(metadata["spikeseg"]))
    trained.network.load_state_dict(tensors)
    trained.network.eval()
    return trained


def _build(header: dict[str, Any]) -> TrainedNetwork:
    config = from_dict(NetworkConfig, header["network"], "network")
    names = tuple(header["class_names"])
    network = make_network(config, header["in_channels"], len(names), header["dt_ms"])
    return TrainedNetwork(network, config, header["in_channels"], names, header["dt_ms"])
