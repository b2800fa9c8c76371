"""The commands on keys of any type: function name to handler, native (a capsule) or Python."""

from typing import Any, Final

HANDLERS: Final[dict[str, Any]]

def object_help(client: Any, arguments: list[bytes]) -> list[bytes]: ...
