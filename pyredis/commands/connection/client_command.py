"""CLIENT: shows and changes the state of the calling connection and of the others."""

from collections.abc import Callable, Mapping

from pyredis.call.handlers import NO_REPLY, CommandError
from pyredis.commands.help import help_lines
from pyredis.commands.parse import SYNTAX_ERROR, integer, one_of, shown, word, wrong_subcommand
from pyredis.config.syntax import to_bytes
from pyredis.replies import OK, Verbatim

NO_SUCH_CLIENT = "ERR No such client"
UNBLOCK_REASON = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"
TYPES = {"normal": "normal", "slave": "replica", "replica": "replica", "master": "master", "pubsub": "pubsub"}


# ---- the calling connection ----


def client_id(client, args):
    return client.id


def client_getname(client, args):
    return client.name or None


def client_setname(client, args):
    client.name = check_name(args[2])
    return OK


def check_name(name: bytes, title: str = "Client names") -> bytes:
    """Returns the name if it consists of visible ASCII characters, because CLIENT LIST shows it as one word of a line;
    else raises an error."""
    if any(not 0x21 <= letter <= 0x7E for letter in name):
        raise CommandError(f"ERR {title} cannot contain spaces, newlines or special characters.")
    return name


def client_setinfo(client, args):
    attribute = {"lib-name": "lib_name", "lib-ver": "lib_ver"}.get(word(args[2]))
    if attribute is None:
        raise CommandError(f"ERR Unrecognized option '{shown(args[2])}'")
    setattr(client, attribute, check_name(args[3], shown(args[2])))
    return OK


def client_no_evict(client, args):
    client.no_evict = one_of(args[2], "on", "off") == "on"
    return OK


def client_no_touch(client, args):
    client.no_touch = one_of(args[2], "on", "off") == "on"
    return OK


def client_reply(client, args):
    mode = one_of(args[2], "on", "off", "skip")
    client.reply_mode = mode
    return OK if mode == "on" else NO_REPLY


# ---- lines ----


def client_info(client, args):
    return Verbatim(describe(client))


def client_list(client, args):
    return Verbatim(b"".join(map(describe, _listed(client.host.clients, args[2:]))))


def _listed(clients: Mapping, options: list[bytes]) -> list:
    if not options:
        return list(clients.values())
    option = word(options[0])
    if option == "type" and len(options) == 2:
        kind = client_type(options[1])
        return [client for client in clients.values() if client.output_class == kind]
    if option == "id" and len(options) > 1:
        numbers = [integer(number, "ERR Invalid client ID") for number in options[1:]]
        known = {client.id: client for client in clients.values()}
        return [known[number] for number in numbers if number in known]
    raise CommandError(SYNTAX_ERROR)


def client_type(name: bytes) -> str:
    kind = TYPES.get(word(name))
    if kind is None:
        raise CommandError(f"ERR Unknown client type '{shown(name)}'")
    return kind


def describe(client) -> bytes:
    """Returns the client's line of CLIENT LIST.

    Only a blocked command keeps memory for its arguments (``argv-mem``); there is no reply buffer (``rbs``, ``rbp``).
    """
    now = client.core.now_ms
    output = client.output_memory
    fields = {
        "id": client.id,
        "addr": client.address,
        "laddr": client.local_address,
        "fd": client.fd,
        "name": client.name.decode(),
        "age": max(0, now - client.created_ms) // 1000,
        "idle": max(0, now - client.active_ms) // 1000,
        "flags": client.flags_text,
        "db": client.db,
        "sub": client.channels,
        "psub": client.patterns,
        "ssub": client.shard_channels,
        "multi": client.queued,
        "watch": client.watching,
        "qbuf": client.query_buffer,
        "qbuf-free": client.query_free,
        "argv-mem": client.argument_memory,
        "multi-mem": client.multi_memory,
        "rbs": 0,
        "rbp": 0,
        "obl": 0,
        "oll": int(output > 0),
        "omem": output,
        "tot-mem": client.total_memory,
        "events": "rw" if output else "r",
        "cmd": client.last_command or "NULL",
        "user": client.user,
        "redir": client.redirection,
        "resp": client.protocol,
        "lib-name": client.lib_name.decode(),
        "lib-ver": client.lib_ver.decode(),
    }
    return to_bytes(" ".join(f"{name}={value}" for name, value in fields.items()) + "\n")


# ---- other connections ----


def client_kill(client, args):
    if len(args) == 3:
        return _kill_address(client, shown(args[2]))
    victims = _chosen(client, _KillOptions(client, args[2:]))
    for victim in victims:
        _close(client, victim)
    return len(victims)


def _kill_address(client, address: str):
    """Handles the old form: one address, and an error if no client has it."""
    victim = next((other for other in client.host.clients.values() if other.address == address), None)
    if victim is None:
        raise CommandError(NO_SUCH_CLIENT)
    _close(client, victim)
    return OK


def _chosen(client, options: "_KillOptions") -> list:
    others = [other for other in client.host.clients.values() if not (options.skip_me and other is client)]
    return [other for other in others if all(passes(other) for passes in options.filters)]


def _close(client, victim) -> None:
    """Closes a connection; a client that kills itself still gets the reply."""
    victim.close(after_reply=victim is client)


class _KillOptions:
    """The filters of the new form; a client must pass all of them, and a later filter of a kind replaces an earlier."""

    def __init__(self, client, options: list[bytes]) -> None:
        self.now_ms = client.core.now_ms
        self.users = client.host.users
        self.skip_me = True
        self.chosen: dict[str, Callable] = {}
        for at in range(0, len(options), 2):
            option = word(options[at])
            if at + 1 == len(options) or option not in ("id", "type", "addr", "laddr", "user", "skipme", "maxage"):
                raise CommandError(SYNTAX_ERROR)
            getattr(self, f"read_{option}")(options[at + 1])

    @property
    def filters(self):
        return self.chosen.values()

    def read_id(self, value: bytes) -> None:
        error = "ERR client-id should be greater than 0"
        number = integer(value, error)
        if number < 1:
            raise CommandError(error)
        self.chosen["id"] = lambda client: client.id == number

    def read_type(self, value: bytes) -> None:
        kind = client_type(value)
        self.chosen["type"] = lambda client: client.output_class == kind

    def read_addr(self, value: bytes) -> None:
        self.chosen["addr"] = lambda client: client.address == shown(value)

    def read_laddr(self, value: bytes) -> None:
        self.chosen["laddr"] = lambda client: client.local_address == shown(value)

    def read_user(self, value: bytes) -> None:
        if value not in self.users:
            raise CommandError(f"ERR No such user '{shown(value)}'")
        self.chosen["user"] = lambda client: client.user_name == value

    def read_skipme(self, value: bytes) -> None:
        self.skip_me = one_of(value, "yes", "no") == "yes"

    def read_maxage(self, value: bytes) -> None:
        seconds = integer(value, "ERR maxage is not an integer or out of range")
        if seconds <= 0:
            raise CommandError("ERR maxage should be greater than 0")
        self.chosen["maxage"] = lambda client: (self.now_ms - client.created_ms) // 1000 >= seconds


# The longest that the clock can count, in milliseconds.
LATEST = (1 << 63) - 1


def client_pause(client, args):
    if len(args) > 4:
        raise wrong_subcommand(args)
    mode = word(args[3]) if len(args) == 4 else "all"
    if mode not in ("all", "write"):
        raise CommandError("ERR CLIENT PAUSE mode must be WRITE or ALL")
    client.host.pause(_end_of(client, args[2]), mode == "all")
    return OK


def _end_of(client, timeout: bytes) -> int:
    milliseconds = integer(timeout, "ERR timeout is not an integer or out of range")
    if milliseconds < 0:
        raise CommandError("ERR timeout is negative")
    if milliseconds > LATEST - client.core.now_ms:
        raise CommandError("ERR timeout is out of range")
    return client.core.now_ms + milliseconds


def client_unpause(client, args):
    client.host.unpause()
    return OK


def client_unblock(client, args):
    if len(args) > 4:
        raise wrong_subcommand(args)
    if len(args) == 4 and word(args[3]) not in ("timeout", "error"):
        raise CommandError(UNBLOCK_REASON)
    other = client.host.clients.get(integer(args[2]))
    return int(other is not None and other.end_wait(len(args) == 4 and word(args[3]) == "error"))


HANDLERS = {
    "client_getname": client_getname,
    "client_help": lambda client, args: help_lines("client", args[0]),
    "client_id": client_id,
    "client_info": client_info,
    "client_kill": client_kill,
    "client_list": client_list,
    "client_no_evict": client_no_evict,
    "client_no_touch": client_no_touch,
    "client_pause": client_pause,
    "client_reply": client_reply,
    "client_setinfo": client_setinfo,
    "client_setname": client_setname,
    "client_unblock": client_unblock,
    "client_unpause": client_unpause,
}
