"""Names the lines of a user's file at which an error came up."""

import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path

from spikeseg.errors import ConfigError, SpikeSegError


@contextlib.contextmanager
def blaming(file: Path, what: str) -> Iterator[None]:
    """Turn an error of the user's own code into a `ConfigError` with file and line.

    Args:
        file: the user's file; lines of its neighbors and of files below its folder are named too.
        what: what was being done, such as ``"importing net.py"``.

    Raises:
        ConfigError: the block raised anything but an error of this package, or left by
            ``sys.exit``.
    """
    try:
        yield
    except SpikeSegError:
        raise
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split()) or "no message"
        raise ConfigError(
            f"{what} failed{_places(error, file)}: {type(error).__name__}: {said}. "
            "Mend the file, and convert again."
        ) from error


def _places(error: BaseException, file: Path) -> str:
    """Return ``" at FILE, line N, in F"`` for the user's lines, the innermost last."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" at {error.filename}, line {error.lineno}"
    folder = file.resolve().parent
    frames = traceback.extract_tb(error.__traceback__)
    places = [
        f"{frame.filename}, line {frame.lineno}, in {frame.name}"
        for frame in frames
        if Path(frame.filename).resolve().is_relative_to(folder)
        and "site-packages" not in Path(frame.filename).parts
    ]
    return f" at {' -> '.join(places)}" if places else f" in {file}"
