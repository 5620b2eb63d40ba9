"""Why a converted network is worse than its analog one, layer by layer, and what to change.

``results`` is what is found, ``parts`` splits a layer's error, ``tally`` sums a layer over images,
``diagnosing`` runs both networks, ``places`` tells classification-like from segmentation layers,
``relations`` asks what the error goes with and ``claims`` says so, ``findings`` and ``advice`` say
what to change.
"""

from spikeseg.diagnosis.claims import claims
from spikeseg.diagnosis.diagnosing import diagnose
from spikeseg.diagnosis.findings import Finding, find
from spikeseg.diagnosis.results import Diagnosis, LayerDiagnosis, Part, Relation

__all__ = [
    "Diagnosis",
    "Finding",
    "LayerDiagnosis",
    "Part",
    "Relation",
    "claims",
    "diagnose",
    "find",
]
