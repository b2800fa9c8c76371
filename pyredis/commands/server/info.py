"""INFO: which sections are asked for, and their text. What stands in a section is told by ``info_sections``.

A section is a title and fields, ``name:value`` lines; sections are separated by an empty line and come in one order,
whatever order they are asked for in.
"""

from collections.abc import Iterable

from pyredis.commands.parse import word
from pyredis.commands.server.info_sections import SECTIONS
from pyredis.config.syntax import to_bytes
from pyredis.replies import Verbatim

# Sections that are told only when they, or everything, are asked for.
ON_REQUEST = ("commandstats", "latencystats")


def info(client, args):
    chosen = chosen_sections(map(word, args[1:]))
    return Verbatim(to_bytes("\r\n".join(render(name, SECTIONS[name](client)) for name in chosen)))


def chosen_sections(words: Iterable[str]) -> list[str]:
    """The sections that the words name, in their order; no words at all mean ``default``."""
    words = set(words) or {"default"}
    if words & {"all", "everything"}:
        return list(SECTIONS)
    usual = "default" in words
    return [name for name in SECTIONS if name in words or (usual and name not in ON_REQUEST)]


def render(name: str, fields: dict[str, object]) -> str:
    title = "CPU" if name == "cpu" else name.capitalize()
    return "".join([f"# {title}\r\n", *(f"{field}:{value}\r\n" for field, value in fields.items())])


HANDLERS = {"info": info}
