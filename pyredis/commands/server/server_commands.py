"""BGREWRITEAOF, LASTSAVE, MONITOR, ROLE, SHUTDOWN and TIME. The other server commands have modules of their own."""

from pyredis.call.handlers import NO_REPLY, CommandError
from pyredis.commands.parse import SYNTAX_ERROR, word
from pyredis.lua.script_facts import time_us
from pyredis.replies import OK, Status

NO_SHUTDOWN = "ERR No shutdown in progress."
REWRITE_STARTED = b"Background append only file rewriting started"
REWRITE_SCHEDULED = b"Background append only file rewriting scheduled"
BUSY = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
CANNOT_SHUT_DOWN = "ERR Errors trying to SHUTDOWN. Check logs."


def time_command(client, args):
    seconds, rest = divmod(time_us(client.core), 1_000_000)
    return [b"%d" % seconds, b"%d" % rest]


def lastsave(client, args):
    return client.host.last_save


def monitor(client, args):
    """Replies nothing to a client that monitors already, as Redis."""
    if not client.core.may_wait:
        raise CommandError("ERR MONITOR isn't allowed for DENY BLOCKING client")
    return OK if client.monitor() else NO_REPLY


def role(client, args):
    """Returns the role, the replication offset and the replicas."""
    return [client.host.role.encode(), 0, []]


def bgrewriteaof(client, args):
    """Starts a rewrite of the append-only file.

    Whether it can begin is often known only once its files are open. Until then the client waits, if it may; otherwise
    only the log reports the result.
    """

    waits = client.core.may_wait

    def on_done(failure: str | None) -> None:
        if waits:
            client.unblock(f"-{failure}\r\n".encode() if failure else b"+%b\r\n" % REWRITE_STARTED)

    began = client.host.rewrite_aof(on_done)
    if began is None and waits:
        client.block()
        return NO_REPLY
    return Status(REWRITE_STARTED if began else REWRITE_SCHEDULED)


def shutdown(client, args):
    chosen = {word(argument) for argument in args[1:]}
    unknown = chosen - {"nosave", "save", "now", "force", "abort"}
    if unknown or chosen >= {"save", "nosave"} or ("abort" in chosen and len(chosen) > 1):
        raise CommandError(SYNTAX_ERROR)
    if "abort" in chosen:
        return _abort_shutdown(client.host)
    save = True if "save" in chosen else False if "nosave" in chosen else None
    if client.core.busy and save is not False:
        raise CommandError(BUSY)

    def on_failure() -> None:
        client.unblock(f"-{CANNOT_SHUT_DOWN}\r\n".encode())

    begun = client.host.shutdown(save=save, now="now" in chosen, force="force" in chosen, on_failure=on_failure)
    if begun is None:
        client.block()
    elif not begun:
        raise CommandError(CANNOT_SHUT_DOWN)
    return NO_REPLY


def _abort_shutdown(host):
    if not host.abort_shutdown():
        raise CommandError(NO_SHUTDOWN)
    return OK


HANDLERS = {
    "bgrewriteaof": bgrewriteaof,
    "lastsave": lastsave,
    "monitor": monitor,
    "role": role,
    "shutdown": shutdown,
    "time": time_command,
}
