"""Inline helpers for every native module (``include/base.h``): slices, hashing, numbers as text, clocks.

Nothing here keeps state. Sizes are in bytes, hashes have 64 bits; a value whose name ends in a unit is in that unit.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "base.h" nogil:
    ctypedef bint bool_t "bool"

    # A view of bytes that somebody else owns; the owner defines how long it is valid. `data` may be NULL only when
    # `size` is 0.
    ctypedef struct Slice:
        const char *data
        size_t size

    # 64 bytes: see types/table/hashtable.pxd.
    ctypedef struct Bucket:
        uint8_t meta
        uint8_t tags[7]
        void *slots[7]

    bint likely "PR_LIKELY" (bint condition)
    bint unlikely "PR_UNLIKELY" (bint condition)
    void prefetch "pr_prefetch" (const void *address)

    Slice slice_of(const char *data, size_t size)
    # The bytes of a C string. Free for a literal: the compiler knows its size.
    Slice literal(const char *text)
    bint slice_equal(Slice a, Slice b)
    # Compares byte by byte; a prefix sorts before the longer slice. Negative, 0 or positive.
    int slice_compare(Slice a, Slice b)
    # `lower` is a C string in lower case; `text` may have any case.
    bint equals_nocase(Slice text, const char *lower)

    # Unaligned loads and stores in the machine's byte order.
    uint64_t load_u64(const void *p)
    uint32_t load_u32(const void *p)
    uint16_t load_u16(const void *p)
    void store_u64(void *p, uint64_t v)
    void store_u32(void *p, uint32_t v)
    void store_u16(void *p, uint16_t v)

    uint64_t siphash13(uint64_t k0, uint64_t k1, const char *data, size_t size)
    unsigned bucket_match(const Bucket *bucket, uint8_t tag)
    int lowest_bit(unsigned long long mask)
    int highest_bit(unsigned long long mask)

    # True only for the canonical decimal form of a signed 64-bit integer.
    bint parse_int64(const char *text, size_t size, int64_t *out)
    # Write at most 20 bytes and no terminator; return the number of bytes written.
    size_t format_int64(char *out, int64_t value)
    size_t format_uint64(char *out, uint64_t value)
    # Both store the wrapped result and return whether it wrapped.
    bint add_overflows(int64_t a, int64_t b, int64_t *sum)
    bint mul_overflows(int64_t a, int64_t b, int64_t *product)

    int64_t wall_us()
    int64_t monotonic_ns()
    uint64_t cycles_now()
