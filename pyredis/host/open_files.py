"""The limit of open files, which bounds the number of clients."""

import resource

from pyredis.ground.server_log import Log

# Descriptors that a server needs in addition to its clients': listeners, event loop, log, append-only files.
RESERVED = 32
STEP = 16


class TooFewFiles(Exception):
    """The limit leaves no room for any client; the text says what to do."""


def allowed_clients(wanted: int, log: Log) -> int:
    """Raises the limit as far as ``wanted`` clients need; returns how many it then allows, at most ``wanted``."""
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
    """Raises the limit; returns the limit in force, and the reason if it is lower than needed."""
    reason = _try_limit(needed)
    if not reason:
        return needed, ""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        return (hard if not _try_limit(hard) else soft), reason
    # The system has a limit of its own below the hard one (macOS): find the largest that it accepts.
    best = needed
    while best - STEP > soft:
        best -= STEP
        if not _try_limit(best):
            return best, reason
    return soft, reason


def _try_limit(limit: int) -> str:
    """Sets the limit; returns the reason if that fails, otherwise an empty string."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard if 0 <= limit <= hard or hard < 0 else limit))
    except (ValueError, OSError) as error:
        return getattr(error, "strerror", None) or "Operation not permitted"
    return ""
