"""Packages of the extra ``events``, imported when a file needs them."""

import importlib
from pathlib import Path
from typing import Any

from spikeseg.errors import ConfigError


def need(package: str, path: Path, why: str) -> Any:
    """Return a module, such as ``numcodecs.zstd``.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ConfigError(
            f"{path} is {why}; reading it needs {package.split('.')[0]}, which is not installed: "
            "pip install 'spikeseg[events]'"
        ) from error
