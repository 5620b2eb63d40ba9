"""The error family. Every message says what was found, what is allowed and what to do.

```
SpikeSegError
├── ConfigError                          an unknown key or an impossible combination
├── UnknownNameError    (LookupError)    no such member of a plug point; suggests the nearest
├── DataError           (ValueError)     images or masks that cannot be used as they are
├── ShapeError          (ValueError)     a size that does not fit; names the one that does
├── UnsupportedLayerError                an operation that no spiking graph can express
├── FormatVersionError                   a file from another version, or not one of ours
├── CorruptFileError                     a file cut short or damaged
├── RunFolderError                       a stage is missing, or would be overwritten
├── CompileError                         a network that a chip cannot hold; names layer and limit
└── ProgramError                         a chip program whose parts or values do not fit
```

`SpikeSegWarning` (UserWarning) tells of something that was done differently from what was given.
"""

import difflib
from collections.abc import Iterable


class SpikeSegError(Exception):
    """Anything that the user can mend; the command line prints it without a traceback, exit 2."""


class ConfigError(SpikeSegError):
    """An unknown key, a value out of range or an impossible combination."""


class UnknownNameError(SpikeSegError, LookupError):
    """No such neuron, network, dataset, ...; the message suggests the nearest known name."""


class DataError(SpikeSegError, ValueError):
    """Images or masks that cannot be used as they are."""


class ShapeError(SpikeSegError, ValueError):
    """A size that does not fit; the message names one that does."""


class UnsupportedLayerError(SpikeSegError):
    """Tracing met an operation that a spiking graph cannot express."""


class FormatVersionError(SpikeSegError):
    """A file that this version does not read."""


class CorruptFileError(SpikeSegError):
    """A file that is cut short or damaged."""


class RunFolderError(SpikeSegError):
    """A run folder lacks a stage that is needed, or holds one that would be overwritten."""


class CompileError(SpikeSegError):
    """A network that a chip cannot hold; the message names layer, core, value and limit."""


class ProgramError(SpikeSegError):
    """A chip program, or what it is given, with parts or values that do not fit."""


class SpikeSegWarning(UserWarning):
    """Something was done differently from what was given, and the user should know."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name nearest to ``name``, or ``""``.

    >>> nearest("lfi", ["lif", "if_soft"])
    "; did you mean 'lif'?"
    >>> nearest("zzz", ["lif"])
    ''
    """
    match = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {match[0]!r}?" if match else ""
