"""The command line: ``spikeseg VERB``.

``commands`` holds the verbs, ``arguments`` their parsers, ``console`` what is printed. Nothing
here imports torch before a verb needs it, so that ``--help`` answers at once.
"""

import sys
from collections.abc import Sequence

from spikeseg._version import __version__
from spikeseg.errors import ConfigError, SpikeSegError, nearest

USER_ERROR = 2
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 is success, 2 an error that the user can mend (printed in one line, without a traceback),
    130 an interruption by Ctrl-C.

    >>> main(["--version"])
    spikeseg ...
    0
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _dispatch(arguments)
    except SpikeSegError as error:
        print(f"spikeseg: error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"spikeseg: error: {_explain(error)}", file=sys.stderr)
    except SystemExit as stop:  # argparse leaves so after `--help`
        return int(stop.code or 0)
    except KeyboardInterrupt:
        print("spikeseg: interrupted; what was finished is kept.", file=sys.stderr)
        return INTERRUPTED
    return USER_ERROR


def _dispatch(arguments: list[str]) -> int:
    from spikeseg.cli.commands import COMMANDS, overview

    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if arguments[0] == "--version":
        print(f"spikeseg {__version__}")
        return 0
    verb = arguments[0]
    if verb not in COMMANDS:
        raise ConfigError(
            f"there is no command {verb!r}; there are {', '.join(COMMANDS)}"
            f"{nearest(verb, COMMANDS)}"
        )
    return COMMANDS[verb].call(arguments[1:])


def _explain(error: OSError) -> str:
    """Say what to do about a full disk or a file that cannot be opened."""
    where = f"{error.filename}: " if error.filename else ""
    if error.errno == 28:
        return f"{where}the disk is full. What was finished is kept; make room, then use --resume."
    return f"{where}{error.strerror or error}. Check the path and its permissions."
