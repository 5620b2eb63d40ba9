"""Chips and the programs that run on them: plain data, no framework.

A chip is a data file (``loihi1.toml``, ``loihi2.toml``, ``toy.toml``), read by ``spec``. A program
consists of cores (``program``); a core holds a box of a population (``boxes``) and the synapses
that lead to it (``synapses``, ``windows``). ``checking`` refuses what does not fit, ``storage``
reads and writes ``program.npz``.
"""

from spikeseg.chips.boxes import Box
from spikeseg.chips.program import ChipPopulation, ChipProgram, Core, SpikeInput
from spikeseg.chips.spec import ChipSpec, Fact, chip_facts, chip_names, load_chip
from spikeseg.chips.storage import load_program, program_made_from, save_program
from spikeseg.chips.synapses import KernelSynapses, ListedSynapses, Synapses
from spikeseg.chips.windows import Window

__all__ = [
    "Box",
    "ChipPopulation",
    "ChipProgram",
    "ChipSpec",
    "Core",
    "Fact",
    "KernelSynapses",
    "ListedSynapses",
    "SpikeInput",
    "Synapses",
    "Window",
    "chip_facts",
    "chip_names",
    "load_chip",
    "load_program",
    "program_made_from",
    "save_program",
]
