"""Loads trained weights into a network, and says by name what does not fit. No code is executed."""

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from spikeseg.errors import ConfigError, CorruptFileError, nearest

_PICKLED = (".pt", ".pth", ".ckpt", ".bin")
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "model.", "_orig_mod.", "network.", "net.")
_LISTED = 5

State = dict[str, Tensor]


def load_weights(network: nn.Module, path: Path) -> tuple[str, ...]:
    """Load weights into a network.

    Args:
        network: is changed.
        path: ``.safetensors``, or a state dictionary saved by torch, read with ``weights_only``.

    Returns:
        What was taken off the names of the file to make them fit, in words.

    Raises:
        ConfigError: no such file, another suffix, or names or shapes that are not the network's.
        CorruptFileError: it cannot be read, or only by executing code that it carries.
    """
    if not path.is_file():
        raise ConfigError(f"{path} does not exist; pass the weights' file for --weights.")
    expected = network.state_dict()
    state, notes = _unwrapped(_read(path), path)
    state, more = _without_prefixes(state, expected, path)
    if problems := _problems(state, expected):
        raise ConfigError(
            f"{path} does not fit {type(network).__name__}: {'; '.join(problems)}. Pass the "
            "weights of this very network, or the --arguments that it was trained with."
        )
    network.load_state_dict(state, strict=False)  # only counters of batches may be missing
    return notes + more


def _read(path: Path) -> Any:
    suffix = path.suffix.lower()
    try:
        if suffix == ".safetensors":
            return load_file(path)
        if suffix in _PICKLED:
            return torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise CorruptFileError(f"{path} is damaged or no safetensors ({error}).") from error
    except pickle.UnpicklingError as error:
        raise CorruptFileError(
            f"{path} is damaged or holds more than tensors, and reading it would execute code that "
            "it carries. Save the weights alone: torch.save(network.state_dict(), FILE)."
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        said = " ".join(str(error).split()[:20]) or type(error).__name__
        raise CorruptFileError(f"{path} is damaged or no file of torch's ({said}).") from error
    raise ConfigError(
        f"--weights is {path}; .safetensors and torch's {', '.join(_PICKLED)} are read."
    )


def _unwrapped(stored: Any, path: Path) -> tuple[State, tuple[str, ...]]:
    """Return the state dictionary, which may lie in a larger one."""
    for key in _WRAPPERS:
        if isinstance(stored, dict) and isinstance(stored.get(key), dict):
            note = f"{path.name}: the weights are taken from its entry {key!r}"
            return _unwrapped(stored[key], path)[0], (note,)
    if not isinstance(stored, dict) or not stored:
        raise ConfigError(
            f"{path} holds {'nothing' if stored == {} else f'a {type(stored).__name__}'}; it must "
            "hold tensors by name, as torch.save(network.state_dict(), FILE) writes them."
        )
    if wrong := [key for key, value in stored.items() if not isinstance(value, Tensor)]:
        raise ConfigError(
            f"{path}: {wrong[0]!r} is a {type(stored[wrong[0]]).__name__} and no tensor; save "
            "network.state_dict() alone, or under the key 'state_dict'."
        )
    return {str(key): value for key, value in stored.items()}, ()


def _without_prefixes(state: State, expected: State, path: Path) -> tuple[State, tuple[str, ...]]:
    """Take off what wrappers put before every name, as long as that makes names fit."""
    notes: tuple[str, ...] = ()
    while not set(state) & set(expected):
        prefix = next((p for p in _PREFIXES if all(key.startswith(p) for key in state)), None)
        if prefix is None:
            break
        state = {key.removeprefix(prefix): value for key, value in state.items()}
        notes += (f"{path.name}: {prefix!r} is taken off the front of every name",)
    return state, notes


def _problems(state: State, expected: State) -> list[str]:
    missing = [k for k in expected if k not in state and not k.endswith("num_batches_tracked")]
    unexpected = [key for key in state if key not in expected]
    shapes = [
        f"{key!r} is {tuple(state[key].shape)} in the file and {tuple(tensor.shape)} in the network"
        for key, tensor in expected.items()
        if key in state and state[key].shape != tensor.shape
    ]
    groups = {
        "missing from the file": [_with_nearest(key, unexpected) for key in missing],
        "not in the network": [_with_nearest(key, missing) for key in unexpected],
        "of another shape": shapes,
    }
    return [f"{what}: {_listed(names)}" for what, names in groups.items() if names]


def _with_nearest(key: str, known: list[str]) -> str:
    hint = nearest(key, known).removeprefix("; ")
    return f"{key!r} ({hint})" if hint else repr(key)


def _listed(items: list[str]) -> str:
    more = [f"and {len(items) - _LISTED} more"] if len(items) > _LISTED else []
    return ", ".join([*items[:_LISTED], *more])
