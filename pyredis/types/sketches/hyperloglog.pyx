"""Raising, merging and counting the registers of a HyperLogLog; the layout of a value is in ``hyperloglog.pxd``.

The estimate of the cardinality follows Otmar Ertl's "New cardinality estimation algorithms for HyperLogLog sketches",
with the operations in the same order as in Redis, so that both return the same number.
"""

from libc.math cimport INFINITY, fabs, sqrt
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memmove, memset

from pyredis.ground.base cimport Slice, slice_of

cdef enum:
    VALUE_BITS = 50                 # of a hash, after the bits that choose the register
    LONGEST_ZERO = 64
    LONGEST_VALUE = 4
    MERGED_RUNS = 5                 # runs examined after a change, for adjacent runs of equal value
    TESTED = 100000                 # elements in the self test
    TESTED_SPARSE = 1000            # the most bytes of its sparse value

cdef double ALPHA = 0.721347520444481703680     # 1 / (2 ln 2)

cdef extern from "<math.h>" nogil:
    long long llroundl(long double value)


cdef bint hll_recognized(Slice value) noexcept nogil:
    if value.size < HLL_HEADER or memcmp(value.data, "HYLL", 4) != 0:
        return False
    return value.data[4] == HLL_SPARSE or (value.data[4] == HLL_DENSE and value.size == HLL_DENSE_SIZE)


cdef void hll_make_empty(char *value) noexcept nogil:
    memset(value, 0, HLL_HEADER)
    memcpy(value, "HYLL", 4)
    value[4] = HLL_SPARSE
    write_zeros(<uint8_t *> value + HLL_HEADER, HLL_REGISTERS)


# ---- the header's cardinality ----

cdef bint hll_cached(const char *value, uint64_t *cardinality) noexcept nogil:
    cdef int index
    cardinality[0] = 0
    for index in range(8):
        cardinality[0] |= <uint64_t> <uint8_t> value[8 + index] << 8 * index
    return not <uint8_t> value[15] & 0x80


cdef void hll_cache(char *value, uint64_t cardinality) noexcept nogil:
    cdef int index
    for index in range(8):
        value[8 + index] = <char> (cardinality >> 8 * index)


# ---- sparse ----

cdef inline Runs runs_of(Slice value) noexcept nogil:
    cdef Runs runs
    runs.data = <const uint8_t *> value.data
    runs.size = value.size
    runs.at = HLL_HEADER
    runs.index = 0
    return runs


cdef size_t write_zeros(uint8_t *out, int length) noexcept nogil:
    """Writes a run of zeros, as ZERO if possible, and nothing if ``length`` is 0. Returns the bytes written."""
    if length == 0:
        return 0
    if length <= LONGEST_ZERO:
        out[0] = <uint8_t> (length - 1)
        return 1
    out[0] = <uint8_t> (0x40 | (length - 1) >> 8)
    out[1] = <uint8_t> (length - 1)
    return 2


cdef size_t write_values(uint8_t *out, int value, int length) noexcept nogil:
    if length == 0:
        return 0
    out[0] = <uint8_t> (0x80 | (value - 1) << 2 | (length - 1))
    return 1


cdef inline size_t write_run(uint8_t *out, int value, int length) noexcept nogil:
    return write_values(out, value, length) if value else write_zeros(out, length)


cdef void sparse_start(SparseChange *change) noexcept nogil:
    change.resume_at = HLL_HEADER
    change.resume_register = 0


cdef bint find_run(Runs *runs, int index, SparseChange *change) noexcept nogil:
    """Finds the run that contains the register. Notes the run before it, and where a later search may begin."""
    cdef Runs before
    runs.at = change.resume_at
    runs.index = change.resume_register
    before = runs[0]
    change.merge_from = runs.at
    while next_run(runs):
        if index < runs.index + runs.length:
            change.at = runs.at
            return True
        # Two runs back: after a merge, the run before may contain the register that is searched next.
        change.resume_at = before.at
        change.resume_register = before.index
        before = runs[0]
        change.merge_from = runs.at
        pass_run(runs)
    return False


cdef Raising sparse_raise(Slice value, int index, int register, size_t most_bytes, SparseChange *change) noexcept nogil:
    cdef Runs run = runs_of(value)
    cdef size_t size = 0
    if register > HLL_SPARSE_MOST:
        return HLL_PROMOTE
    if not find_run(&run, index, change):
        return HLL_CORRUPT
    if run.value >= register:
        return HLL_KEEP
    size += write_run(change.runs, run.value, index - run.index)
    size += write_values(change.runs + size, register, 1)
    size += write_run(change.runs + size, run.value, run.index + run.length - 1 - index)
    change.old_size = 1 + run.is_wide
    change.new_size = size
    if size > change.old_size and value.size + size - change.old_size > most_bytes:
        return HLL_PROMOTE
    return HLL_CHANGE


cdef size_t merge_values(uint8_t *data, size_t size, size_t at) noexcept nogil:
    """Joins adjacent runs of equal value among the next few from ``at`` on. Returns the new size."""
    cdef int left = MERGED_RUNS
    cdef int length
    while at < size and left > 0:
        left -= 1
        if not data[at] & 0x80:
            at += 2 if data[at] & 0x40 else 1
            continue
        if at + 1 < size and (data[at] ^ data[at + 1]) & 0xfc == 0:
            length = (data[at] & 3) + (data[at + 1] & 3) + 2
            if length <= LONGEST_VALUE:
                data[at + 1] = <uint8_t> (data[at] & 0xfc | (length - 1))
                memmove(data + at, data + at + 1, size - at - 1)
                size -= 1
                continue
        at += 1
    return size


cdef size_t sparse_change(char *value, size_t size, const SparseChange *change) noexcept nogil:
    cdef size_t behind = change.at + change.old_size
    memmove(value + change.at + change.new_size, value + behind, size - behind)
    memcpy(value + change.at, change.runs, change.new_size)
    return merge_values(<uint8_t *> value, size + change.new_size - change.old_size, change.merge_from)


cdef bint hll_to_dense(Slice sparse, char *dense) noexcept nogil:
    cdef uint8_t registers[HLL_REGISTERS]
    memset(registers, 0, HLL_REGISTERS)
    if not hll_merge(sparse, registers):
        return False
    memcpy(dense, sparse.data, HLL_HEADER)
    dense[4] = HLL_DENSE
    hll_pack(<uint8_t *> dense + HLL_HEADER, registers)
    return True


# ---- dense ----

cdef bint dense_raise(char *dense, int index, int register) noexcept nogil:
    cdef uint8_t *packed = <uint8_t *> dense + HLL_HEADER
    if hll_get(packed, index) >= register:
        return False
    hll_put(packed, index, register)
    return True


# ---- merging and counting ----

cdef bint merge_sparse(Slice value, uint8_t *registers) noexcept nogil:
    cdef Runs runs = runs_of(value)
    cdef int index
    while next_run(&runs):
        for index in range(runs.index, runs.index + runs.length if runs.value else 0):
            registers[index] = max(registers[index], <uint8_t> runs.value)
        pass_run(&runs)
    return runs.at == value.size and runs.index == HLL_REGISTERS


cdef bint hll_merge(Slice value, uint8_t *registers) noexcept nogil:
    if hll_is_sparse(value.data):
        return merge_sparse(value, registers)
    hll_raise(registers, <const uint8_t *> value.data + HLL_HEADER)
    return True


cdef double sigma(double x) noexcept nogil:
    cdef double before, y = 1, z = x
    if x == 1:
        return INFINITY
    while True:
        x *= x
        before = z
        z += x * y
        y += y
        if before == z:
            return z


cdef double tau(double x) noexcept nogil:
    cdef double before, y = 1, z = 1 - x
    if x == 0 or x == 1:
        return 0
    while True:
        x = sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) * (1 - x) * y
        if before == z:
            return z / 3


cdef uint64_t estimate(const uint32_t *counts) noexcept nogil:
    """Estimates the cardinality from the number of registers with each value."""
    cdef double m = HLL_REGISTERS
    cdef double z = m * tau((m - <int> counts[VALUE_BITS + 1]) / m)
    cdef int value
    for value in range(VALUE_BITS, 0, -1):
        z += <int> counts[value]
        z *= 0.5
    z += m * sigma(<int> counts[0] / m)
    return <uint64_t> llroundl(ALPHA * m * m / z)


cdef uint64_t hll_count_registers(const uint8_t *registers) noexcept nogil:
    cdef uint32_t counts[64]
    hll_histogram(registers, counts)
    return estimate(counts)


cdef bint count_sparse(Slice value, uint64_t *cardinality) noexcept nogil:
    cdef uint32_t counts[64]
    cdef Runs runs = runs_of(value)
    memset(counts, 0, sizeof(counts))
    while next_run(&runs):
        counts[runs.value] += runs.length
        pass_run(&runs)
    if runs.at != value.size or runs.index != HLL_REGISTERS:
        return False
    cardinality[0] = estimate(counts)
    return True


cdef bint hll_count(Slice value, uint64_t *cardinality) noexcept nogil:
    cdef uint8_t registers[HLL_REGISTERS]
    if hll_is_sparse(value.data):
        return count_sparse(value, cardinality)
    hll_unpack(registers, <const uint8_t *> value.data + HLL_HEADER)
    cardinality[0] = hll_count_registers(registers)
    return True


# ---- the self test ----

cdef bint packing_is_sound() noexcept nogil:
    """Tests that registers stored one by one can be read one by one and all at once."""
    cdef uint8_t packed[HLL_PACKED]
    cdef uint8_t registers[HLL_REGISTERS]
    cdef int index
    memset(packed, 0xff, HLL_PACKED)
    for index in range(HLL_REGISTERS):
        hll_put(packed, index, index * 37 & 63)
    hll_unpack(registers, packed)
    for index in range(HLL_REGISTERS):
        if registers[index] != index * 37 & 63 or hll_get(packed, index) != index * 37 & 63:
            return False
    return True


cdef bint is_near(uint64_t cardinality, int64_t expected) noexcept nogil:
    """Returns whether the error is at most six standard errors, each of 1.04 / sqrt(registers), plus one element."""
    cdef double error = fabs(<double> cardinality - expected)
    return error <= 6 * 1.04 / sqrt(HLL_REGISTERS) * expected + 1


cdef const char *check_elements(char *sparse, char *dense) noexcept nogil:
    cdef SparseChange change
    cdef Raising raising
    cdef size_t size = HLL_EMPTY_SIZE
    cdef uint64_t element, dense_count, sparse_count
    cdef int64_t checkpoint = 1, number
    cdef int index, register
    for number in range(1, TESTED + 1):
        element = <uint64_t> number * 0x9e3779b97f4a7c15ULL
        index = hll_register_of(<const char *> &element, sizeof(element), &register)
        dense_raise(dense, index, register)
        sparse_start(&change)
        raising = sparse_raise(slice_of(sparse, size), index, register, TESTED_SPARSE, &change) if size else HLL_KEEP
        if raising == HLL_CHANGE:
            size = sparse_change(sparse, size, &change)
        elif raising != HLL_KEEP:
            size = 0
        if number == checkpoint:
            checkpoint *= 10
            hll_count(slice_of(dense, HLL_DENSE_SIZE), &dense_count)
            if size and (not hll_count(slice_of(sparse, size), &sparse_count) or sparse_count != dense_count):
                return "the sparse and the dense form give different cardinalities"
            if not is_near(dense_count, number):
                return "the estimate is too far off"
    return NULL


cdef const char *hll_self_test() noexcept nogil:
    cdef char sparse[HLL_DENSE_SIZE + 8]
    cdef char dense[HLL_DENSE_SIZE]
    if not packing_is_sound():
        return "a register is not what was stored in it"
    hll_make_empty(sparse)
    if not hll_to_dense(slice_of(sparse, HLL_EMPTY_SIZE), dense):
        return "an empty value does not decode"
    return check_elements(sparse, dense)
