"""The directives that concern the entire process: its title, its out-of-memory score, and the report of a crash.

The command ``pyredis-server`` follows them. A server in another program leaves the process as it is.
"""

import os
import sys
from typing import TYPE_CHECKING

from pyredis._version import REDIS_VERSION, VERSION
from pyredis.config.config_errors import ConfigRejected
from pyredis.config.syntax import to_bytes
from pyredis.host import crash
from pyredis.host.oom_score import OomScore
from pyredis.host.process_title import set_title

if TYPE_CHECKING:
    from pyredis.config import Config
    from pyredis.persistence.server_parts import ServerParts

# Also the name of the process, which has at most 15 bytes.
TITLE = "pyredis-server"
OOM_REFUSED = "Failed to set current oom_score_adj. Check server logs."


def follow_process(server: "ServerParts") -> None:
    """Applies the directives to this process, now and after every CONFIG SET."""
    _follow_title(server.config)
    _follow_oom_score(server)
    _follow_crashes(server)


# ---- the title ----


def title(config: "Config") -> str:
    """Returns the title by ``proc-title-template``."""
    port, path = config["port"], config["unixsocket"]
    fields = {
        "title": TITLE,
        "listen-addr": f"{next(iter(config['bind']), '*')}:{port}" if port else path,
        "server-mode": "",
        "port": str(port),
        "tls-port": str(config["tls-port"]),
        "unixsocket": path,
        "config-file": config.path or "",
    }
    text = config["proc-title-template"]
    for name, value in fields.items():
        text = text.replace(f"{{{name}}}", value)
    return text.strip(" ")


def _follow_title(config: "Config") -> None:
    if not config["set-proc-title"]:
        return

    def change(_: object) -> None:
        set_title(title(config), TITLE)

    change(None)
    for name in ("proc-title-template", "port", "bind"):
        config.on_change(name, change)


# ---- the out-of-memory score ----


def _follow_oom_score(server: "ServerParts") -> None:
    config = server.config
    score = OomScore(server.log)

    def change(_: object) -> None:
        if not score.adjust(config["oom-score-adj"], config["oom-score-adj-values"][0]):
            raise ConfigRejected(OOM_REFUSED)

    score.adjust(config["oom-score-adj"], config["oom-score-adj-values"][0])
    for name in ("oom-score-adj", "oom-score-adj-values"):
        config.on_change(name, change)


# ---- crashes ----


def facts(server: "ServerParts") -> str:
    """Returns the lines of a crash report that do not change while the server runs."""
    system = os.uname()
    lines = {
        "redis_version": REDIS_VERSION,
        "pyredis_version": VERSION,
        "python_version": sys.version.split()[0],
        "os": f"{system.sysname} {system.release} {system.machine}",
        "process_id": os.getpid(),
        "run_id": server.run_id,
        "executable": os.path.abspath(sys.argv[0]),
        "config_file": server.config.path or "",
    }
    return "".join(f"{name}:{value}\n" for name, value in lines.items())


def _follow_crashes(server: "ServerParts") -> None:
    config = server.config

    def change(wanted: bool) -> None:
        if wanted:
            crash.install(server.core, os.fsencode(server.log.path), to_bytes(facts(server)))
        else:
            crash.remove()

    change(config["crash-log-enabled"])
    config.on_change("crash-log-enabled", change)
    crash.hide_keys(config["hide-user-data-from-log"])
    config.on_change("hide-user-data-from-log", crash.hide_keys)
