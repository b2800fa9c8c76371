"""What every class of methods is based on."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any


class Caller:
    """A face, or a class of methods that becomes part of one."""

    __slots__ = ()

    if TYPE_CHECKING:

        def _call(
            self, words: Sequence[Any], convert: Callable[[Any], Any] | None = None, decode: bool = True, /
        ) -> Any:
            """Runs a command, or keeps it for later; see the package's documentation."""
