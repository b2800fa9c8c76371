"""Writes the generated files, or only those named, into the checkout: pages of ``docs/``, and the command outline."""

import sys
from collections.abc import Callable
from pathlib import Path

from pyredis.commands.table.command_table import SPECS
from pyredis.commands.table.outline import render
from pyredis.docs import commands, configuration

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES: dict[str, tuple[str, Callable[[Path], str]]] = {
    "commands": (commands.PAGE, commands.render),
    "configuration": ("docs/configuration.md", configuration.render),
    "outline": ("pyredis/commands/table/outline_rows.py", lambda checkout: render(SPECS)),
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PAGES]
    if unknown:
        print(f"no such page: {', '.join(unknown)}; there are: {', '.join(PAGES)}", file=sys.stderr)
        return 2
    for name in names or PAGES:
        place, text = PAGES[name]
        path = CHECKOUT / place
        path.write_text(text(CHECKOUT), encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
