"""LATENCY GRAPH: the samples of an event, drawn with characters.

A column is a sample, oldest first, with its height in steps of a third of a row, and its age below, read downwards.
More than ``WIDTH`` samples continue in a graph of their own; all are drawn on the same scale.
"""

from collections.abc import Iterable, Sequence

WIDTH = 80
ROWS = 4
# The top of a column, by the thirds of a row that it fills.
TOPS = "_o#"
STEPS = ROWS * len(TOPS)
UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))

Sample = tuple[int, int]


def draw(name: bytes, samples: Iterable[Sample], longest: int, now: int) -> bytes:
    """Returns the graph of (Unix second, milliseconds); ``longest`` is the highest since the last reset."""
    shown = [(second, latency) for second, latency in samples if latency]
    heights = [latency for _, latency in shown]
    low, high = (min(heights), max(heights)) if heights else (0, 0)
    head = b"%b - high %d ms, low %d ms (all time high %d ms)\n" % (name, high, low, longest)
    columns = [(step_of(latency, low, high), age(now - second)) for second, latency in shown]
    parts = [columns[at : at + WIDTH] for at in range(0, len(columns), WIDTH)]
    return head + b"-" * WIDTH + b"\n" + "\n".join(map(_draw_part, parts)).encode()


def step_of(latency: int, low: int, high: int) -> int:
    """Returns the height of a column, from 0 to the number of steps less one."""
    return min((latency - low) * STEPS // max(high - low, 1), STEPS - 1)


def age(seconds: int) -> str:
    """Returns a number of seconds in the largest unit that it has one of: ``59s``, ``2m``."""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= size), UNITS[-1])
    return f"{seconds // size}{unit}"


def _draw_part(columns: Sequence[tuple[int, str]]) -> str:
    rows = ["".join(_cell(step, row) for step, _ in columns) for row in reversed(range(ROWS))]
    rows.append(" " * len(columns))
    depth = max(len(label) for _, label in columns)
    rows += ["".join(label[at : at + 1] or " " for _, label in columns) for at in range(depth)]
    return "".join(f"{row}\n" for row in rows)


def _cell(step: int, row: int) -> str:
    """Returns what a column shows in a row, which are counted from below."""
    third = step - row * len(TOPS)
    if third < 0:
        return " "
    return TOPS[third] if third < len(TOPS) else "|"
