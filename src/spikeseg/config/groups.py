"""Groups of settings: which setting holds further ones."""

import dataclasses
from typing import Any, get_args


def group_of(hint: Any) -> Any:
    """Return the dataclass that a type hint names, alone or beside ``None``; ``None`` without one.

    >>> from spikeseg.config import ChipConfig
    >>> group_of(ChipConfig) is group_of(ChipConfig | None) is ChipConfig, group_of(int | None)
    (True, None)
    """
    kinds = [kind for kind in (hint, *get_args(hint)) if dataclasses.is_dataclass(kind)]
    return kinds[0] if kinds else None
