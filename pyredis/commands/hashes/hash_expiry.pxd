"""The expiry of hash fields as commands name it: arguments, and what is done to one field. For the hash commands alone.

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

# ``FIELDS numfields field …`` from argument `at` to the last one; `first` is the first field's index. An error where
# the number is none: `bad_number`, or NULL for what most commands say. These two return False after any error.
cdef bint parse_fields(Call *call, int at, const char *bad_number, int *first) noexcept nogil
# Argument `index` in `unit`, counted from `base`.
cdef bint parse_field_expiry(Call *call, int index, int64_t unit, int64_t base, int64_t *expiry) noexcept nogil

# Gives the field an expiry on condition (an ExpiryCondition, 0 for none), or deletes it where the moment has passed.
cdef FieldVerdict expire_field(HashAccess *access, Slice field, int condition, int64_t expiry) noexcept nogil
cdef FieldVerdict persist_field(HashAccess *access, Slice field) noexcept nogil
