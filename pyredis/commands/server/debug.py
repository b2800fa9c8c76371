"""DEBUG: subcommands for tests, open to the clients that ``enable-debug-command`` admits.

The subcommands are not in the command table; this module dispatches them.
"""

import os
import re
import time
from collections.abc import Callable
from typing import NamedTuple

from pyredis.call.handlers import NO_REPLY, CommandError
from pyredis.commands.connection.access import guarded
from pyredis.commands.parse import integer, positive, word, wrong_subcommand
from pyredis.commands.server import debug_native
from pyredis.commands.server.digest import digest_all, digest_value
from pyredis.ground.glob import matches
from pyredis.replies import OK, Attributed, BigNumber, Error, Set, Status, Verbatim

LOAD_FAILED = b"-ERR Error trying to load the AOF files, check server logs.\r\n"
NOT_ALLOWED = (
    'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a '
    "local connection, otherwise you need to set this option in the configuration file, and then restart the server."
)
WRONG_TYPE_NAME = (
    "ERR Wrong protocol type name. Please use one of the following: "
    "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
)


@guarded("enable-debug-command", NOT_ALLOWED)
def debug(client, args):
    subcommand = SUBCOMMANDS.get(word(args[1]))
    if subcommand is None or not subcommand.least <= len(args) - 2 <= subcommand.most:
        raise wrong_subcommand(args)
    return subcommand.run(client, args)


# ---- data ----


def digest(client, args):
    return Status(digest_all(client.core).encode())


def digest_values(client, args):
    return [Status(digest_value(client.core, client.db, key).encode()) for key in args[2:]]


def populate(client, args):
    count = positive(args[2])
    prefix = args[3] if len(args) > 3 else b"key"
    size = positive(args[4]) if len(args) > 4 else 0
    debug_native.populate(client.core, client.db, count, prefix, size)
    return OK


def describe_object(client, args):
    facts = debug_native.object_facts(client.core, client.db, args[2])
    if facts is None:
        raise CommandError("ERR no such key")
    address, encoding, serialized, clock, idle = facts
    text = f"Value at:{address:#x} refcount:1 encoding:{encoding} serializedlength:{serialized} lru:{clock}"
    text += f" lru_seconds_idle:{idle}"
    nodes = debug_native.node_facts(client.core, client.db, args[2])
    return Status(f"{text}{_nodes_text(client, *nodes) if nodes else ''}".encode())


def _nodes_text(client, nodes: int, elements: int, size: int) -> str:
    """Returns the fields that Redis reports for a quicklist; the runs at the list's ends count as nodes."""
    most, depth = (client.host.config[name] for name in ("list-max-listpack-size", "list-compress-depth"))
    text = f" ql_nodes:{nodes} ql_avg_node:{elements / nodes:.2f} ql_listpack_max:{most}"
    return f"{text} ql_compressed:{int(depth > 0)} ql_uncompressed_size:{size}"


def show_listpack(client, args):
    packed = debug_native.packed_elements(client.core, client.db, args[2])
    if packed is None:
        raise CommandError("ERR no such key")
    encoding, elements = packed
    if elements is None:
        raise CommandError("ERR Not a listpack encoded object.")
    lines = [f"{encoding} of {len(elements)} elements", *(f"{at}: {item!r}" for at, item in enumerate(elements))]
    print(*lines, sep="\n", flush=True)
    return Status(b"Listpack structure printed on stdout")


def table_stats(client, args):
    number = integer(args[2])
    if not 0 <= number < client.host.config["databases"]:
        raise CommandError("ERR Out of range database")
    keys, expires = debug_native.table_facts(client.core, number)
    return Verbatim(f"[Dictionary HT]\n{_table_text(*keys)}[Expires HT]\n{_table_text(*expires)}".encode())


def _table_text(arrays: list[tuple[int, int]], overflow: int, size: int) -> str:
    lines = []
    for number, (buckets, elements) in enumerate(arrays):
        title = "rehashing target" if number else "main hash table"
        lines += [f"Hash table {number} stats ({title}):", f" table size: {buckets}"]
        lines += [f" number of elements: {elements}", f" elements per bucket: {elements / buckets:.2f}"]
    if not arrays:
        return "Hash table 0 stats (main hash table):\nNo stats available for empty dictionaries\n"
    return "\n".join([*lines, f" overflow buckets: {overflow}", f" bytes: {size}", ""])


# ---- the server ----


def sleep(client, args):
    """Stops the entire server, which is its purpose. An argument that is not a number counts as 0, as in Redis."""
    try:
        seconds = float(args[2])
    except ValueError:
        return OK
    time.sleep(max(0.0, seconds))
    return OK


def set_active_expire(client, args):
    """Uses the number that the argument begins with, or 0 if there is none, as in Redis."""
    client.host.set_active_expire(re.match(rb"\s*[+-]?0*[1-9]", args[2]) is not None)
    return OK


def load_aof(client, args):
    """Loads the append-only file once this request is over, because loading executes commands itself.

    The client waits until the load ends.
    """
    if client.core.in_transaction:
        raise CommandError("ERR DEBUG LOADAOF is not possible in a transaction")
    if not client.core.may_wait:
        raise CommandError("ERR DEBUG LOADAOF is not possible for a client that may not wait")
    client.block()
    client.host.reload_aof(lambda done: client.unblock(b"+OK\r\n" if done else LOAD_FAILED))
    return NO_REPLY


def panic(client, args):
    """Ends the process as a failed check of its own does."""
    os.abort()


def segfault(client, args):
    debug_native.segfault()


# ---- the protocol ----


def error(client, args):
    return Error(args[2])


def protocol(client, args):
    name = word(args[2])
    if name == "push" and client.protocol == 2:
        raise CommandError("ERR RESP2 is not supported by this command")
    if name == "push":
        client.host.hub.loop.call_soon(client.push, PUSH_EXAMPLE)
    if name not in EXAMPLES:
        raise CommandError(WRONG_TYPE_NAME)
    return EXAMPLES[name]


# Sent after the reply, although the reply's text says the opposite.
PUSH_EXAMPLE = b">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n"
EXAMPLES = {
    "string": b"Hello World",
    "integer": 12345,
    "double": 3.141,
    "bignum": BigNumber(b"1234567999999999999999999999999999999"),
    "null": None,
    "array": [0, 1, 2],
    "set": Set([0, 1, 2]),
    "map": {0: False, 1: True, 2: False},
    "attrib": Attributed({b"key-popularity": [b"key:123", 90]}, b"Some real reply following the attribute"),
    "push": b"Some real reply following the push reply",
    "verbatim": Verbatim(b"This is a verbatim\nstring"),
    "true": True,
    "false": False,
}


def string_match(client, args):
    return int(matches(args[2], args[3]))


def help_text(client, args):
    lines = ["DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
    for subcommand in SUBCOMMANDS.values():
        lines += [subcommand.syntax, f"    {subcommand.summary}"]
    return [Status(line.encode()) for line in lines]


class Subcommand(NamedTuple):
    """``least`` and ``most``: how many arguments may follow the subcommand's name."""

    syntax: str
    summary: str
    run: Callable
    least: int
    most: float

    @classmethod
    def of(cls, syntax: str, summary: str, run: Callable) -> "Subcommand":
        words = syntax.split()[1:]
        least = sum(not item.startswith("[") for item in words)
        return cls(syntax, summary, run, least, float("inf") if "..." in syntax else len(words))


SUBCOMMANDS = {
    word(subcommand.syntax.split()[0].encode()): subcommand
    for subcommand in (
        Subcommand.of("DIGEST", "Returns a digest of all data; equal data have equal digests.", digest),
        Subcommand.of("DIGEST-VALUE [<key>...]", "Returns a digest of the value of each key.", digest_values),
        Subcommand.of("ERROR <text>", "Returns an error with this text.", error),
        Subcommand.of("HTSTATS <dbid>", "Reports the sizes of a database's hash tables.", table_stats),
        Subcommand.of("LISTPACK <key>", "Prints the elements of a listpack to the server's output.", show_listpack),
        Subcommand.of("LOADAOF", "Empties the databases and loads the append-only file again.", load_aof),
        Subcommand.of("OBJECT <key> [fast]", "Reports how the value of a key is stored.", describe_object),
        Subcommand.of("PANIC", "Ends the server as a failed check of its own does.", panic),
        Subcommand.of("POPULATE <count> [<prefix>] [<size>]", "Creates strings in memory only.", populate),
        Subcommand.of("PROTOCOL <type>", "Returns an example of a reply type.", protocol),
        Subcommand.of("SEGFAULT", "Crashes the server by writing to memory that it does not have.", segfault),
        Subcommand.of("SET-ACTIVE-EXPIRE <0|1>", "Turns the search for expired keys off or on.", set_active_expire),
        Subcommand.of("SLEEP <seconds>", "Stops the server for a time, which may be fractional.", sleep),
        Subcommand.of("STRINGMATCH-LEN <pattern> <text>", "Returns whether a glob pattern matches.", string_match),
        Subcommand.of("HELP", "Lists the subcommands.", help_text),
    )
}

HANDLERS = {"debug": debug}
