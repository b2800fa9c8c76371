"""The hook that sees every change of a large value while a snapshot saves the value in pieces.

A type whose large form can be saved in pieces contains a ``Guard *``, which is NULL except during such a save. All
insertions, changes and removals of parts go through a few functions of the type. Before these change or free a part,
they notify the guard:

    if is_guarded(value.guard):
        value.guard.before(value.guard, name, hash, part)

The function may write the part, or set a copy of it aside by name until the walk reaches the value
(``persistence/saving/encoder.pxd``). The part is valid during the call only. The function must not change the value.

A copy of a value has no guard. The owner of a value removes the guard before it releases the value.
"""

from libc.stdint cimport uint64_t

from pyredis.ground.base cimport Slice, unlikely

cdef struct Guard:
    # `part` points to the part in the value, before the change; NULL if the part is about to be added. In a table,
    # `name` is the part's key and `hash` that key's hash; other types pass an empty name and 0.
    void (*before)(Guard *guard, Slice name, uint64_t hash, void *part) noexcept nogil


cdef inline bint is_guarded(const Guard *guard) noexcept nogil:
    return unlikely(guard != NULL)
