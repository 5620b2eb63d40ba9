"""Parsers: a YAML file, dotted overrides, and errors that name the nearest known key."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, get_type_hints

import yaml
from jsonargparse import ArgumentParser, Namespace

from spikeseg.config import ChipConfig, RunConfig, SpikingConfig
from spikeseg.config.groups import group_of
from spikeseg.errors import ConfigError, nearest

_SPIKING = "network.spiking"


class Parser(ArgumentParser):
    """A parser whose errors are `ConfigError`."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise what the user did wrong, in one line."""
        cause: BaseException | None = ex
        while cause is not None:
            if isinstance(cause, ConfigError):
                raise cause
            cause = cause.__cause__ or cause.__context__
        raise ConfigError(" ".join(message.split()) + f" See `{self.prog} --help`.")

    def parse(self, arguments: list[str]) -> Namespace:
        """Parse, with the nearest known option named where one is misspelt."""
        known = {o for a in self._actions for o in a.option_strings}
        known |= {name for option in known for name in _of_absent_group(option)}
        for argument in arguments:
            option = argument.split("=")[0]
            if option.startswith("--") and option not in known:
                raise ConfigError(
                    f"{self.prog} takes no option {option!r}; see `{self.prog} --help`"
                    f"{nearest(option, known)}"
                )
        return self.parse_args(arguments)


def plain_parser(verb: str, description: str) -> Parser:
    """Return a parser without the run's settings, but with ``--json``."""
    parser = Parser(prog=f"spikeseg {verb}", description=description)
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object, and no progress"
    )
    return parser


def add_exit_tolerance(parser: Parser) -> None:
    """Add the option that turns early exit on."""
    parser.add_argument(
        "--exit_tolerance",
        type=float,
        help="early exit: an image is done when at most this share of its pixels still changes",
    )


def add_precision(parser: Parser) -> None:
    """Add the option that allows weights and currents to be rounded."""
    parser.add_argument(
        "--precision",
        choices=["float32", "bfloat16", "int8"],
        help="how exact the spiking network must be at least; the fastest of that is taken",
    )


def config_parser(verb: str, description: str) -> Parser:
    """Return a parser for all settings of a run, from a YAML file and dotted overrides."""
    parser = plain_parser(verb, f"{description} CONFIG, a YAML file, may come first.")
    parser.add_argument("--config", action="config", help="a YAML file of settings")
    parser.add_class_arguments(RunConfig, as_group=False)
    parser.add_argument("--out", type=str, required=True, help="the run folder")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier run")
    return parser


def with_config_first(arguments: list[str]) -> list[str]:
    """Turn a leading ``FILE.yaml`` into ``--config FILE.yaml``, and check the file's keys.

    >>> with_config_first(["--seed", "1"])
    ['--seed', '1']
    """
    if arguments and not arguments[0].startswith("-"):
        arguments = ["--config", *arguments]
    for i, argument in enumerate(arguments):
        if argument == "--config" and i + 1 < len(arguments):
            check_config_file(Path(arguments[i + 1]))
        elif argument.startswith("--config="):
            check_config_file(Path(argument.partition("=")[2]))
    return arguments


def check_config_file(path: Path) -> None:
    """Check that a YAML file exists and has known keys only.

    Raises:
        ConfigError: it cannot be read, or a key is unknown; names the nearest known key.
    """
    if not path.is_file():
        raise ConfigError(f"{path} does not exist; pass a YAML file such as configs/cells.yaml.")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        found = "nothing" if values is None else f"a {type(values).__name__}"
        raise ConfigError(
            f"{path} holds {found}; it must hold settings by name, such as `seed: 1`."
        )
    if wrong := _not_a_group(RunConfig, values, ""):
        raise ConfigError(
            f"{path}: {wrong[0]} is {wrong[1]!r}; it is a group, and its settings stand below it, "
            f"indented: {', '.join(wrong[2])}."
        )
    extra = {"config", "json", "out", "overwrite", "resume"}  # as `--print_config` writes them
    for place, key, known in _unknown_keys(RunConfig, values, ""):
        if place or key not in extra:
            name = f"{place}{key}"
            raise ConfigError(
                f"{path} has an unknown key {name!r}; {place.rstrip('.') or 'a run'} takes "
                f"{', '.join(known)}{nearest(key, known)}"
            )


def _of_absent_group(option: str) -> list[str]:
    """Return the options of a group that may be left out, which argparse does not list.

    >>> _of_absent_group("--chip")[:1], _of_absent_group("--seed")
    (['--chip.name'], [])
    """
    hint: Any = RunConfig
    for name in option.removeprefix("--").split("."):
        hint = get_type_hints(group_of(hint)).get(name) if group_of(hint) else None
    if dataclasses.is_dataclass(hint) or (group := group_of(hint)) is None:
        return []
    return [f"{option}.{field.name}" for field in dataclasses.fields(group)]


def _not_a_group(
    kind: Any, values: dict[str, Any], place: str
) -> tuple[str, Any, list[str]] | None:
    """Return the first group of settings that is given as one value, with what it takes."""
    for key, hint in get_type_hints(kind).items():
        group = group_of(hint)
        if group is None or key not in values or (values[key] is None and group is not hint):
            continue
        if not isinstance(values[key], dict):
            return f"{place}{key}", values[key], list(get_type_hints(group))
        if wrong := _not_a_group(group, values[key], f"{place}{key}."):
            return wrong
    return None


def _unknown_keys(
    kind: Any, values: dict[str, Any], place: str
) -> Iterator[tuple[str, str, list[str]]]:
    hints = get_type_hints(kind)
    for key, value in values.items():
        if key not in hints:
            yield place, str(key), list(hints)
        elif (group := group_of(hints[key])) and isinstance(value, dict):
            yield from _unknown_keys(group, value, f"{place}{key}.")


def run_config(namespace: Namespace, parser: Parser) -> RunConfig:
    """Return the settings that were parsed.

    Raises:
        ConfigError: a value is out of range.
    """
    if namespace.chip is not None:
        ChipConfig(**vars(namespace.chip))  # whose own message is clearer than that of the union
    for name, given in (("direct", namespace.direct), (_SPIKING, namespace.network.spiking)):
        _check_spiking(name, given)
    values = parser.instantiate(namespace)
    return RunConfig(**{f.name: values[f.name] for f in dataclasses.fields(RunConfig)})


def _check_spiking(name: str, given: Namespace | None) -> None:
    """Refuse settings of spiking neurons under the name of their group."""
    try:
        SpikingConfig(**(vars(given) if given else {}))
    except ConfigError as error:
        raise ConfigError(str(error).replace(_SPIKING, name)) from error


def command_line(verb: str, arguments: list[str]) -> str:
    """Return the command as it was typed."""
    import shlex

    return shlex.join(["spikeseg", verb, *arguments])
