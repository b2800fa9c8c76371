"""The report that a native crash writes to the server's log (``crash-log-enabled``)."""

from pyredis._core import Core

def install(core: Core, log_path: bytes, facts: bytes) -> bool:
    """Reports crashes of this process from now on, to the log at this path; an empty one is standard output.

    ``facts`` are the first lines of the report's INFO, each with a newline at its end. Call it in the main thread.
    """

def remove() -> None:
    """Reports no crashes any more; the signals have the actions that they had before."""

def hide_keys(hidden: bool) -> None:
    """Whether the report leaves keys out."""
