"""LOLWUT: a picture above the version. A cellular automaton draws it line by line from a few random cells."""

import random

from pyredis._version import REDIS_VERSION, VERSION
from pyredis.commands.parse import integer, word
from pyredis.replies import Verbatim

WIDTH, LINES = 64, 16
# Rules, in Wolfram's numbering, whose pictures are neither empty nor uniform.
RULES = (18, 22, 30, 45, 60, 73, 90, 105, 110, 126, 150)
# How many numbers Redis's versions with a picture accept. They have no effect on this one.
SIZES = {5: 3, 6: 2}
# One character shows two cells, one above the other.
HALVES = " ▀▄█"


def lolwut(client, args):
    if len(args) > 2 and word(args[1]) == "version":
        for number in args[3 : 3 + SIZES.get(integer(args[2]), 0)]:
            integer(number)
    rule = random.choice(RULES)
    title = f"Rule {rule}, grown from {WIDTH} cells. Redis ver. {REDIS_VERSION}, pyredis {VERSION}"
    return Verbatim(f"{draw(rule)}\n{title}\n".encode())


def draw(rule: int) -> str:
    """Draws the generations from top to bottom, two to a line; the ends of a generation are neighbours."""
    cells = [random.random() < 0.1 for _ in range(WIDTH)]
    cells[WIDTH // 2] = True
    rows = []
    for _ in range(LINES):
        below = step(rule, cells)
        rows.append("".join(HALVES[upper + 2 * lower] for upper, lower in zip(cells, below, strict=True)).rstrip())
        cells = step(rule, below)
    return "\n".join(rows) + "\n"


def step(rule: int, cells: list[bool]) -> list[bool]:
    """Returns the next generation: for each cell, the rule's bit for the cell and its neighbours."""
    count = len(cells)
    numbers = (4 * cells[at - 1] + 2 * cells[at] + cells[(at + 1) % count] for at in range(count))
    return [bool(rule >> number & 1) for number in numbers]


HANDLERS = {"lolwut": lolwut}
