"""How many files the process may have open, which bounds how many clients it can have."""

import resource

from pyredis.ground.server_log import Log

# What a server needs beside its clients: listeners, the event loop, the log, the append-only files.
RESERVED = 32
STEP = 16


class TooFewFiles(Exception):
    """The limit leaves no room for any client; the text tells the operator what to do."""


def allowed_clients(wanted: int, log: Log) -> int:
    """Raises the limit as far as ``wanted`` clients need it; returns how many it then allows, at most ``wanted``."""
    needed = wanted + RESERVED
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    reached, reason = _raise_limit(soft, needed)
    if reached >= needed:
        log.notice(f"Increased maximum number of open files to {needed} (it was originally set to {soft}).")
        return wanted
    if reached <= RESERVED:
        raise TooFewFiles(
            f"Your current 'ulimit -n' of {soft} is not enough for the server to start. "
            f"Please increase your open file limit to at least {needed}. Exiting."
        )
    clients = reached - RESERVED
    log.warning(f"You requested maxclients of {wanted} requiring at least {needed} max file descriptors.")
    log.warning(f"Server can't set maximum open files to {needed} because of OS error: {reason}.")
    log.warning(
        f"Current maximum open files is {reached}. maxclients has been reduced to {clients} to compensate for low "
        "ulimit. If you need higher maxclients increase 'ulimit -n'."
    )
    return clients


def _raise_limit(soft: int, needed: int) -> tuple[int, str]:
    """The limit in force afterwards, and why it is not what is needed."""
    reason = _try_limit(needed)
    if not reason:
        return needed, ""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        return (hard if not _try_limit(hard) else soft), reason
    # The system has a limit of its own below the hard one (macOS): the largest that it takes.
    best = needed
    while best - STEP > soft:
        best -= STEP
        if not _try_limit(best):
            return best, reason
    return soft, reason


def _try_limit(limit: int) -> str:
    """Why the limit cannot be set; empty when it now is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard if 0 <= limit <= hard or hard < 0 else limit))
    except (ValueError, OSError) as error:
        return getattr(error, "strerror", None) or "Operation not permitted"
    return ""
