"""What SCAN, HSCAN, SSCAN and ZSCAN share: the cursor, the options, the format of the reply."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Replied
from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice
from pyredis.ground.glob cimport glob_match
from pyredis.keyspace.keyspace cimport ValueKind

ctypedef struct ScanOptions:
    uint64_t cursor
    int64_t count           # at least 1; 10 by default
    Slice pattern           # meaningless if `everything`
    bint everything         # no pattern, or one that matches everything
    Slice type              # SCAN only; data is NULL if not given
    bint values             # HSCAN only; False with NOVALUES

# A scan of the parts of a value; the context of the type's visitors.
ctypedef struct PartScan:
    Call *call
    void *value
    ScanOptions options
    int64_t visited
    size_t written          # parts

# A step of the type's own scan from `cursor`; returns the next cursor, 0 at the end.
ctypedef uint64_t (*ScanStep)(PartScan *scan, uint64_t cursor) noexcept nogil

cdef enum:
    # The most buckets that are visited per requested element, so that a sparse table does not delay other clients.
    BUCKETS_PER_ELEMENT = 10


cdef inline bint scan_is_done(
        const ScanOptions *options, uint64_t cursor, int64_t buckets, int64_t seen) noexcept nogil:
    """Returns whether a call stops at ``cursor``, after visiting that many buckets and elements."""
    return cursor == 0 or seen >= options.count or buckets // BUCKETS_PER_ELEMENT >= options.count


cdef inline bint scan_takes(PartScan *scan, Slice name) noexcept nogil:
    """For visitors: counts a part and returns whether to write it. The name is read only if there is a pattern."""
    scan.visited += 1
    if not scan.options.everything and not glob_match(scan.options.pattern, name, False):
        return False
    scan.written += 1
    return True


# HSCAN, SSCAN and ZSCAN: scans the value of this kind at argument 1. A part is written as `width` elements, or as one
# with NOVALUES, which is accepted only if `valued`.
cdef Replied scan_parts(Call *call, ValueKind kind, bint valued, ScanStep step, size_t width) noexcept nogil
