"""The access clock under an LFU policy: minutes modulo 2**16 in the upper bits, a logarithmic counter of accesses in
the lower 8.

The counter starts at 5, so that a new key is not the first to be evicted. An access increments it with a probability
that falls as it grows; every ``decay_time`` minutes without an access decrement it by one. OBJECT FREQ shows it.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from pyredis.types.table.hashtable cimport next_random

cdef enum:
    LFU_BIRTH = 5
    LFU_MAX = 255

cdef inline uint32_t lfu_minutes(int64_t now_ms) noexcept nogil:
    return <uint32_t> (now_ms // 60000) & 0xffff

cdef inline uint32_t lfu_born(uint32_t minutes) noexcept nogil:
    return minutes << 8 | LFU_BIRTH

cdef inline uint32_t lfu_counter(uint32_t clock, uint32_t minutes, uint32_t decay_time) noexcept nogil:
    """Returns the counter as of now, decay included."""
    cdef uint32_t counter = clock & 0xff
    cdef uint32_t passed = ((minutes - (clock >> 8)) & 0xffff) // decay_time if decay_time else 0
    return counter - passed if counter > passed else 0

cdef inline uint32_t lfu_touched(uint32_t clock, uint32_t minutes, uint32_t decay_time, uint32_t log_factor,
                                 uint64_t *random) noexcept nogil:
    """Returns the clock after an access."""
    cdef uint32_t counter = lfu_counter(clock, minutes, decay_time)
    cdef double above = counter - LFU_BIRTH if counter > LFU_BIRTH else 0
    if counter < LFU_MAX and (next_random(random) >> 11) * (above * log_factor + 1) < <double> (1ULL << 53):
        counter += 1
    return minutes << 8 | counter
