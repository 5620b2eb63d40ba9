"""What a network is built from: its settings, or its own defaults; what it does not take."""

import dataclasses
from dataclasses import dataclass

from spikeseg.config import NetworkConfig
from spikeseg.errors import ConfigError

_OPTIONS = ("depth", "width", "downsampling", "upsampling", "dropout", "units", "stem_stride")


@dataclass(frozen=True)
class Plan:
    """The settings that a network takes, none of them left out.

    A network gives its defaults; those of a field that it does not take have no meaning.

    Attributes:
        name: of the network.
        width: channels of the first level.
        depth: how many times the resolution is halved.
        downsampling: how; the first of those that the network takes is its default.
        upsampling: likewise.
        dropout: probability of dropping a channel.
        units: of a level.
        stem_stride: of the first convolution.
        dilations: of parallel convolutions.
        channels: of every level.
    """

    name: str
    width: int
    depth: int = 0
    downsampling: str = ""
    upsampling: str = ""
    dropout: float = 0.0
    units: int = 0
    stem_stride: int = 0
    dilations: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()


def planned(config: NetworkConfig, defaults: Plan, upsampling: tuple[str, ...] = ()) -> Plan:
    """Return a network's plan.

    Args:
        config: what was asked for.
        defaults: of the network; a setting whose default is 0 or empty is not taken, other than
            ``dropout``, which goes with ``depth``.
        upsampling: what the network can do, if not everything.

    Raises:
        ConfigError: a setting that this network does not take.
    """
    taken = [name for name in _OPTIONS if getattr(defaults, name)]
    taken += ["dropout", "widths"] * bool(defaults.depth) + ["dilations"] * bool(defaults.dilations)
    for name in (*_OPTIONS, "widths", "dilations"):
        if name not in taken and getattr(config, name) not in (None, ()):
            raise ConfigError(
                f"network.{name} is {getattr(config, name)!r}, which {defaults.name} does not "
                f"take; its settings are {', '.join(taken)}, norm, activation and spiking. Leave "
                f"network.{name} out, or set it to null."
            )
    if upsampling and config.upsampling not in (None, *upsampling):
        raise ConfigError(
            f"network.upsampling is {config.upsampling!r}; {defaults.name} takes "
            f"{' or '.join(upsampling)}. Use one of these, or another network."
        )
    return _filled(config, defaults, set(taken))


def _filled(config: NetworkConfig, defaults: Plan, taken: set[str]) -> Plan:
    values = {name: getattr(config, name) for name in taken - {"widths"}}
    plan = dataclasses.replace(
        defaults, **{name: value for name, value in values.items() if value not in (None, ())}
    )
    if config.widths:
        return dataclasses.replace(plan, channels=config.widths, depth=len(config.widths) - 1)
    channels = tuple(plan.width * 2**level for level in range(plan.depth + 1))
    return dataclasses.replace(plan, channels=channels)
