"""What both faces have: ``execute_command``, callbacks of the caller, the encoding of arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyredis.embedded.api.argument_forms import Encoder
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.commands_by_name import callback_of, words_of

NEVER_DECODE = "NEVER_DECODE"
SHUTDOWN_OPTIONS = ("save", "nosave", "now", "force", "abort")


def shutdown_words(save: bool, nosave: bool, now: bool, force: bool, abort: bool) -> list[str]:
    if save and nosave:
        raise data_error("save and nosave cannot both be true")
    given = zip(SHUTDOWN_OPTIONS, (save, nosave, now, force, abort), strict=True)
    return ["SHUTDOWN", *(name.upper() for name, wanted in given if wanted)]


class Face:
    """What both faces have. ``_callbacks`` are those of `set_response_callback`, by the names of commands."""

    _callbacks: dict[str, Callable[..., Any]] | None = None
    _call: Callable[..., Any]

    def get_encoder(self) -> Encoder:
        """Returns the encoding of arguments; a database that decodes replies overrides this."""
        return Encoder()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Runs any command. The first argument may hold several words, and decides how the reply is converted."""
        convert = callback_of(args[0], options, self._callbacks)
        return self._call(words_of(args), convert, NEVER_DECODE not in options)

    def set_response_callback(self, command: str, callback: Callable[..., Any]) -> None:
        """Converts the replies of a command by this function, when it is sent by `execute_command`."""
        self._callbacks = {**(self._callbacks or {}), command.upper(): callback}
