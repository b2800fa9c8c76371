"""The process's score for the kernel's out-of-memory killer (``oom-score-adj``), on Linux.

The score that the process had before the first change is kept: ``yes`` adds a value to it, and ``no`` restores it.
"""

from pyredis.ground.server_log import Log

PATH = "/proc/self/oom_score_adj"
LIMIT = 1000


class OomScore:
    """Sets the score. ``path`` is the kernel's file for it."""

    def __init__(self, log: Log, path: str = PATH) -> None:
        self.log = log
        self.path = path
        self.base: int | None = None

    def adjust(self, mode: str, value: int) -> bool:
        """Applies ``oom-score-adj`` with one of its values; False, with the reason in the log, if it cannot."""
        if mode == "no" and self.base is None:
            return True
        try:
            self._adjust(mode, value)
        except OSError as error:
            self.log.warning(f"Unable to write oom_score_adj: {error.strerror}")
            return False
        return True

    def _adjust(self, mode: str, value: int) -> None:
        if mode == "no":
            value, self.base = self.base or 0, None
        else:
            if self.base is None:
                self.base = self._read()
            value += self.base if mode == "yes" else 0
        with open(self.path, "w", encoding="ascii") as file:
            file.write(f"{max(-LIMIT, min(value, LIMIT))}\n")

    def _read(self) -> int:
        with open(self.path, encoding="ascii") as file:
            return int(file.read())
