"""Write the generated pages, all or those named, into the checkout's ``docs/``."""

import sys
from collections.abc import Callable
from pathlib import Path

from pyredis.docs import commands, configuration

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES: dict[str, Callable[[Path], str]] = {"commands": commands.render, "configuration": configuration.render}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PAGES]
    if unknown:
        print(f"no such page: {', '.join(unknown)}; there are: {', '.join(PAGES)}", file=sys.stderr)
        return 2
    for name in names or PAGES:
        path = CHECKOUT / "docs" / f"{name}.md"
        path.write_text(PAGES[name](CHECKOUT), encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
