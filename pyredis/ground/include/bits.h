/* Bits of a string: counting, combining, skipping, and fields of up to 64 bits.
 *
 * Bit 0 is the highest bit of byte 0. Counting uses vectors, which the compiler maps to the machine's instructions, or
 * the popcnt instruction if an x86-64 processor is found to have it at run time. */
#ifndef PYREDIS_BITS_H
#define PYREDIS_BITS_H

#include "base.h"

#define BITS_ONES 0x0101010101010101ULL

typedef uint64_t BitsVector __attribute__((vector_size(32)));

/* Replaces every byte of a word (or of a vector) with the number of its bits that are set. */
#define BITS_PER_BYTE(word) do {                                                                   \
    (word) -= ((word) >> 1) & (0x55 * BITS_ONES);                                                  \
    (word) = ((word) & (0x33 * BITS_ONES)) + (((word) >> 2) & (0x33 * BITS_ONES));                 \
    (word) = ((word) + ((word) >> 4)) & (0x0f * BITS_ONES);                                        \
} while (0)

static inline uint64_t bits_count_word(uint64_t word) {
    BITS_PER_BYTE(word);
    return (word * BITS_ONES) >> 56;
}

static inline uint64_t bits_count_tail(const uint8_t *p, size_t size) {
    uint64_t word = 0, total = 0;
    for (; size >= 8; p += 8, size -= 8) total += bits_count_word(load_u64(p));
    if (size) memcpy(&word, p, size);
    return total + bits_count_word(word);
}

/* For up to 31 vectors: each byte of the sum then stays below 256. */
static inline uint64_t bits_count_vectors(const uint8_t *p, size_t vectors) {
    const uint64_t pairs = 0x00ff00ff00ff00ffULL;
    BitsVector sum = {0, 0, 0, 0}, v;
    uint64_t total = 0;
    int lane;
    for (; vectors; vectors--, p += sizeof(v)) {
        memcpy(&v, p, sizeof(v));
        BITS_PER_BYTE(v);
        sum += v;
    }
    sum = (sum & pairs) + ((sum >> 8) & pairs);
    for (lane = 0; lane < 4; lane++) total += (sum[lane] * 0x0001000100010001ULL) >> 48;
    return total;
}

static inline uint64_t bits_count_portable(const uint8_t *p, size_t size) {
    uint64_t total = 0;
    while (size >= sizeof(BitsVector)) {
        size_t vectors = size / sizeof(BitsVector);
        if (vectors > 31) vectors = 31;
        total += bits_count_vectors(p, vectors);
        p += vectors * sizeof(BitsVector);
        size -= vectors * sizeof(BitsVector);
    }
    return total + bits_count_tail(p, size);
}

#if defined(__x86_64__)
/* Four sums, so that no addition waits for the previous one. */
__attribute__((target("popcnt"))) static inline uint64_t bits_count_popcnt(const uint8_t *p, size_t size) {
    uint64_t sums[4] = {0, 0, 0, 0};
    int lane;
    for (; size >= 32; p += 32, size -= 32)
        for (lane = 0; lane < 4; lane++) sums[lane] += (uint64_t)__builtin_popcountll(load_u64(p + 8 * lane));
    return sums[0] + sums[1] + sums[2] + sums[3] + bits_count_tail(p, size);
}
#endif

static inline bool bits_has_popcnt(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("popcnt");
#else
    return false;
#endif
}

/* The number of bits set in `size` bytes. */
static inline uint64_t bits_count_bytes(const uint8_t *p, size_t size) {
#if defined(__x86_64__)
    if (size >= 32 && PR_LIKELY(bits_has_popcnt())) return bits_count_popcnt(p, size);
#endif
    return bits_count_portable(p, size);
}

/* The number of leading bytes that are `byte`, which is 0x00 or 0xff. */
static inline size_t bits_skip(const uint8_t *p, size_t size, uint8_t byte) {
    const uint64_t word = byte * BITS_ONES;
    size_t at = 0;
    for (; at + 32 <= size; at += 32) {
        uint64_t other = (load_u64(p + at) ^ word) | (load_u64(p + at + 8) ^ word);
        other |= (load_u64(p + at + 16) ^ word) | (load_u64(p + at + 24) ^ word);
        if (other) break;
    }
    while (at + 8 <= size && load_u64(p + at) == word) at += 8;
    while (at < size && p[at] == byte) at++;
    return at;
}

/* Simple loops that the compiler vectorizes. */
static inline void bits_and(uint8_t *restrict out, const uint8_t *restrict in, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] &= in[i];
}
static inline void bits_or(uint8_t *restrict out, const uint8_t *restrict in, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] |= in[i];
}
static inline void bits_xor(uint8_t *restrict out, const uint8_t *restrict in, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] ^= in[i];
}
static inline void bits_not(uint8_t *out, size_t size) {
    for (size_t i = 0; i < size; i++) out[i] = (uint8_t)~out[i];
}

/* ---- Fields: `width` bits (1 to 64) that begin `shift` bits (0 to 7) into nine bytes. ---- */

static inline uint64_t bits_load_big(const uint8_t *p) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word = word << 8 | p[i];
    return word;
}

static inline void bits_store_big(uint8_t *p, uint64_t word) {
    for (int i = 7; i >= 0; i--, word >>= 8) p[i] = (uint8_t)word;
}

static inline uint64_t bits_field(const uint8_t *nine, unsigned shift, unsigned width) {
    uint64_t word = bits_load_big(nine);
    if (shift) word = word << shift | nine[8] >> (8 - shift);
    return word >> (64 - width);
}

static inline void bits_store_field(uint8_t *nine, unsigned shift, unsigned width, uint64_t value) {
    uint64_t mask = ~0ULL << (64 - width);
    uint64_t word = bits_load_big(nine);
    value <<= 64 - width;
    bits_store_big(nine, (word & ~(mask >> shift)) | value >> shift);
    if (shift) {
        uint8_t low_mask = (uint8_t)(mask << (64 - shift) >> 56);
        nine[8] = (uint8_t)((nine[8] & ~low_mask) | (value << (64 - shift) >> 56));
    }
}

#endif
