"""Binary search, inlined together with the comparison that is passed to it, so that comparing costs no call."""

# Whether the item at `index` sorts before the one sought; `context` has both.
ctypedef bint (*Before)(const void *context, size_t index) noexcept nogil


cdef inline size_t first_not_before(size_t low, size_t high, Before is_before, const void *context) noexcept nogil:
    """Returns the first index from ``low`` on whose item does not sort before the one sought; ``high`` if all do."""
    cdef size_t middle
    while low < high:
        middle = (low + high) >> 1
        if is_before(context, middle):
            low = middle + 1
        else:
            high = middle
    return low
