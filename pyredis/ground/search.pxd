"""Binary search. It is inlined together with the comparison that it is given, which costs no call."""

# Whether the item at `index` comes before what is sought; `context` has both.
ctypedef bint (*Before)(const void *context, size_t index) noexcept nogil


cdef inline size_t first_not_before(size_t low, size_t high, Before is_before, const void *context) noexcept nogil:
    """The first index from ``low`` on whose item does not come before what is sought; ``high`` when all do."""
    cdef size_t middle
    while low < high:
        middle = (low + high) >> 1
        if is_before(context, middle):
            low = middle + 1
        else:
            high = middle
    return low
