"""Changes the title of this process, which ``ps`` and other tools show; only on Linux."""

from libc.stdint cimport uintptr_t

cdef extern from "process_title.h" nogil:
    bint title_set(uintptr_t begin, uintptr_t end, const char *title, size_t size, const char *name)

# Places in /proc/self/stat, counted from the field that follows the name of the program.
cdef enum:
    ARGUMENTS_BEGIN = 45
    ARGUMENTS_END = 46
    ENVIRONMENT_BEGIN = 47
    ENVIRONMENT_END = 48

STAT = "/proc/self/stat"

# Where the title is written, once it is known; (0, 0) if there is no such place.
_place = None


def find_place(bytes stat):
    """Returns the first address of the arguments and the end of the environment, or (0, 0), from ``/proc/self/stat``.

    Without the environment the room ends with the arguments.
    """
    # The name of the program may contain blanks and parentheses.
    fields = stat.rpartition(b")")[2].split()
    if len(fields) <= ENVIRONMENT_END:
        return 0, 0
    begin, end, follows, last = [int(fields[at]) for at in range(ARGUMENTS_BEGIN, ENVIRONMENT_END + 1)]
    if not 0 < begin < end:
        return 0, 0
    return begin, last if follows == end and last > end else end


def set_title(str title, str name):
    """Gives the process a title, and tools that show no title the name, at most 15 bytes; returns whether it could."""
    global _place
    cdef bytes text = title.encode("utf-8", "surrogateescape")
    cdef bytes short = name.encode()
    if _place is None:
        _place = read_place()
    begin, end = _place
    return begin != 0 and title_set(begin, end, text, len(text), short)


def read_place():
    """Returns `find_place` for this process."""
    try:
        with open(STAT, "rb") as file:
            return find_place(file.read())
    except OSError:
        return 0, 0
