"""Numbers and sentences as the report prints them."""

from collections.abc import Sequence

HARD = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
STAGE_LABELS = {
    "ann": "ANN",
    "snn": "spiking (float)",
    "direct": "trained spiking",
    "chip": "chip (8-bit)",
}


def stage_label(key: str) -> str:
    """Return the name of a stage as people say it; an unknown stage keeps its key."""
    return STAGE_LABELS.get(key, key)


def score(value: float | None, digits: int = 4) -> str:
    """Print a score between 0 and 1, or a dash where there is none.

    >>> score(0.91234), score(0.91234, 3)
    ('0.9123', '0.912')
    """
    return NONE if value is None else f"{value:.{digits}f}"


def difference(value: float, digits: int = 4) -> str:
    """Print a difference with its sign; one that rounds to zero has none.

    >>> difference(0.0031), difference(-0.0031), difference(-0.00001)
    ('+0.0031', '−0.0031', '0.0000')
    """
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else MINUS}{text}"


def percent(share: float) -> str:
    """Print a share as percent; only nothing is 0 and only all is 100.

    >>> percent(0.934), percent(0.0), percent(0.00001), percent(0.99999)
    ('93.4 %', '0 %', '<0.1 %', '>99.9 %')
    """
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    if share < 0.0005:
        return "<0.1 %"
    return ">99.9 %" if 0.9995 <= share < 1 else f"{100 * share:.1f} %"


def amount(value: float) -> str:
    """Print a large count in words.

    >>> amount(1_234_000_000), amount(2_500_000), amount(12_345)
    ('1.23 billion', '2.50 million', '12,345')
    """
    for unit, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if value >= unit:
            digits = 2 if value < 10 * unit else 1 if value < 100 * unit else 0
            return f"{value / unit:.{digits}f} {name}"
    return f"{value:,.0f}"


def plain(value: float) -> str:
    """Print a number with three significant digits and without an exponent where possible.

    >>> plain(12.345), plain(0.004), plain(1500.0)
    ('12.3', '0.004', '1,500')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """Print a time.

    >>> duration(8.25), duration(75), duration(7260)
    ('8.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def plural(number: int, noun: str) -> str:
    """Print a count with its noun.

    >>> plural(1, "step"), plural(32, "step")
    ('1 step', '32 steps')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))


def quantity(value: float, unit: str = "J") -> str:
    r"""Print a small quantity in its unit with three significant digits, not to be broken apart.

    >>> quantity(0.0075), quantity(1.91e-05), quantity(0.00738, "s")
    ('7.5\xa0mJ', '19.1\xa0µJ', '7.38\xa0ms')
    """
    size, prefix = next((p for p in _PREFIXES if value >= p[0]), _PREFIXES[-1])
    return f"{plain(value / size)}{HARD}{prefix}{unit}" if value else f"0{HARD}{unit}"


def times(factor: float) -> str:
    """Print a factor with three significant digits, without an exponent where possible.

    >>> times(392.6), times(167388.0), times(1.4252)
    ('393', '167,000', '1.43')
    """
    return plain(float(f"{factor:.3g}"))


def listed(texts: Sequence[str]) -> str:
    """Print a list in a sentence.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))
