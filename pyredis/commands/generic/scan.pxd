"""The parts that SCAN and the scanning commands of the types share: the cursor, the options, the shape of the reply."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Replied, Reply
from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice

ctypedef struct ScanOptions:
    uint64_t cursor
    int64_t count           # at least 1; 10 by default
    Slice pattern           # meaningless where `everything`
    bint everything         # no pattern, or one that takes all
    Slice type              # SCAN alone; data NULL where not given
    bint values             # HSCAN alone; False where it was told NOVALUES

cdef enum:
    # Buckets that are looked at for each element asked for, so that a sparse table does not hold up everybody.
    BUCKETS_PER_ELEMENT = 10


cdef inline bint scan_is_done(
        const ScanOptions *options, uint64_t cursor, int64_t buckets, int64_t seen) noexcept nogil:
    """Whether a call answers with ``cursor``, when so many buckets have been looked at and so many elements seen."""
    return cursor == 0 or seen >= options.count or buckets // BUCKETS_PER_ELEMENT >= options.count


# Both answer and return False where they find something wrong. The commands of the types look their key up in between:
# without it, the options go unread.
cdef bint scan_cursor(Call *call, int at, ScanOptions *options) noexcept nogil
# Reads the options from argument `at` on; `valued` where there are values that NOVALUES could leave out.
cdef bint scan_options(Call *call, int at, bint valued, ScanOptions *options) noexcept nogil
# Puts the header and the cursor before the `count` elements written since `offset` (`reply_open`).
cdef Replied scan_close(Reply *reply, size_t offset, uint64_t cursor, size_t count) noexcept nogil
