"""Imports NeuroBench before warnings become errors, and keeps its data sets out of it."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import neurobench.metrics.workload  # noqa: F401
    import snntorch  # noqa: F401
