"""Stand-ins for modules that the standard library imports and a server does not use, so that the command starts sooner.

asyncio and uvloop import ``ssl``, which loads OpenSSL, ``inspect``, which imports parts of a compiler, and others for
subprocesses and tracebacks; pathlib imports ``urllib.parse``. Together they take a sixth of the start's time, and 5 MB.
asyncio, uvloop and pathlib only bind a few names of these modules, or none. A stand-in has those names, which suffices
for a server that speaks no TLS, starts no process and has no coroutine as a callback. Any other name imports the real
module: tracebacks are printed and messages logged as usual, and an event loop that needs more than is known here gets
it, and starts no sooner.

Stand-ins exist only while those modules are imported, and only in the command's own process. A program that embeds a
server imports asyncio unchanged.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import MethodType, ModuleType
from typing import Any

CO_COROUTINE = 0x80


class StandIn(ModuleType):
    """A module with the given names; all others are the real module's."""

    def __init__(self, name: str, names: dict[str, Any]) -> None:
        super().__init__(name, f"A stand-in for {name}: see {__name__}.")
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # The import system looks for these.
            raise AttributeError(name)
        return getattr(self._real(), name)

    def _real(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return import_module(self.__name__)


def is_coroutine_function(function: object) -> bool:
    """``inspect.iscoroutinefunction`` for functions, methods and partial functions."""
    while isinstance(function, partial | MethodType):
        function = function.func if isinstance(function, partial) else function.__func__
    return bool(getattr(getattr(function, "__code__", None), "co_flags", 0) & CO_COROUTINE)


def _late(module: str, name: str) -> Callable[..., Any]:
    """Returns a function that imports the real module and calls its function."""
    return lambda *args, **options: getattr(import_module(module), name)(*args, **options)


def ssl_names() -> dict[str, Any]:
    """Returns exceptions that are never raised and classes that are never used without TLS; numbers as in OpenSSL."""
    errors = ("SSLError", "SSLWantReadError", "SSLSyscallError", "SSLZeroReturnError", "CertificateError")
    return {
        **{name: type(name, (OSError,), {}) for name in errors},
        **{name: type(name, (), {}) for name in ("SSLContext", "MemoryBIO")},
        "create_default_context": _late("ssl", "create_default_context"),
        "SSL_ERROR_WANT_READ": 2,
        "SSL_ERROR_WANT_WRITE": 3,
        "SSL_ERROR_SYSCALL": 5,
    }


def inspect_names() -> dict[str, Any]:
    return {"isgenerator": _late("inspect", "isgenerator"), "iscoroutinefunction": is_coroutine_function}


def urllib_names() -> dict[str, Any]:
    return {"quote_from_bytes": _late("urllib.parse", "quote_from_bytes")}


def subprocess_names() -> dict[str, Any]:
    return {"PIPE": -1, "STDOUT": -2, "DEVNULL": -3, "SubprocessError": type("SubprocessError", (Exception,), {})}


class LateLogger:
    """A logger of the standard library, which is imported when a message is logged."""

    def __init__(self, name: str) -> None:
        self._name = name

    def addHandler(self, handler: object) -> None:
        """Does nothing: concurrent.futures adds one for standard error, where messages without a handler go anyway."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("logging").getLogger(self._name), name)


def logging_names() -> dict[str, Any]:
    return {"getLogger": LateLogger, "StreamHandler": type("StreamHandler", (), {}), "DEBUG": 10}


def no_names() -> dict[str, Any]:
    return {}


NAMES: dict[str, Callable[[], dict[str, Any]]] = {
    "ssl": ssl_names,
    "inspect": inspect_names,
    "logging": logging_names,
    "subprocess": subprocess_names,
    "urllib.parse": urllib_names,
    **dict.fromkeys(("fnmatch", "ntpath", "queue", "textwrap", "tokenize"), no_names),
}


@contextmanager
def standing_in() -> Iterator[None]:
    """Puts the stand-ins in place for the length of the block, in which event loops and pathlib are imported."""
    placed = {name: StandIn(name, make()) for name, make in NAMES.items() if name not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name, module in placed.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
