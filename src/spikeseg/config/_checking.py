"""How a value out of range is refused."""

from spikeseg.errors import ConfigError


def require(condition: bool, message: str) -> None:
    """Check a setting.

    Raises:
        ConfigError: it is out of range; says ``message``.
    """
    if not condition:
        raise ConfigError(message)
