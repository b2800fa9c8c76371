"""The expiry of hash fields: parsing of arguments, and changes of one field. For the hash commands only.

Moments are Unix times in ms.
"""

from libc.stdint cimport int64_t

from pyredis.call.call cimport Call
from pyredis.commands.hashes.hash_access cimport HashAccess
from pyredis.ground.base cimport Slice

cdef enum FieldVerdict:
    NO_FIELD = -2
    NO_EXPIRY = -1
    UNMET = 0
    DONE = 1
    DELETED = 2

cdef enum:
    SECONDS = 1000
    MILLISECONDS = 1

# Both functions return False after replying with an error.
# Parses ``FIELDS numfields field …`` from argument `at` to the last one; `first` is the index of the first field.
# `bad_number` is the error for an invalid `numfields`, NULL for the error of most commands.
cdef bint parse_fields(Call *call, int at, const char *bad_number, int *first) noexcept nogil
# Parses argument `index`, a number of `unit` ms after `base`.
cdef bint parse_field_expiry(Call *call, int index, int64_t unit, int64_t base, int64_t *expiry) noexcept nogil

# Sets the field's expiry if `condition` (an ExpiryCondition, 0 for none) is met; deletes the field if the moment has
# passed.
cdef FieldVerdict expire_field(HashAccess *access, Slice field, int condition, int64_t expiry) noexcept nogil
cdef FieldVerdict persist_field(HashAccess *access, Slice field) noexcept nogil
