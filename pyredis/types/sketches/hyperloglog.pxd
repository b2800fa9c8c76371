"""HyperLogLogs in strings with Redis's layout: a header of 16 bytes, then 16384 registers of six bits.

    4 bytes  "HYLL"
    1 byte   encoding: HLL_DENSE or HLL_SPARSE
    3 bytes  unused
    8 bytes  the cached cardinality, little endian; if the highest bit is set, it is out of date

In the dense form, all registers follow, packed. In the sparse form, runs of equal registers follow, which cover all:

    00xxxxxx            ZERO   x+1 registers of 0
    01xxxxxx yyyyyyyy   XZERO  xy+1 registers of 0
    1vvvvvxx            VAL    x+1 registers of v+1

Values are untrusted: if one does not decode, the functions report it as corrupt. They access no byte outside of it.
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
    HLL_SPARSE_MOST = 32        # the greatest value of a sparse register
    HLL_DENSE = 0
    HLL_SPARSE = 1

# What the caller must do to raise a register of a sparse value.
cdef enum Raising:
    HLL_CORRUPT = -1
    HLL_KEEP = 0                # nothing: the register is already that high
    HLL_CHANGE = 1              # sparse_change, after enlarging the value by new_size - old_size bytes if positive
    HLL_PROMOTE = 2             # convert the value to the dense form first

ctypedef struct SparseChange:
    size_t at                   # of the run to be replaced
    size_t old_size
    size_t new_size
    uint8_t runs[5]             # the new runs: `new_size` bytes
    size_t merge_from           # the run before, from which on runs of equal value may now be adjacent
    size_t resume_at            # where the search for a register of higher index may begin
    int resume_register

# Returns whether the bytes begin like a HyperLogLog and, if it is dense, have the right size.
cdef bint hll_recognized(Slice value) noexcept nogil
cdef inline bint hll_is_sparse(const char *value) noexcept nogil:
    return value[4] == HLL_SPARSE
# Writes a sparse value with all registers 0, of HLL_EMPTY_SIZE bytes.
cdef void hll_make_empty(char *value) noexcept nogil

# Reads the cardinality from the header; returns false if it is out of date.
cdef bint hll_cached(const char *value, uint64_t *cardinality) noexcept nogil
cdef void hll_cache(char *value, uint64_t cardinality) noexcept nogil
cdef inline void hll_invalidate(char *value) noexcept nogil:
    value[15] = <char> (<uint8_t> value[15] | 0x80)

# Prepares `change` for a search from the first register. To raise several registers in ascending order of index, pass
# the same `change` to each call of `sparse_raise`, which then continues the search.
cdef void sparse_start(SparseChange *change) noexcept nogil
# Computes the change that raises the register `index` to `register`. The changed value may have `most_bytes` at most.
cdef Raising sparse_raise(Slice value, int index, int register, size_t most_bytes, SparseChange *change) noexcept nogil
# Applies the change to a value of `size` bytes. Returns the new size, at most new_size - old_size more.
cdef size_t sparse_change(char *value, size_t size, const SparseChange *change) noexcept nogil
# Writes HLL_DENSE_SIZE bytes; returns false if the value is corrupt.
cdef bint hll_to_dense(Slice sparse, char *dense) noexcept nogil
# Raises the register; returns whether that changed it.
cdef bint dense_raise(char *dense, int index, int register) noexcept nogil

# Raises each of the HLL_REGISTERS bytes to the value's register; returns false if the value is corrupt.
cdef bint hll_merge(Slice value, uint8_t *registers) noexcept nogil
# Computes the cardinality; returns false if the value is corrupt.
cdef bint hll_count(Slice value, uint64_t *cardinality) noexcept nogil
cdef uint64_t hll_count_registers(const uint8_t *registers) noexcept nogil
# Tests the sparse form, the dense form and the estimates. Returns NULL, or a text that says what is wrong.
cdef const char *hll_self_test() noexcept nogil

# A walk over the runs of a sparse value: `at` begins at HLL_HEADER, `index` at 0.
ctypedef struct Runs:
    const uint8_t *data
    size_t size
    size_t at
    int index
    # the run that was read last
    int length
    int value
    bint is_wide                # XZERO

# Reads the next run; returns false at the end, and if the run is truncated or exceeds the number of registers.
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
