"""The count pass: spikes of an emulation to a ledger, exactly and fast."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram, load_chip
from spikeseg.emulation import Recording
from spikeseg.energy.ledger import Ledger
from spikeseg.energy.loops import (
    add_channels,
    add_classes,
    add_nets,
    add_products,
    add_steps,
    pack_steps,
)
from spikeseg.energy.nets import HOST, WAYS, sending_nets
from spikeseg.energy.receiving import Bytes, Floats, make_unions, num_words
from spikeseg.energy.recordings import check_recording
from spikeseg.energy.sources import Part, Source, make_source
from spikeseg.placing.hearing import Ints, Reaches, hear

Spikes = Mapping[str, NDArray[np.bool_]]


def count(program: ChipProgram, spikes: Spikes, recording: Recording) -> Ledger:
    """Return the ledger of one emulation; for several, keep a `Counter`.

    Args:
        program: with placement and positions.
        spikes: of each input, (T, B, C, H, W), as `emulate` took them.
        recording: of `emulate`, with the trace ``"population.spikes"`` of every population.

    Raises:
        ProgramError: a recording without these traces, or not of this program and input.
        ShapeError: an input of another shape.
    """
    return Counter(program).count(spikes, recording)


class Counter:
    """Counts what a program does; what depends on the program alone is worked out once.

    Args:
        program: with placement and positions.
    """

    def __init__(self, program: ChipProgram) -> None:
        self.program, self.chip = program, load_chip(program.chip)
        spots = {part.name: np.full(part.shape, HOST, np.int64) for part in program.inputs}
        spots |= {part.name: np.zeros(part.shape, np.int64) for part in program.populations}
        for number, core in enumerate(program.cores):
            spots[core.population][core.box.slices] = number
        reaches = Reaches(program)
        heard = {name: hear(program, name, reaches) for name in program.shapes}
        made = (make_source(program, name, heard[name], spots[name]) for name in heard)
        self._sources = [source for source in made if source]
        self._unions = list(make_unions(program))
        self._nets = sending_nets(program, [(name, heard[name], spots[name]) for name in heard])
        self._layers = tuple(core.population for core in program.cores)
        self._sizes = np.array([core.box.size for core in program.cores], np.int64)

    def count(self, spikes: Spikes, recording: Recording) -> Ledger:
        """Return the ledger of one emulation; as `count`."""
        fired = check_recording(self.program, spikes, recording)
        images = next(iter(fired.values())).shape[1]
        stepwise = np.zeros((3, len(self.program.cores), recording.num_steps))
        for image in range(images):
            self._add_image(fired, image, stepwise)
        exact = stepwise.astype(np.int64)  # sums below 2 ** 53 are
        return self._ledger(images, exact, *self._by_net(fired, recording))

    def _add_image(self, fired: Mapping[str, Bytes], image: int, stepwise: Floats) -> None:
        """Add operations, packets and receiving neurons of one image to (3, cores, T)."""
        operations, packets, receiving = stepwise
        rows = stepwise.shape[2] - 1  # what the last step fires acts after the end
        words = {}
        for source in self._sources:
            height, width = source.shape[1:]
            classes = np.zeros((source.num_classes, rows), np.int32)
            bits = np.zeros((num_words(rows), height * width), np.uint64)
            for part in source.parts:
                sums = _sums(source, part, fired[source.name], image, rows)
                pack_steps(sums, bits)
                add_classes(sums.reshape(rows, height, width), part.group, part.label, classes)
            links = source.of, source.to, source.operations, source.packets
            add_products(classes, *links, operations, packets)
            words[source.name] = bits.reshape(-1, height, width)
        for union in self._unions:
            union.add(words, fired, image, receiving)

    def _by_net(self, fired: Mapping[str, Bytes], recording: Recording) -> tuple[Ints, Ints]:
        """Return for each net the spikes of all steps, and of all but the last."""
        spikes, late = np.zeros((2, len(self._nets.sender)), np.int64)
        for name, label in self._nets.labels.items():
            last = fired[name][-1]
            counts = recording.spike_counts.get(name)
            if counts is None:  # of an input
                counts = np.zeros(last.shape, np.int32)
                add_steps(fired[name], counts)
            shape = len(last), -1, label.shape[1]
            cuts = self._nets.cuts[name]
            add_nets(cuts, label, counts.reshape(shape), last.reshape(shape), spikes, late)
        return spikes, spikes - late

    def _ledger(self, images: int, stepwise: Ints, spikes: Ints, delivered: Ints) -> Ledger:
        program, chip, nets = self.program, self.chip, self._nets
        operations, packets, receiving = stepwise.sum(axis=2)
        updates = self._sizes * (stepwise.shape[2] * images)
        sent = {way: nets.add_up(delivered * nets.each[:, n]) for n, way in enumerate(WAYS)}
        sent |= {"spikes": nets.add_up(spikes)}
        state = 2 * (chip.current_bits + 1 + chip.v_max.bit_length() + 1)
        return Ledger(
            num_steps=stepwise.shape[2],
            num_images=images,
            dt_ms=program.dt_ms,
            layers=self._layers,
            chips=np.array(program.placement, np.int64),
            packets_in=packets,
            synaptic_operations=operations,
            updates=updates,
            receiving_updates=receiving,
            weight_bits=operations * chip.weight_bits,
            state_bits=updates * state,
            host_spikes=int(sent["spikes"][HOST]),
            host_packets=int(sent["packets_out"][HOST]),
            operations_of_step=stepwise[0].T,
            packets_in_of_step=stepwise[1].T,
            receiving_of_step=stepwise[2].T,
            **{name: sums[:HOST] for name, sums in sent.items()},
        )


def _sums(source: Source, part: Part, fired: Bytes, image: int, rows: int) -> Bytes:
    """Return the spikes of each pixel in the channels of a part, (rows, H * W)."""
    channels, height, width = source.shape
    sums = np.empty((rows, height * width), np.uint8)
    each = fired.reshape(*fired.shape[:2], channels, height * width)
    add_channels(each, image, part.first, part.last, sums)
    return sums
