"""What the estimates say, in sentences; losses come first."""

from collections.abc import Sequence

from spikeseg.report.energy_results import Bounds, Energy, Judged, TableAccount
from spikeseg.report.words import amount, listed, plain, plural, quantity, times

Pairs = Sequence[tuple[TableAccount, Judged]]

UNPRICED = {
    "neuron_access": ("update of a neuron", "updates of neurons"),
    "static": ("static power of a chip", "static powers of chips"),
    "inter_chip_packet": ("packet between chips", "packets between chips"),
    "hop_east_west": ("hop along rows", "hops along rows"),
    "hop_north_south": ("hop along columns", "hops along columns"),
    "spike_within_tile": ("packet within a tile", "packets within tiles"),
}
"""Events whose names need more than an s to be read."""


def bounds(found: Bounds, unit: str = "J") -> str:
    r"""Print an estimate with its range.

    >>> bounds(Bounds(0.00618, 0.0075, 0.0113)), bounds(Bounds(0.002, 0.002, 0.002))
    ('7.5\xa0mJ (6.18 to 11.3\xa0mJ)', '2\xa0mJ')
    """
    value, around = quantity(found.value, unit), spread(found, unit)
    return f"{value} ({around})" if around else value


def spread(found: Bounds, unit: str = "J") -> str:
    """Print the range of an estimate, or nothing where it rounds to one number."""
    low, high = quantity(found.low, unit), quantity(found.high, unit)
    if low == high:
        return ""
    number, name = low.split()
    return f"{number if name == high.split()[1] else low} to {high}"


def energy_verdict(energy: Energy) -> str:
    """Say under which tables the spiking network loses, is undecided or wins against INT8."""
    pairs = [(a, verdict) for a in energy.accounts for verdict in a.against("int8")]
    if not pairs:
        return "No table here prices a dense INT8 network; the other rivals are in the table."
    kinds = [(kind, [p for p in pairs if p[1].outcome == kind]) for kind in _SAYS]
    return " ".join(_SAYS[kind] + _where(found) for kind, found in kinds if found)


_SAYS = {
    "loses": "Against the dense INT8 network the chip loses ",
    "undecided": "It is undecided against INT8, as the ranges overlap, ",
    "wins": "The chip wins against the dense INT8 network ",
}


def _where(pairs: Pairs) -> str:
    if pairs[0][1].outcome == "undecided":
        return f"{listed([_leaning(a, verdict) for a, verdict in pairs])}."
    return f"{listed([f'{_by(verdict)}under {account.name}' for account, verdict in pairs])}."


def _by(verdict: Judged) -> str:
    factor = verdict.factor
    return "" if factor is None else f"by a factor of {times(max(factor, 1 / factor))} "


def _leaning(account: TableAccount, verdict: Judged) -> str:
    factor = verdict.factor
    if factor is None:
        return f"under {account.name}"
    share = f"{times(1 / factor)} times the energy at the quoted values"
    return f"under {account.name} ({share})"


def subject_sentence(energy: Energy) -> str:
    """Say what one image is here."""
    curve = energy.curve
    part, whole = (" × ".join(map(str, sides)) for sides in (curve.size, curve.image_size))
    one = f"one image as the chips are given it: {part} pixels, {plural(energy.num_steps, 'step')}"
    if curve.size == curve.image_size and energy.tiles_per_image == 1:
        return f"All figures are for {one}."
    return (
        f"All figures are for {one}. An image of {whole} pixels takes "
        f"{plain(energy.tiles_per_image)} such tiles, {times(energy.overlap)} times its own pixels."
    )


def overlap_sentence(energy: Energy) -> str:
    """Say what an image as a whole, of which a dense network needs no overlap, does to factors."""
    if abs(energy.overlap - 1) < 1e-9:
        return ""
    number = len(overlap_changes(energy))
    return (
        "A dense network can take an image as a whole, without overlap or margin: for a whole "
        f"image every factor is {times(energy.overlap)} times as bad for the spiking network. "
        f"That changes {plural(number, 'outcome') if number else 'no outcome'} in the table below"
        f"{':' if number else '.'}"
    )


def overlap_changes(energy: Energy) -> list[str]:
    """Return the outcomes that are others for a whole image."""
    found = []
    for account in energy.accounts:
        for verdict in account.verdicts:
            outcome = _decided(account.total, verdict.energy, energy.overlap)
            if outcome != verdict.outcome:
                rival = f"under {account.name}, against {verdict.title}"
                found.append(f"{rival}: {outcome}, not {verdict.outcome}")
    return found


def _decided(spiking: Bounds, rival: Bounds, overlap: float) -> str:
    """Return the outcome where the spiking network takes ``overlap`` times as much."""
    if overlap * spiking.high < rival.low:
        return "wins"
    return "loses" if overlap * spiking.low > rival.high else "undecided"


def unpriced_sentence(account: TableAccount) -> str:
    """Say which counted events have no cost in a table, or nothing."""
    found = [_events(name, count) for name, count in account.unpriced.items() if count]
    return f"Counted, but without a cost here: {listed(found)}." if found else ""


def _events(name: str, count: float) -> str:
    one, many = UNPRICED.get(name, (name.replace("_", " "), name.replace("_", " ") + "s"))
    return f"{amount(count)} {one if count == 1 else many}"


def host_sentence(energy: Energy) -> str:
    """Say what the host does, which no figure includes."""
    return (
        f"The first layer, {amount(energy.host_multiplications)} multiplications on the host, is "
        "left out on both sides."
    )


def map_sentence(energy: Energy) -> str:
    """Say how many packets a step go between chips, and between which most."""
    chip_map = energy.chip_map
    if energy.num_chips == 1:
        packets = amount(chip_map.all_packets)
        return f"All cores are on one chip; {packets} packets a step go between them."
    rows = enumerate(chip_map.between)
    routes = [(n, i, j) for i, row in rows for j, n in enumerate(row) if i != j]
    most, one, other = max(routes)
    return (
        f"In each step {amount(chip_map.crossing)} packets go from one chip to another, "
        f"{100 * chip_map.crossing / (chip_map.all_packets or 1):.1f} % of all between cores; most "
        f"from chip {one} to chip {other}: {amount(most)}."
    )
