"""The conditions NX, XX, GT and LT of the commands that set the expiry of a key or of a hash field."""

from libc.stdint cimport int64_t

from pyredis.ground.base cimport Slice, equals_nocase

cdef enum ExpiryCondition:
    ONLY_WITHOUT = 1        # NX
    ONLY_WITH = 2           # XX
    ONLY_LATER = 4          # GT
    ONLY_EARLIER = 8        # LT


cdef inline int expiry_condition(Slice word) noexcept nogil:
    """Returns an ExpiryCondition; 0 for any other word."""
    if equals_nocase(word, "nx"):
        return ONLY_WITHOUT
    if equals_nocase(word, "xx"):
        return ONLY_WITH
    if equals_nocase(word, "gt"):
        return ONLY_LATER
    return ONLY_EARLIER if equals_nocase(word, "lt") else 0


cdef inline bint expiry_is_met(int conditions, int64_t current, int64_t moment) noexcept nogil:
    """Returns whether an expiry may change from ``current`` to ``moment``; a ``current`` of -1 is no expiry, which
    counts as later than any other."""
    if conditions & ONLY_WITHOUT and current >= 0:
        return False
    if conditions & ONLY_WITH and current < 0:
        return False
    if conditions & ONLY_LATER and (current < 0 or moment <= current):
        return False
    return not (conditions & ONLY_EARLIER and current >= 0 and moment >= current)
