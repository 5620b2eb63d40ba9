"""Which chip, and which place on it, each core of a program has, and the traffic that makes."""

from spikeseg.placing.counting import TrafficCount, count_traffic
from spikeseg.placing.partitioners import PARTITIONERS, Partitioner
from spikeseg.placing.placing import place
from spikeseg.placing.traffic import Nets, Rates, Traffic, measure_traffic

__all__ = [
    "PARTITIONERS",
    "Nets",
    "Partitioner",
    "Rates",
    "Traffic",
    "TrafficCount",
    "count_traffic",
    "measure_traffic",
    "place",
]
