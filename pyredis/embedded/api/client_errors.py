"""The exceptions of a database in the process: redis-py's classes where it is installed, else classes of ours.

redis-py is imported when a class is needed for the first time, and not before: it takes longer to import than this
package. So nothing here is resolved on import; `find` resolves a class by its name. Our own classes have redis-py's
names and hierarchy, and the attributes ``error_type`` and ``status_code``.
"""

import enum
import importlib.util
import sys
from types import ModuleType
from typing import Any

# The class of an error reply, by its code.
CLASSES = {
    "ASK": "AskError",
    "CLUSTERDOWN": "ClusterDownError",
    "CROSSSLOT": "ClusterCrossSlotError",
    "EXECABORT": "ExecAbortError",
    "LOADING": "BusyLoadingError",
    "MASTERDOWN": "MasterDownError",
    "MOVED": "MovedError",
    "NOAUTH": "AuthenticationError",
    "NOPERM": "NoPermissionError",
    "NOSCRIPT": "NoScriptError",
    "OOM": "OutOfMemoryError",
    "READONLY": "ReadOnlyError",
    "TRYAGAIN": "TryAgainError",
    "WRONGPASS": "AuthenticationError",
}
# The class of an error reply whose code is ERR, by the text after the code; ResponseError for all other texts.
_NO_PASSWORD = "AUTH <password> called without any password configured for the default user."
CLASSES_OF_ERR = {
    "max number of clients reached": "ConnectionError",
    "invalid password": "AuthenticationError",
    "wrong number of arguments for 'auth' command": "AuthenticationWrongNumberOfArgsError",
    "wrong number of arguments for 'AUTH' command": "AuthenticationWrongNumberOfArgsError",
    f"{_NO_PASSWORD} Are you sure your configuration is correct?": "AuthenticationError",
    "Client sent AUTH, but no password is set": "AuthenticationError",
    "Error loading the extension. Please check the server logs.": "ModuleError",
    "Error unloading module: no such module with that name": "ModuleError",
    "Error unloading module: operation not possible.": "ModuleError",
    "Error unloading module: the module exports one or more module-side data types, can't unload": "ModuleError",
}


class ErrorType(enum.Enum):
    """Where an error comes from."""

    NETWORK = "network"
    TLS = "tls"
    AUTH = "auth"
    SERVER = "server"


class RedisError(Exception):
    """The base of the exceptions."""

    error_type = ErrorType.SERVER

    def __init__(self, *arguments: Any, status_code: str | None = None) -> None:
        super().__init__(*arguments)
        self.status_code = status_code

    def __repr__(self) -> str:
        return f"{self.error_type.value}:{type(self).__name__}"


class ConnectionError(RedisError):
    """The database cannot be used: it is closed, or belongs to another process."""

    error_type = ErrorType.NETWORK


class TimeoutError(RedisError):
    """The time for a command has passed."""

    error_type = ErrorType.NETWORK


class AuthenticationError(ConnectionError):
    """A password is missing or wrong."""

    error_type = ErrorType.AUTH


class AuthorizationError(ConnectionError):
    """A user lacks a right."""

    error_type = ErrorType.AUTH


class BusyLoadingError(ConnectionError):
    """The data are being loaded."""


class MaxConnectionsError(ConnectionError):
    """There are too many connections."""


class InvalidResponse(RedisError):
    """A reply is malformed."""


class ResponseError(RedisError):
    """An error reply without a class of its own."""


class DataError(RedisError):
    """Arguments cannot be sent as a command."""


class PubSubError(RedisError):
    """A subscription is used wrongly."""


class WatchError(RedisError):
    """A watched key has changed, so the transaction was not executed."""


class NoScriptError(ResponseError):
    """EVALSHA names a script that is not loaded."""


class OutOfMemoryError(ResponseError):
    """The command needs more memory than ``maxmemory`` allows."""


class ExecAbortError(ResponseError):
    """A command was refused when it was queued, so the transaction was not executed."""


class ReadOnlyError(ResponseError):
    """A command that writes was sent to a replica, or by a script that must not write."""


class NoPermissionError(ResponseError):
    """A user lacks the right to run a command."""

    error_type = ErrorType.AUTH


class ModuleError(ResponseError):
    """A module cannot be loaded or unloaded."""


class AuthenticationWrongNumberOfArgsError(ResponseError):
    """AUTH was called with too many or too few arguments."""

    error_type = ErrorType.AUTH


class LockError(RedisError, ValueError):
    """A lock cannot be acquired, extended or released."""

    def __init__(self, message: str | None = None, lock_name: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.lock_name = lock_name


class LockNotOwnedError(LockError):
    """A lock is not held, or no longer held, by this object."""


NAMES = frozenset(
    name for name, value in list(globals().items()) if isinstance(value, type) and issubclass(value, RedisError)
)
_ours = sys.modules[__name__]
_found: dict[str, type[Exception]] = {}


def _origin() -> ModuleType:
    """Returns the module that has the classes, redis-py's or this one."""
    if importlib.util.find_spec("redis") is None:
        return _ours
    try:
        return importlib.import_module("redis.exceptions")
    except ImportError:
        # Another package of this name, or an installation that cannot be imported.
        return _ours


def find(name: str) -> type[Exception]:
    """Returns the class of this name. An older redis-py may lack it: then it is ResponseError."""
    found = _found.get(name)
    if found is None:
        origin = _origin()
        found = _found[name] = getattr(origin, name, None) or origin.ResponseError
    return found


def data_error(text: str) -> Exception:
    return find("DataError")(text)


def argument_error(error: TypeError | ValueError) -> Exception:
    """Returns the DataError for an argument that could not be encoded, with the text of the native error."""
    return data_error(str(error))


def reply_exception(text: str) -> Exception:
    """Returns the exception for an error reply, with redis-py's text: known codes are not part of it."""
    code, _, rest = text.partition(" ")
    name = CLASSES.get(code)
    if name is None:
        if code != "ERR":
            return find("ResponseError")(text)
        name = CLASSES_OF_ERR.get(rest, "ResponseError")
    error: Any = find(name)(rest)
    error.status_code = code
    return error
