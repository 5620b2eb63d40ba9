"""A network of the user's own: from a Python file and its weights to a folder that segments.

``building`` makes the network out of the file, ``blame`` names the line of it that went wrong,
``weights`` loads what was trained, ``calibration`` reads images, ``fitting`` finds a size that the
network takes, ``converting`` makes the graph and checks it, ``agreement`` says what it costs,
``normalization`` is what training did to the images, ``folder`` keeps it all.
"""

from spikeseg.own.agreement import Agreement, measure_agreement
from spikeseg.own.building import Target, build_network, parse_target
from spikeseg.own.calibration import Pictures, read_pictures
from spikeseg.own.converting import Converted, convert_own
from spikeseg.own.folder import OwnFolder, OwnModel
from spikeseg.own.normalization import Normalization
from spikeseg.own.weights import load_weights

__all__ = [
    "Agreement",
    "Converted",
    "Normalization",
    "OwnFolder",
    "OwnModel",
    "Pictures",
    "Target",
    "build_network",
    "convert_own",
    "load_weights",
    "measure_agreement",
    "parse_target",
    "read_pictures",
]
