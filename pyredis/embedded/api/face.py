"""What both faces have: ``execute_command``, callbacks of the caller, the encoding of arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import FunctionType, MethodType
from typing import Any

from pyredis.embedded.api.argument_forms import Encoder
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.commands_by_name import callback_of, words_of
from pyredis.embedded.api.methods import Methods

NEVER_DECODE = "NEVER_DECODE"
SHUTDOWN_OPTIONS = ("save", "nosave", "now", "force", "abort")


def shutdown_words(save: bool, nosave: bool, now: bool, force: bool, abort: bool) -> list[str]:
    if save and nosave:
        raise data_error("save and nosave cannot both be true")
    given = zip(SHUTDOWN_OPTIONS, (save, nosave, now, force, abort), strict=True)
    return ["SHUTDOWN", *(name.upper() for name, wanted in given if wanted)]


def methods_of_commands() -> Iterator[tuple[str, FunctionType]]:
    """Returns the names and functions of all methods of commands."""
    for parent in Methods.__mro__:
        yield from ((name, each) for name, each in vars(parent).items() if isinstance(each, FunctionType))


def as_name(word: Any) -> str:
    """Returns a word of a call as it is in the name of a command; any bytes can be one."""
    return (word.decode("latin-1") if isinstance(word, bytes) else str(word)).upper()


class Face:
    """The callbacks that the caller has set are kept by the name of the command.

    Only then do calls pass through Python before they reach the face's own ``_call``, which is ``_plain_call``.
    """

    _call: Callable[..., Any]
    _callbacks: dict[str, Callable[..., Any]] | None = None
    _plain_call: Callable[..., Any]

    def get_encoder(self) -> Encoder:
        """Returns the encoding of arguments; a database that decodes replies overrides this."""
        return Encoder()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Runs any command. The first argument may hold several words, and decides how the reply is converted."""
        convert = callback_of(args[0], options, self._callbacks)
        call = self._call if self._callbacks is None else self._plain_call
        return call(words_of(args), convert, NEVER_DECODE not in options)

    def set_response_callback(self, command: str, callback: Callable[..., Any]) -> None:
        """Converts the replies of a command by this function from now on, instead of as redis-py does.

        The function is called with the reply, and with the options that `execute_command` was called with.
        """
        callbacks = self._callbacks
        if callbacks is None:
            callbacks = {}
            self._share_callbacks(callbacks)
        callbacks[command.upper()] = callback

    def _share_callbacks(self, callbacks: dict[str, Callable[..., Any]] | None) -> None:
        """Uses the callbacks of another face, including those that are set later: a pipeline those of its database."""
        if callbacks is None:
            return
        self._callbacks = callbacks
        self._plain_call = self._call
        self._call = self._observed_call
        for name, method in methods_of_commands():
            # What a face has in native code does not call ``_call``.
            if not isinstance(getattr(type(self), name), FunctionType):
                setattr(self, name, MethodType(method, self))

    def _observed_call(self, words: Sequence[Any], convert: Any = None, decode: bool = True, /) -> Any:
        own = self._callbacks or {}
        first, *more = (as_name(word) for word in words[:2])
        return self._plain_call(words, own.get(first) or own.get(" ".join((first, *more))) or convert, decode)
