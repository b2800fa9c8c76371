"""HyperLogLog over strings laid out as Redis lays them out: 16384 registers of six bits behind a header of 16 bytes.

    4 bytes  "HYLL"
    1 byte   encoding: HLL_DENSE or HLL_SPARSE
    3 bytes  unused
    8 bytes  the cardinality as last counted, little endian; the highest bit set: it has to be counted anew

Dense, the registers follow packed. Sparse, there follow runs of them, which cover all:

    00xxxxxx            ZERO   x+1 registers of 0
    01xxxxxx yyyyyyyy   XZERO  xy+1 registers of 0
    1vvvvvxx            VAL    x+1 registers of v+1

Nothing here trusts a value: what does not decode is told as corrupt, and no byte outside of it is touched.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from pyredis.ground.base cimport Slice

cdef extern from "hyperloglog.h" nogil:
    enum:
        HLL_REGISTERS
        HLL_PACKED

    int hll_register_of(const char *data, size_t size, int *value)
    int hll_get(const uint8_t *packed, int index)
    void hll_put(uint8_t *packed, int index, int value)
    void hll_pack(uint8_t *packed, const uint8_t *registers)
    void hll_unpack(uint8_t *registers, const uint8_t *packed)
    void hll_raise(uint8_t *registers, const uint8_t *packed)
    void hll_histogram(const uint8_t *registers, uint32_t *counts)

cdef enum:
    HLL_HEADER = 16
    HLL_DENSE_SIZE = HLL_HEADER + HLL_PACKED
    HLL_EMPTY_SIZE = HLL_HEADER + 2
    HLL_SPARSE_MOST = 32        # the greatest value a sparse register can have
    HLL_DENSE = 0
    HLL_SPARSE = 1

# What has to be done to a sparse value so that a register has a value.
cdef enum Raising:
    HLL_CORRUPT = -1
    HLL_KEEP = 0                # the register is that high already
    HLL_CHANGE = 1              # sparse_change, after the value has got `growth` bytes of room at its end
    HLL_PROMOTE = 2             # it must become dense first

ctypedef struct SparseChange:
    size_t at                   # of the run to be replaced
    size_t old_size
    size_t new_size
    uint8_t runs[5]             # `new_size` bytes
    size_t merge_from           # the run before, where runs of the same value may have become neighbours
    size_t resume_at            # where the search for a higher register may begin
    int resume_register

# Whether the bytes begin as a HyperLogLog and, dense, have its size.
cdef bint hll_recognized(Slice value) noexcept nogil
cdef inline bint hll_is_sparse(const char *value) noexcept nogil:
    return value[4] == HLL_SPARSE
# A sparse one with all registers 0; HLL_EMPTY_SIZE bytes.
cdef void hll_make_empty(char *value) noexcept nogil

# The cardinality told by the header; false where it has to be counted anew.
cdef bint hll_cached(const char *value, uint64_t *cardinality) noexcept nogil
cdef void hll_cache(char *value, uint64_t cardinality) noexcept nogil
cdef inline void hll_invalidate(char *value) noexcept nogil:
    value[15] = <char> (<uint8_t> value[15] | 0x80)

# Begins the search where `change` says that it may: a change that `sparse_start` has set begins it at the beginning.
cdef void sparse_start(SparseChange *change) noexcept nogil
cdef Raising sparse_raise(Slice value, int index, int register, size_t most_bytes, SparseChange *change) noexcept nogil
# `size`: before the change. Returns the size after it, at most new_size - old_size more.
cdef size_t sparse_change(char *value, size_t size, const SparseChange *change) noexcept nogil
# Writes HLL_DENSE_SIZE bytes; false where the value is corrupt.
cdef bint hll_to_dense(Slice sparse, char *dense) noexcept nogil
# Whether that changed the register.
cdef bint dense_raise(char *dense, int index, int register) noexcept nogil

# Raises the HLL_REGISTERS bytes to the value's registers; false where it is corrupt.
cdef bint hll_merge(Slice value, uint8_t *registers) noexcept nogil
# False where the value is corrupt.
cdef bint hll_count(Slice value, uint64_t *cardinality) noexcept nogil
cdef uint64_t hll_count_registers(const uint8_t *registers) noexcept nogil
# NULL, or what the sparse and the dense form and the estimates have been found to be wrong in.
cdef const char *hll_self_test() noexcept nogil

# A walk over the runs of a sparse value: `at` begins at HLL_HEADER, `index` at 0.
ctypedef struct Runs:
    const uint8_t *data
    size_t size
    size_t at
    int index
    # the run that was met last
    int length
    int value
    bint is_wide                # XZERO

# The next run; false at the end, and where it would be cut off or have more registers than there are.
cdef inline bint next_run(Runs *runs) noexcept nogil:
    cdef uint8_t code
    if runs.at >= runs.size:
        return False
    code = runs.data[runs.at]
    runs.is_wide = code & 0xc0 == 0x40
    if code & 0x80:
        runs.value = (code >> 2 & 31) + 1
        runs.length = (code & 3) + 1
    else:
        runs.value = 0
        runs.length = (code & 63) + 1
        if runs.is_wide:
            if runs.at + 1 >= runs.size:
                return False
            runs.length = ((code & 63) << 8 | runs.data[runs.at + 1]) + 1
    return runs.index + runs.length <= HLL_REGISTERS

cdef inline void pass_run(Runs *runs) noexcept nogil:
    runs.at += 1 + runs.is_wide
    runs.index += runs.length
