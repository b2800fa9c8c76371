"""The parts that SCAN and the scanning commands of the types share: the cursor, the options, the shape of the reply."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Replied
from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice
from pyredis.ground.glob cimport glob_match
from pyredis.keyspace.keyspace cimport ValueKind

ctypedef struct ScanOptions:
    uint64_t cursor
    int64_t count           # at least 1; 10 by default
    Slice pattern           # meaningless where `everything`
    bint everything         # no pattern, or one that takes all
    Slice type              # SCAN alone; data NULL where not given
    bint values             # HSCAN alone; False where it was told NOVALUES

# A scan of a value's parts, which is the context of the type's visitors.
ctypedef struct PartScan:
    Call *call
    void *value
    ScanOptions options
    int64_t visited
    size_t written          # parts

# Goes on from `cursor`: a step of the type's own scan.
ctypedef uint64_t (*ScanStep)(PartScan *scan, uint64_t cursor) noexcept nogil

cdef enum:
    # Buckets that are looked at for each element asked for, so that a sparse table does not hold up everybody.
    BUCKETS_PER_ELEMENT = 10


cdef inline bint scan_is_done(
        const ScanOptions *options, uint64_t cursor, int64_t buckets, int64_t seen) noexcept nogil:
    """Whether a call answers with ``cursor``, when so many buckets have been looked at and so many elements seen."""
    return cursor == 0 or seen >= options.count or buckets // BUCKETS_PER_ELEMENT >= options.count


cdef inline bint scan_takes(PartScan *scan, Slice name) noexcept nogil:
    """For a visitor: counts a part, and returns whether it is to be written. The name is read only for a pattern."""
    scan.visited += 1
    if not scan.options.everything and not glob_match(scan.options.pattern, name, False):
        return False
    scan.written += 1
    return True


# HSCAN, SSCAN and ZSCAN: scans the value of this kind at argument 1. A part is written as `width` elements, or as one
# where NOVALUES says so, which `valued` allows.
cdef Replied scan_parts(Call *call, ValueKind kind, bint valued, ScanStep step, size_t width) noexcept nogil
