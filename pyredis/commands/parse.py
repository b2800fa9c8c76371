"""Parsing of the arguments of Python handlers: numbers and words, with Redis's errors."""

from pyredis.call.handlers import CommandError
from pyredis.config.kinds import parse_integer

NOT_INTEGER = "ERR value is not an integer or out of range"
NOT_POSITIVE = "ERR value is out of range, must be positive"
SYNTAX_ERROR = "ERR syntax error"


def integer(argument: bytes, error: str = NOT_INTEGER) -> int:
    """Returns a signed 64-bit integer in its canonical spelling; raises ``error`` for anything else."""
    number = parse_integer(argument.decode("latin-1"))
    if number is None:
        raise CommandError(error)
    return number


def positive(argument: bytes) -> int:
    """Returns an integer that is not negative; Redis has one error for both mistakes."""
    number = integer(argument, NOT_POSITIVE)
    if number < 0:
        raise CommandError(NOT_POSITIVE)
    return number


def word(argument: bytes) -> str:
    """Returns an option or a subcommand in lower case; clients may send any case."""
    return argument.decode("latin-1").lower()


def shown(argument: bytes) -> str:
    """Returns an argument as Redis quotes it in an error text: up to the first NUL."""
    return argument.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def one_of(argument: bytes, *words: str) -> str:
    """Returns which of ``words`` the argument is; raises a syntax error if it is none of them."""
    found = word(argument)
    if found not in words:
        raise CommandError(SYNTAX_ERROR)
    return found


def wrong_subcommand(args: list[bytes]) -> CommandError:
    """Returns the error for a subcommand that does not exist or does not accept that number of arguments."""
    title, name = shown(args[0]).upper(), shown(args[1][:128])
    return CommandError(f"ERR unknown subcommand or wrong number of arguments for '{name}'. Try {title} HELP.")
