"""The patterns after BY and GET of SORT: the name of a key, built from an element, and optionally of a field in it.

``weight_*`` is the string at the key whose name has the element in place of the first ``*``; ``info_*->age`` is the
field ``age`` of the hash at such a key; ``#`` is the element itself. Without a ``*`` nothing is looked up.
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
    Slice before            # the text before the element
    Slice behind            # the text after it
    Slice field

# Lookups on behalf of a request: a copy of its call in which the looked-up key takes the place of the arguments.
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
# Returns False if the key or the field does not exist or the type is wrong. `value` is valid until the next lookup.
cdef bint lookup_pattern(PatternLookup *lookup, const Pattern *pattern, Slice element, Slice *value) noexcept nogil
