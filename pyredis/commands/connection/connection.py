"""The connection commands that are handled in Python: AUTH, HELLO, RESET."""

from pyredis._version import REDIS_VERSION
from pyredis.call.handlers import CommandError
from pyredis.commands.connection.client_command import check_name
from pyredis.commands.parse import SYNTAX_ERROR, integer, shown, word
from pyredis.replies import OK, Status

NO_PASSWORD = (
    "ERR AUTH <password> called without any password configured for the default user. "
    "Are you sure your configuration is correct?"
)
NOT_AUTHENTICATED = (
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> "
    "option can be used to authenticate the client and select the RESP protocol version at the same time"
)
BAD_VERSION = "ERR Protocol version is not an integer or out of range"


def auth(client, args):
    if len(args) > 3:
        raise CommandError(SYNTAX_ERROR)
    users = client.host.users
    if len(args) == 2 and users.needs_no_password:
        raise CommandError(NO_PASSWORD)
    users.authenticate(client, args[1] if len(args) == 3 else b"default", args[-1], args[0])
    return OK


def hello(client, args):
    protocol, login, name = _hello_arguments(args)
    if login:
        client.host.users.authenticate(client, *login, args[0])
    if not client.authenticated:
        raise CommandError(NOT_AUTHENTICATED)
    if name is not None:
        client.name = name
    if protocol:
        client.protocol = protocol
    return {
        b"server": b"redis",
        b"version": REDIS_VERSION.encode(),
        b"proto": client.protocol,
        b"id": client.id,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }


def _hello_arguments(args):
    """Returns the protocol version (0: unchanged), the user and password, and the name; None for the last two if they
    are not given."""
    login = name = None
    protocol = integer(args[1], BAD_VERSION) if len(args) > 1 else 0
    if len(args) > 1 and protocol not in (2, 3):
        raise CommandError("NOPROTO unsupported protocol version")
    rest = args[2:]
    while rest:
        option = word(rest[0])
        if option == "auth" and len(rest) > 2:
            login, rest = (rest[1], rest[2]), rest[3:]
        elif option == "setname" and len(rest) > 1:
            name, rest = check_name(rest[1]), rest[2:]
        else:
            raise CommandError(f"ERR Syntax error in HELLO option '{shown(rest[0])}'")
    return protocol, login, name


def reset(client, args):
    client.reset()
    client.host.users.welcome(client)
    return Status(b"RESET")


HANDLERS = {
    "auth": auth,
    "hello": hello,
    "reset": reset,
}
