"""Makes a network out of ``FILE.py:NAME``: a class, a function that returns one, or an instance."""

import contextlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from spikeseg.errors import ConfigError, nearest
from spikeseg.own.blame import blaming


@dataclass(frozen=True)
class Target:
    """A name in a Python file.

    Attributes:
        file: the file.
        name: a class or a function, or a module that is made already.
    """

    file: Path
    name: str


def parse_target(text: str) -> Target | None:
    """Return what ``FILE.py:NAME`` names, or ``None`` if the text is no such thing.

    Raises:
        ConfigError: the name is missing.

    >>> parse_target("nets/mine.py:MyNet").name
    'MyNet'
    >>> parse_target("runs/demo") is None
    True
    """
    file, _, name = text.rpartition(":")
    if file.endswith(".py") and name:
        return Target(Path(file), name)
    if text.endswith((".py", ".py:")):
        raise ConfigError(
            f"{text} names no network; pass FILE.py:NAME, with the name of a class, of a function "
            "that returns a network, or of a network."
        )
    return None


def build_network(target: Target, arguments: dict[str, Any]) -> nn.Module:
    """Return the network that a file makes, in evaluation mode, on the CPU, in float32.

    The file is executed; its folder stands first on ``sys.path`` meanwhile, so that it may import
    its neighbors.

    Args:
        target: the file and a name in it.
        arguments: keyword arguments of the class or function.

    Raises:
        ConfigError: no such file or name, no network, arguments that do not fit, or an error in
            the file (with its lines).
    """
    if not target.file.is_file():
        raise ConfigError(f"{target.file} does not exist; pass FILE.py:NAME.")
    with _neighbors(target.file):
        found = _find(_import(target.file), target)
        network = found if isinstance(found, nn.Module) else _call(found, target, arguments)
    if found is network and arguments:
        raise ConfigError(
            f"{_place(target)} is a network already and takes no --arguments; leave them out, or "
            "name its class."
        )
    return network.cpu().float().eval()


@contextlib.contextmanager
def _neighbors(file: Path) -> Iterator[None]:
    """Let a file import its neighbors, and forget them afterwards: others may be named alike."""
    folder = file.resolve().parent
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and Path(origin).resolve().parent == folder:
                del sys.modules[name]


def _import(file: Path) -> ModuleType:
    name = f"_own_{file.stem}"  # its own stem could be that of a module which is there already
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look themselves up there
    with blaming(file, f"importing {file}"):
        spec.loader.exec_module(module)
    return module


def _find(module: ModuleType, target: Target) -> Any:
    found = getattr(module, target.name, None)
    if found is None:
        names = _candidates(module)
        raise ConfigError(
            f"{target.file} has no {target.name!r}; it has "
            f"{', '.join(names) or 'no class, function or network'}{nearest(target.name, names)}"
        )
    is_network = isinstance(found, nn.Module)
    is_other_class = isinstance(found, type) and not issubclass(found, nn.Module)
    if is_other_class or not (is_network or callable(found)):
        kind = "class" if is_other_class else type(found).__name__
        raise ConfigError(
            f"{_place(target)} is a {kind} and no network; name a subclass of torch.nn.Module, a "
            "function that returns one, or an instance."
        )
    return found


def _candidates(module: ModuleType) -> list[str]:
    """Return the names in a file that may be meant: what it defines, and its networks."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (isinstance(value, nn.Module) or getattr(value, "__module__", "") == module.__name__)
        and (callable(value) or isinstance(value, nn.Module))
    ]


def _call(maker: Any, target: Target, arguments: dict[str, Any]) -> nn.Module:
    with blaming(target.file, f"making {target.name}"):
        _check_arguments(maker, target, arguments)
        network = maker(**arguments)
    if not isinstance(network, nn.Module):
        raise ConfigError(
            f"{_place(target)} returns a {type(network).__name__}; it must return a "
            "torch.nn.Module."
        )
    return network


def _check_arguments(maker: Any, target: Target, arguments: dict[str, Any]) -> None:
    signature = inspect.signature(maker)
    try:
        signature.bind(**arguments)
    except TypeError as error:
        known = list(signature.parameters)
        wrong = next((name for name in arguments if name not in known), "")
        given = json.dumps(arguments, default=str) if arguments else "no arguments"
        raise ConfigError(
            f"{_place(target)} takes {target.name}{signature}, but was given {given}: {error}. "
            f"Pass --arguments '{{\"NAME\": VALUE}}'{nearest(wrong, known) if wrong else '.'}"
        ) from error


def _place(target: Target) -> str:
    return f"{target.file}:{target.name}"
