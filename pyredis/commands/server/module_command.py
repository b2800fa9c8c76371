"""MODULE: there are no modules, and none can be loaded. ``enable-module-command`` decides which clients may try."""

from pyredis.call.handlers import CommandError
from pyredis.commands.connection.access import guarded
from pyredis.commands.help import help_lines
from pyredis.config.syntax import to_text

NOT_ALLOWED = (
    'ERR MODULE command not allowed. If the enable-module-command option is set to "local", you can run it from a '
    "local connection, otherwise you need to set this option in the configuration file, and then restart the server."
)
CANNOT_LOAD = "ERR Error loading the extension. Please check the server logs."
NO_SUCH_MODULE = "ERR Error unloading module: no such module with that name"


def module_list(client, args):
    return []


@guarded("enable-module-command", NOT_ALLOWED)
def module_load(client, args):
    client.host.log.warning(f"Module {to_text(args[2])} failed to load: this server has no modules.")
    raise CommandError(CANNOT_LOAD)


@guarded("enable-module-command", NOT_ALLOWED)
def module_unload(client, args):
    raise CommandError(NO_SUCH_MODULE)


HANDLERS = {
    "module_help": lambda client, args: help_lines("module", args[0]),
    "module_list": module_list,
    "module_load": module_load,
    "module_loadex": module_load,
    "module_unload": module_unload,
}
