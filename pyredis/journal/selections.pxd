"""Which database the bytes of a log are for: the position and the database of each SELECT, in order.

Only the stream from some position on matters; of the selections before it, only the last is kept. Queries are made only
at the bounds of units, so the position recorded for a SELECT may be a little earlier in its unit than the real one.
"""

from libc.stdint cimport uint64_t
from libc.stdio cimport snprintf
from libc.stdlib cimport free
from libc.string cimport memcpy, memmove

from pyredis.journal.ring cimport ring_allocate

cdef enum:
    SELECT_SIZE = 64        # bytes; no SELECT is longer

cdef struct Selection:
    uint64_t position       # of the first byte after the SELECT, or a little earlier in its unit
    int database

cdef struct Selections:
    Selection *items
    size_t count
    size_t room


cdef inline size_t selections_until(const Selections *selections, uint64_t position) noexcept nogil:
    """Returns the number of selections at or before `position`."""
    cdef size_t count = 0
    while count < selections.count and selections.items[count].position <= position:
        count += 1
    return count


cdef inline void selections_forget(Selections *selections, uint64_t start) noexcept nogil:
    """Removes selections before `start`, except for the last, which is still in force there."""
    cdef size_t past = selections_until(selections, start)
    if past > 1:
        selections.count -= past - 1
        memmove(selections.items, selections.items + past - 1, selections.count * sizeof(Selection))


cdef inline void selections_widen(Selections *selections) noexcept nogil:
    cdef size_t room = selections.room * 2 + 8
    cdef Selection *items = <Selection *>ring_allocate(room * sizeof(Selection))
    if selections.count:
        memcpy(items, selections.items, selections.count * sizeof(Selection))
    free(selections.items)
    selections.items = items
    selections.room = room


cdef inline void selections_add(
    Selections *selections, uint64_t position, int database, uint64_t start
) noexcept nogil:
    """Adds the newest selection. `start` is where the stream begins to matter; it is used only now and then."""
    if selections.count == selections.room:
        selections_forget(selections, start)
        # At least half must be free, or this would be repeated too often.
        if selections.count * 2 >= selections.room:
            selections_widen(selections)
    selections.items[selections.count].position = position
    selections.items[selections.count].database = database
    selections.count += 1


cdef inline void selections_cut(Selections *selections, uint64_t end) noexcept nogil:
    """Removes the selections after `end`."""
    while selections.count > 0 and selections.items[selections.count - 1].position > end:
        selections.count -= 1


cdef inline size_t format_select(char *out, int database) noexcept nogil:
    """Writes a SELECT to `out`, of SELECT_SIZE bytes; returns its size."""
    cdef char digits[16]
    cdef int size = snprintf(digits, sizeof(digits), "%d", database)
    return <size_t> snprintf(out, SELECT_SIZE, "*2\r\n$6\r\nSELECT\r\n$%d\r\n%s\r\n", size, digits)


cdef inline size_t selections_command(const Selections *selections, uint64_t position, char *out) noexcept nogil:
    """Writes the SELECT in force at `position` to `out`, of SELECT_SIZE bytes. Returns its size, 0 if there is none."""
    cdef size_t until = selections_until(selections, position)
    return format_select(out, selections.items[until - 1].database) if until else 0
