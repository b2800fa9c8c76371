"""What the system reports about this process: resident memory, processor time, and the memory of the machine."""

import os
import resource
import sys

_PROC_PIDTASKINFO = 4


def resident_memory() -> int:
    """Returns the resident set size of this process, in bytes."""
    if sys.platform == "darwin":
        return _resident_memory_of_macos()
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _resident_memory_of_macos() -> int:
    import ctypes

    # struct proc_taskinfo: virtual size, resident size, and fields that are not used here.
    info = (ctypes.c_uint64 * 12)()
    ctypes.CDLL(None).proc_pidinfo(
        os.getpid(), _PROC_PIDTASKINFO, ctypes.c_uint64(0), ctypes.byref(info), ctypes.sizeof(info)
    )
    return info[1]


def machine_memory() -> int:
    """Returns the physical memory of this machine, in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def processor_seconds() -> dict[str, float]:
    """Returns the processor time used so far, in seconds, by the names of INFO's fields."""
    who = {"": resource.RUSAGE_SELF, "_children": resource.RUSAGE_CHILDREN}
    if hasattr(resource, "RUSAGE_THREAD"):
        who["_main_thread"] = resource.RUSAGE_THREAD
    used = {suffix: resource.getrusage(whose) for suffix, whose in who.items()}
    return {
        f"used_cpu_{kind}{suffix}": usage.ru_stime if kind == "sys" else usage.ru_utime
        for suffix, usage in used.items()
        for kind in ("sys", "user")
    }
