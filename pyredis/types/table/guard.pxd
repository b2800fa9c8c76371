"""What a large value's changes pass while a snapshot saves the value in pieces.

A type whose large form may be saved in pieces has a ``Guard *`` in it, NULL but for that time, and asks it in the few
functions through which every part comes, changes or goes, before anything has changed:

    if is_guarded(value.guard):
        value.guard.before(value.guard, name, hash, part)

What hangs there may write the part or set it aside by its name, until the value's turn comes
(``persistence/saving/encoder.pxd``); the part is valid during the call only, so it is copied for that. It may not
change the value.

A copy of the value has no guard. A value that is released has none: its owner takes care of that.
"""

from libc.stdint cimport uint64_t

from pyredis.ground.base cimport Slice, unlikely

cdef struct Guard:
    # `part` is as it stands in the value, still whole; NULL for one that is about to come. In a table, `name` is its
    # key and `hash` that key's hash; other types leave them empty.
    void (*before)(Guard *guard, Slice name, uint64_t hash, void *part) noexcept nogil


cdef inline bint is_guarded(const Guard *guard) noexcept nogil:
    return unlikely(guard != NULL)
