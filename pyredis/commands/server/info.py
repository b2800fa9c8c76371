"""INFO: chooses the requested sections and writes their text. ``info_sections`` provides their fields.

A section is a title and fields, which are ``name:value`` lines. Sections are separated by an empty line and are always
in the same order, whatever order they are requested in.
"""

from collections.abc import Iterable

from pyredis.commands.parse import word
from pyredis.commands.server.info_sections import SECTIONS
from pyredis.config.syntax import to_bytes
from pyredis.replies import Verbatim

# Sections included only if requested by name, or by ``all`` or ``everything``.
ON_REQUEST = ("commandstats", "latencystats")


def info(client, args):
    chosen = chosen_sections(map(word, args[1:]))
    return Verbatim(to_bytes("\r\n".join(render(name, SECTIONS[name](client)) for name in chosen)))


def chosen_sections(words: Iterable[str]) -> list[str]:
    """Returns the sections that the words name, in the order of ``SECTIONS``; no words mean ``default``."""
    words = set(words) or {"default"}
    if words & {"all", "everything"}:
        return list(SECTIONS)
    usual = "default" in words
    return [name for name in SECTIONS if name in words or (usual and name not in ON_REQUEST)]


def render(name: str, fields: dict[str, object]) -> str:
    title = "CPU" if name == "cpu" else name.capitalize()
    return "".join([f"# {title}\r\n", *(f"{field}:{value}\r\n" for field, value in fields.items())])


HANDLERS = {"info": info}
