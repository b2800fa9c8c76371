"""Patterns as SORT has them after BY and GET: the name of a key, made from an element, and perhaps of a field in it.

``weight_*`` is the string at the key that has the element in place of the first ``*``; ``info_*->age`` is the field
``age`` of the hash at such a key; ``#`` is the element itself. Without a ``*`` there is nothing to be looked up.
"""

from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice
from pyredis.types.hash.hash cimport HashEntry

cdef enum PatternKind:
    PATTERN_CONSTANT = 0
    PATTERN_ELEMENT = 1     # "#"
    PATTERN_STRING = 2
    PATTERN_FIELD = 3

ctypedef struct Pattern:
    PatternKind kind
    Slice before            # the element
    Slice behind
    Slice field

# Lookups on behalf of a request: a key of their own in place of its arguments.
ctypedef struct PatternLookup:
    Call call
    Slice key
    char *room              # for the key
    size_t room_size
    HashEntry field
    char digits[24]

cdef Pattern pattern_of(Slice text) noexcept nogil
cdef bint pattern_is_constant(Slice text) noexcept nogil
cdef void lookup_begin(PatternLookup *lookup, const Call *call) noexcept nogil
cdef void lookup_end(PatternLookup *lookup) noexcept nogil
# False where there is nothing of the right type. `value` is good until the next lookup.
cdef bint lookup_pattern(PatternLookup *lookup, const Pattern *pattern, Slice element, Slice *value) noexcept nogil
