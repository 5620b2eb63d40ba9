"""Plug points: a folder in which every file is one member, named like the file.

The registry imports nothing until a member is asked for, and then only that member, so listing
names is fast and importing ``spikeseg`` loads no plug-in.
"""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from spikeseg.errors import ConfigError, UnknownNameError, nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """The members of one plug point.

    Args:
        kind: what a member is, for messages, such as ``"neuron"``.
        package: the dotted name of the folder that holds one file per member.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._members: dict[str, T] = {}
        self._owners: dict[str, str] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that registers a member under ``name``.

        Raises:
            ConfigError: the name is taken; both owners are named.
        """

        def add(member: T) -> T:
            owner = getattr(member, "__module__", "?")
            if self._owners.get(name, owner) != owner:
                raise ConfigError(
                    f"{self.kind} {name!r} is registered twice: by {self._owners[name]} and by "
                    f"{owner}. Names are unique; rename one of them."
                )
            self._members[name] = member
            self._owners[name] = owner
            return member

        return add

    def names(self) -> tuple[str, ...]:
        """Return all known names, sorted, without importing a member."""
        spec = importlib.util.find_spec(self.package)
        folders = spec.submodule_search_locations if spec else None
        files = [f.stem for folder in folders or [] for f in Path(folder).glob("*.py")]
        return tuple(sorted({f for f in files if not f.startswith("_")} | set(self._members)))

    def get(self, name: str) -> T:
        """Return the member called ``name``.

        Raises:
            UnknownNameError: there is none; lists what there is and suggests the nearest.
            ConfigError: its file registers no member of this name.
        """
        if name not in self._members:
            known = self.names()
            if name not in known:
                raise UnknownNameError(
                    f"no {self.kind} is called {name!r}; there are: {', '.join(known)}"
                    f"{nearest(name, known)}"
                )
            module = importlib.import_module(f"{self.package}.{name}")
            if name not in self._members:
                raise ConfigError(
                    f"{module.__file__} registers no {self.kind} called {name!r}; a file is named "
                    "like its member. Rename the one or the other."
                )
        return self._members[name]
