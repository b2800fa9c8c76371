"""Writes the generated files, or only those named, into the checkout.

They are pages of ``docs/``, the command outline, and, as ``methods``, the methods of databases in the process.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from pyredis.commands.table.command_table import SPECS
from pyredis.commands.table.outline import render
from pyredis.docs import commands, configuration
from pyredis.embedded.api import method_writer

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES: dict[str, tuple[str, Callable[[Path], str]]] = {
    "commands": (commands.PAGE, commands.render),
    "configuration": ("docs/configuration.md", configuration.render),
    "outline": ("pyredis/commands/table/outline_rows.py", lambda checkout: render(SPECS)),
}


NAMES = (*PAGES, "methods")


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no such page: {', '.join(unknown)}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in names or NAMES:
        for path, text in files(name).items():
            path.write_text(text, encoding="utf-8")
            print(path)
    return 0


def files(name: str) -> dict[Path, str]:
    if name == "methods":
        return {CHECKOUT / path: text for path, text in method_writer.generated().items()}
    place, text = PAGES[name]
    return {CHECKOUT / place: text(CHECKOUT)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
