"""CONFIG: passes requests on to ``pyredis.config``."""

from pyredis.call.handlers import CommandError
from pyredis.commands.help import help_lines
from pyredis.commands.parse import SYNTAX_ERROR
from pyredis.config import ConfigRefused
from pyredis.config.syntax import to_bytes, to_text
from pyredis.ground.addresses import is_local
from pyredis.replies import OK


def config_get(client, args):
    found = client.host.config.matching(map(to_text, args[2:]))
    return {to_bytes(name): to_bytes(value) for name, value in found.items()}


def config_set(client, args):
    words = [to_text(argument) for argument in args[2:]]
    if len(words) % 2:
        raise CommandError(SYNTAX_ERROR)
    pairs = zip(words[::2], words[1::2], strict=True)
    with _Refusals():
        client.host.config.set(pairs, local=is_local(client), loading=client.core.loading)
    return OK


def config_rewrite(client, args):
    with _Refusals():
        client.host.config.rewrite()
    client.host.log.notice("CONFIG REWRITE executed with success.")
    return OK


def config_resetstat(client, args):
    client.host.reset_statistics()
    return OK


class _Refusals:
    """Turns a refusal by the configuration into an error reply."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, ConfigRefused):
            raise CommandError(str(error)) from None


HANDLERS = {
    "config_get": config_get,
    "config_help": lambda client, args: help_lines("config", args[0]),
    "config_resetstat": config_resetstat,
    "config_rewrite": config_rewrite,
    "config_set": config_set,
}
