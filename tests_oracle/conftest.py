"""Imports nengo-loihi before warnings become errors: with Python 3.11 it warns of distutils."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import nengo_loihi  # noqa: F401
