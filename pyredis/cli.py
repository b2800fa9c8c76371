"""The command ``pyredis-server``: its arguments, the checks before a start, and the start itself.

``pyredis-server [redis.conf] [--directive value ...] [-]`` as in Redis, and a few options of its own.
"""

import gc
import os
import signal
import sys
from collections.abc import Sequence

from pyredis._version import REDIS_VERSION, VERSION
from pyredis.config import Config, ConfigError
from pyredis.config.config_errors import ConfigUnreadable
from pyredis.config.directives import DIRECTIVES
from pyredis.config.syntax import split_options
from pyredis.ground.server_log import Log
from pyredis.host.process import DEFAULT_PIDFILE, PidFile, Supervisor, daemonize
from pyredis.host.stand_ins import standing_in

BITS = 64 if sys.maxsize > 2**32 else 32
LOOPS = ("uvloop", "asyncio")

HELP = """\
Usage: pyredis-server [redis.conf] [options] [-]

  redis.conf              read this configuration file first
  --DIRECTIVE VALUE ...   set a directive, like a line of the file
  -                       as the last argument: read more directives from standard input

  --check-config          validate the configuration, print it and exit
  --make-test-certs DIR   make certificates for development and exit: an authority, a server's, a client's
  --loop NAME             event loop: uvloop (the default if it is installed) or asyncio
  -v, --version           print the version and exit
  -h, --help              print this help and exit

Examples:
  pyredis-server
  pyredis-server /etc/redis/redis.conf --loglevel verbose
  pyredis-server --port 7777 --appendonly no --save ''
  echo 'maxclients 500' | pyredis-server --port 7777 -
"""


class UsageError(Exception):
    """One of the command's own options is invalid; ``str`` says why."""


def version() -> str:
    """Returns the version line that tools parse, with both servers' versions."""
    import zlib

    build = zlib.crc32(f"{VERSION} {REDIS_VERSION}".encode())
    return (
        f"Redis server v={REDIS_VERSION} sha=00000000:0 malloc=libc bits={BITS} build={build:x} "
        f"pyredis-server={VERSION} python={sys.version.split()[0]}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] in (["-v"], ["--version"]):
        print(version())
        return 0
    if arguments[:1] in (["-h"], ["--help"]):
        print(HELP, end="")
        return 0
    try:
        if arguments[:1] == ["--make-test-certs"]:
            return make_certificates(arguments[1:])
        return run(arguments)
    except UsageError as error:
        print(f"pyredis-server: {error}", file=sys.stderr)
    except ConfigUnreadable as error:
        Log().warning(str(error))
    except ConfigError as error:
        print(error, file=sys.stderr)
    return 1


def make_certificates(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not arguments[0]:
        raise UsageError("--make-test-certs takes the name of a folder, and no other arguments")
    from pathlib import Path

    from pyredis.host.development_certificates import CertificatesError, make_test_certificates

    try:
        for path in make_test_certificates(Path(arguments[0])):
            print(path)
    except CertificatesError as error:
        raise UsageError(str(error)) from None
    return 0


def run(arguments: list[str]) -> int:
    # Imports leave no garbage worth collecting.
    gc.disable()
    path = arguments.pop(0) if arguments and not arguments[0].startswith("-") else None
    check, loop, directives = own_options(arguments)
    config = Config.load(path, directives)
    check_renames(config)
    if check:
        print("\n".join(described(config)))
        return 0
    return start(config, choose_loop(loop), given=bool(path or directives))


def check_renames(config: Config) -> None:
    """Raises `ConfigError` now, as for any other line, if a line ``rename-command`` cannot be followed."""
    if config.renames:
        from pyredis.commands.table.outline import outline
        from pyredis.commands.table.outline_rows import LINES
        from pyredis.commands.table.renaming import new_names

        new_names(config.renames, outline(LINES))


def own_options(arguments: Sequence[str]) -> tuple[bool, str, list[str]]:
    """Separates the command's own options: whether only to check, the loop's name, and the remaining arguments."""
    check, loop, left = False, "", list[str]()
    # A single - at the end is not the value of an option.
    dash = ["-"] if arguments and arguments[-1] == "-" else []
    for name, *values in split_options(arguments[: len(arguments) - len(dash)], bare=("--check-config",)):
        if name == "--check-config" and not values:
            check = True
        elif name == "--loop" and len(values) == 1 and values[0] in LOOPS:
            loop = values[0]
        elif name in ("--check-config", "--loop"):
            wants = "one of " + ", ".join(LOOPS) if name == "--loop" else "no value"
            raise UsageError(f"{name} takes {wants}")
        else:
            left += [name, *values]
    return check, loop, left + dash


def choose_loop(name: str) -> str:
    """Imports the requested loop, or uvloop if it is installed, and returns its name."""
    with standing_in():
        import asyncio  # noqa: F401
        import pathlib  # noqa: F401

        if name != "asyncio":
            try:
                import uvloop  # noqa: F401
            except ImportError:
                if name:
                    raise UsageError("uvloop is not installed; --loop asyncio does not need it") from None
                return "asyncio"
    return name or "uvloop"


def described(config: Config) -> list[str]:
    """Returns the configuration in force as lines of a file, passwords hidden, then the directives without effect."""
    lines: list[str] = []
    for name, directive in DIRECTIVES.items():
        if "hidden" in directive.flags:
            continue
        contents = directive.kind.lines(config[name]) or ['""']
        if "sensitive" in directive.flags and config[name]:
            contents = ['"(hidden)"']
        lines += [f"{name} {content}" for content in contents]
    return lines + [f"# {warning}" for warning in warnings(config)]


def warnings(config: Config) -> list[str]:
    return [f"'{entry.name}' is accepted without effect. {entry.effect}" for entry in config.ignored()]


def start(config: Config, loop: str, given: bool) -> int:
    """Sets up the process as the configuration says, and serves."""
    log = Log.of(config)
    config.warn = log.warning
    supervisor = Supervisor(config["supervised"], log)
    background = config["daemonize"] and not supervisor.present
    if background:
        sys.stdout.flush()
        daemonize()
    greet(config, log, given)
    supervisor.starting()
    path = config["pidfile"] or (DEFAULT_PIDFILE if background else "")
    with PidFile(path and config.path_below(path), log):
        return serve(config, log, loop)


def greet(config: Config, log: Log, given: bool) -> None:
    log.notice(f"pyredis-server {VERSION} is starting, answering as Redis {REDIS_VERSION}")
    log.notice(f"Redis version={REDIS_VERSION}, bits={BITS}, pyredis={VERSION}, pid={os.getpid()}, just started")
    if given:
        log.notice("Configuration loaded")
    else:
        log.warning(
            "Warning: no config file specified, using the default config. "
            "In order to specify a config file use pyredis-server /path/to/redis.conf"
        )
    for warning in warnings(config):
        log.warning(warning)


def serve(config: Config, log: Log, loop: str) -> int:
    # Imported here because --version and --check-config need none of the native modules.
    from pyredis.server import Server

    server = Server(config, log)
    # All objects made so far live until the end, so the collector need never examine them.
    gc.freeze()
    gc.enable()
    # Otherwise asyncio installs a handler of its own until the server's replaces it. To replace one, ``signal`` makes a
    # string of it, which contains the source of a task's callbacks.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return server.run(loop=loop)
