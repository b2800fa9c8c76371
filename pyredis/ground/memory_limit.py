"""The most memory that this process can have: the machine's, or less in a container."""

from pathlib import Path

from pyredis.ground.process_usage import machine_memory

_GROUPS = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")


def memory_limit(groups: Path = _GROUPS, root: Path = _ROOT) -> int:
    """Returns bytes: the physical memory, or the lowest limit of the process's control groups and of those above.

    ``groups`` is the file that names the control groups, and ``root`` the folder in which they are (Linux).
    """
    return min([machine_memory(), *control_group_limits(groups, root)])


def control_group_limits(groups: Path, root: Path) -> list[int]:
    found = []
    for line in _text(groups).splitlines():
        number, controllers, name = line.split(":", 2)
        if number != "0" and "memory" not in controllers.split(","):
            continue
        top, file = (root, "memory.max") if number == "0" else (root / "memory", "memory.limit_in_bytes")
        inner = top / name.lstrip("/")
        # In a container the name may be one of the host's: then only the folder at the top exists.
        texts = [_text(folder / file) for folder in (inner, *inner.parents) if folder.is_relative_to(top)]
        found += [int(text) for text in texts if text.isdecimal()]
    return found


def _text(path: Path) -> str:
    """Returns the text of a file, nothing if it cannot be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
