"""Event files as the tests write them, event by event from the formats' descriptions."""

import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

Event = tuple[int, int, int, int]
"""Time in microseconds, x, y, polarity."""

PROPHESEE = b"% Date 2020-09-14 09:03:25\n% plugin_name hal_plugin_gen3_fx3\n"


def recordings(largest_gap: int = 9000, width: int = 34, height: int = 34, least: int = 0):
    """Lists of events in the order of time."""
    x, y, p = (st.integers(0, largest) for largest in (width - 1, height - 1, 1))
    several = st.lists(st.tuples(st.integers(0, largest_gap), x, y, p), min_size=least, max_size=40)
    return several.map(_summed)


def _summed(gaps: list[Event]) -> list[Event]:
    t, events = 0, []
    for gap, x, y, p in gaps:
        t += gap
        events.append((t, x, y, p))
    return events


def evt2(events: Iterable[Event], header: bytes = PROPHESEE + b"% evt 2.0\n") -> bytes:
    written, latest = [header], None
    for t, x, y, p in events:
        if t >> 6 != latest:
            latest = t >> 6
            written.append(struct.pack("<I", 8 << 28 | latest & 0xFFFFFFF))
        written.append(struct.pack("<I", p << 28 | (t & 63) << 22 | x << 11 | y))
    return b"".join(written)


def evt3(events: Iterable[Event], header: bytes = PROPHESEE + b"% evt 3.0\n") -> bytes:
    """Events one by one; neighbors in a row of one time and polarity as a vector of 12 or 8."""
    left, state, found = list(events), {}, [header]

    def say(kind: int, value: int) -> None:
        if state.get(kind) != value:
            found.append(struct.pack("<H", kind << 12 | value))
            state[kind] = value

    while left:
        t, x, y, p = left[0]
        if (t >> 12) & 0xFFF != state.get(8):
            state.pop(6, None)
        say(8, (t >> 12) & 0xFFF)
        say(6, t & 0xFFF)
        say(0, y)
        run = _run(left)
        if len(run) == 1:
            found.append(struct.pack("<H", 2 << 12 | p << 11 | x))
        else:
            found.append(struct.pack("<H", 3 << 12 | p << 11 | x))
            size = 8 if max(run) < 8 else 12
            bits = sum(1 << k for k in run)
            found.append(struct.pack("<H", (5 if size == 8 else 4) << 12 | bits))
        left = left[len(run) :]
    return b"".join(found)


def _run(events: list[Event]) -> list[int]:
    """Distances in x, below 12, of the events that one vector can hold."""
    t, x, y, p = events[0]
    run = [0]
    for t2, x2, y2, p2 in events[1:]:
        if (t2, y2, p2) != (t, y, p) or not x + run[-1] < x2 < x + 12:
            break
        run.append(x2 - x)
    return run


def dat(
    events: Iterable[Event], header: bytes = b"% Data file containing CD events.\n% Version 2\n"
):
    records = (struct.pack("<II", t & 0xFFFFFFFF, x | y << 14 | p << 28) for t, x, y, p in events)
    return header + b"\0\x08" + b"".join(records)


def nmnist(events: Iterable[Event]) -> bytes:
    return b"".join(bytes([x, y]) + (p << 23 | t).to_bytes(3, "big") for t, x, y, p in events)


STREAM = """<node name="{0}"><attr key="typeIdentifier" type="string">{1}</attr>
<node name="info"><attr key="sizeX" type="int">34</attr>
<attr key="sizeY" type="int">30</attr></node></node>"""


def aedat4(
    events: list[Event],
    compression: int = 0,
    streams: tuple[str, ...] = ("IMUS", "EVTS"),
    pack: Callable[[bytes], bytes] = bytes,
    is_finished: bool = True,
) -> bytes:
    """A packet of another stream, then packets of seven events in the stream of EVTS.

    A recording that was not finished has no table at its end, and -1 where its place is told.
    """
    text = "".join(STREAM.format(k, name) for k, name in enumerate(streams)).encode()
    text = b'<dv version="2.0"><node name="outInfo">' + text + b"</node></dv>"
    packets = [(0, b"not events")]
    packets += [(1, pack(_packet(events[k : k + 7]))) for k in range(0, len(events), 7)]
    body = b"".join(struct.pack("<ii", n, len(packet)) + packet for n, packet in packets)
    start = 14 + 4 + len(_header(text, compression, 0))
    header = _header(text, compression, start + len(body) if is_finished else -1)
    table = b"a table" if is_finished else b""
    return b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(header)) + header + body + table


def _header(text: bytes, compression: int, end: int) -> bytes:
    fields = struct.pack("<5H2x", 10, 24, 4, 8, 16)
    table = struct.pack("<iiqI4x", len(fields), compression, end, 8)
    return (
        struct.pack("<I4s", 8 + len(fields), b"IOHE")
        + fields
        + table
        + struct.pack("<I", len(text))
        + text
    )


def _packet(events: list[Event]) -> bytes:
    rows = b"".join(struct.pack("<qhhB3x", t, x, y, p) for t, x, y, p in events)
    fields = struct.pack("<3H2x", 6, 8, 4)
    table = struct.pack("<iI", len(fields), 4)
    body = struct.pack("<I4s", 16, b"EVTS") + fields + table + struct.pack("<I", len(events)) + rows
    return struct.pack("<I", len(body)) + body


def lz4_frame(data: bytes, block: int = 60) -> bytes:
    """Linked blocks, every third stored as it is, the others with matches."""
    frame = struct.pack("<I", 0x184D2204) + bytes([0x40, 0x40, 0])
    for number, start in enumerate(range(0, len(data), block)):
        if number % 3 == 2:
            part, mark = data[start : start + block], 1 << 31
        else:
            part, mark = _lz4_block(data, start, min(start + block, len(data))), 0
        frame += struct.pack("<I", len(part) | mark) + part
    return frame + struct.pack("<I", 0)


def _lz4_block(data: bytes, start: int, end: int) -> bytes:
    """Sequences of what is new and what was seen before; the last five bytes are new."""
    out, at, literal = b"", start, start
    while at < end - 12:
        seen = data.rfind(data[at : at + 4], 0, at + 3)
        if seen < 0 or at - seen > 65535:
            at += 1
            continue
        size = 4
        while at + size < end - 5 and data[seen + size] == data[at + size]:
            size += 1
        out += _sequence(data[literal:at], size - 4, struct.pack("<H", at - seen))
        at += size
        literal = at
    return out + _sequence(data[literal:end], 0, b"")


def _sequence(literals: bytes, match: int, offset: bytes) -> bytes:
    token = bytes([min(15, len(literals)) << 4 | min(15, match)])
    return token + _more(len(literals)) + literals + offset + (_more(match) if offset else b"")


def _more(length: int) -> bytes:
    return b"" if length < 15 else b"\xff" * ((length - 15) // 255) + bytes([(length - 15) % 255])


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def columns(events: list[Event]) -> np.ndarray:
    """(4, N) times, x, y, polarities."""
    return np.array(events, np.int64).reshape(-1, 4).T
