"""Calls of every command with numbers at the edges of the integer types, made from the table's own description.

Each call is valid except for its numbers: keys hold values of the right type, tokens are spelled out, and one argument
after the other takes each number of ``EDGES``.
"""

from collections.abc import Iterator
from itertools import chain

from pyredis.commands.table.arguments import Argument
from pyredis.commands.table.command_table import SPECS, every_spec
from pyredis.commands.table.spec import CommandSpec

POWERS = [sign * 2**power + step for power in (31, 32, 62, 63, 64) for sign in (1, -1) for step in (-1, 0, 1)]
EDGES = [*POWERS, 0, -1, 10**25, -(10**25)]
UNUSUAL = ["", "+1", " 1", "0x7fffffff", "1e18", "9223372036854775807 ", "nan", "inf", "-inf"]
TEXTS = [*UNUSUAL, "1" * 400, "-" + "9" * 5000]
NUMBERS = {"integer", "double", "unix-time"}
# Arguments that may be more than a number, so that the table does not call them one.
NUMERIC = {"threshold", "min-idle-time", "start", "stop", "min", "max", "id", "last-id", "end", "max-deleted-id"}

# The key of each group of commands holds a value of its type.
KEYS = {
    "string": "string",
    "bitmap": "string",
    "hyperloglog": "sketch",
    "list": "list",
    "set": "set",
    "sorted-set": "zset",
    "geo": "geo",
    "hash": "hash",
    "stream": "stream",
    "generic": "string",
}
# The commands that fill those keys.
SETUP = [
    ["SET", "string", "12345"],
    ["PFADD", "sketch", "a", "b"],
    ["RPUSH", "list", "a", "b", "c", "1"],
    ["SADD", "set", "a", "b", "1"],
    ["ZADD", "zset", "1", "a", "2", "b"],
    ["GEOADD", "geo", "13.3", "38.1", "a", "15.0", "37.5", "b"],
    ["HSET", "hash", "a", "1", "b", "2.5"],
    ["XADD", "stream", "1-1", "a", "b"],
    ["XGROUP", "CREATE", "stream", "group", "0"],
]
# Values for arguments that are not numbers, by their names; any other is "a".
SAMPLES = {
    "group": "group",
    "consumer": "me",
    "groupname": "group",
    "id": "1-1",
    "start": "-",
    "end": "+",
    "min": "0",
    "max": "5",
    "pattern": "*",
    "script": "return 1",
    "longitude": "13",
    "latitude": "38",
    "encoding": "u8",
    "threshold": "1",
    "min-idle-time": "0",
    "last-id": "9-9",
    "max-deleted-id": "0-0",
}


def words_of(argument: Argument, spec: CommandSpec) -> list[list[tuple[str, str]]]:
    """Returns the ways to write an argument: lists of (word, type)."""
    token = [(argument.token, "token")] if argument.token else []
    if argument.type == "pure-token":
        return [token]
    if argument.type == "oneof":
        return [[*token, *way] for branch in argument.arguments for way in words_of(branch, spec)]
    if argument.type == "block":
        return [[*token, *way] for way in ways_of(argument.arguments, spec, optional=True)]
    if argument.type == "key":
        return [[*token, (KEYS.get(spec.group, "string"), "key")]]
    if argument.type in NUMBERS:
        return [[*token, ("1", argument.type)]]
    kind = "integer" if argument.name in NUMERIC else "text"
    return [[*token, (sample(argument.name, spec), kind)]]


def sample(name: str, spec: CommandSpec) -> str:
    if spec.group == "sorted-set" and name in ("start", "stop", "min", "max"):
        return "[a" if "lex" in spec.name else "0"
    return SAMPLES.get(name, "a")


def ways_of(arguments: tuple[Argument, ...], spec: CommandSpec, optional: bool) -> list[list[tuple[str, str]]]:
    """Returns calls with all required arguments and, one at a time, each way of each argument."""
    plain: list[list[tuple[str, str]]] = []
    for argument in arguments:
        plain.append([] if "optional" in argument.flags else words_of(argument, spec)[0])
    found = [list(chain.from_iterable(plain))]
    for at, argument in enumerate(arguments):
        if "optional" in argument.flags and not optional:
            continue
        for way in words_of(argument, spec):
            call = list(chain.from_iterable([*plain[:at], way, *plain[at + 1 :]]))
            if call not in found:
                found.append(call)
    return found


def calls_of(spec: CommandSpec) -> Iterator[list[str]]:
    """Yields the calls of a command with each number in the place of each numeric argument."""
    seen = set()
    for way in ways_of(spec.arguments, spec, optional=True):
        for at, (_, kind) in enumerate(way):
            if kind not in NUMBERS:
                continue
            for number in [*map(str, EDGES), *TEXTS]:
                words = [word for word, _ in way]
                call = [*spec.name.split("|"), *words[:at], number, *words[at + 1 :]]
                if tuple(call) not in seen:
                    seen.add(tuple(call))
                    yield call


def numeric_commands() -> list[CommandSpec]:
    return [spec for spec in every_spec(SPECS) if any(True for _ in calls_of(spec))]
