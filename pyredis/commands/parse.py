"""Reading the arguments of Python handlers: numbers and words, with the errors that Redis answers."""

from pyredis.call.handlers import CommandError
from pyredis.config.kinds import parse_integer

NOT_INTEGER = "ERR value is not an integer or out of range"
NOT_POSITIVE = "ERR value is out of range, must be positive"
SYNTAX_ERROR = "ERR syntax error"


def integer(argument: bytes, error: str = NOT_INTEGER) -> int:
    """A signed 64-bit integer in its canonical spelling; raises ``error`` for anything else."""
    number = parse_integer(argument.decode("latin-1"))
    if number is None:
        raise CommandError(error)
    return number


def positive(argument: bytes) -> int:
    """An integer that is not negative, with the one error that Redis has for both mistakes."""
    number = integer(argument, NOT_POSITIVE)
    if number < 0:
        raise CommandError(NOT_POSITIVE)
    return number


def word(argument: bytes) -> str:
    """An option or a subcommand, which may come in any case."""
    return argument.decode("latin-1").lower()


def shown(argument: bytes) -> str:
    """An argument as part of an error text: as Redis tells it, up to a NUL."""
    return argument.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def one_of(argument: bytes, *words: str) -> str:
    """The word that the argument is; a syntax error if it is none of them."""
    found = word(argument)
    if found not in words:
        raise CommandError(SYNTAX_ERROR)
    return found


def wrong_subcommand(args: list[bytes]) -> CommandError:
    """The error for a subcommand that does not exist or does not take so many arguments."""
    title, name = shown(args[0]).upper(), shown(args[1][:128])
    return CommandError(f"ERR unknown subcommand or wrong number of arguments for '{name}'. Try {title} HELP.")
