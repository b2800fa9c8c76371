/* The kernels of HyperLogLog: its hash, and its registers of six bits, packed or one per byte.
 *
 * Register 0 is the lowest six bits of byte 0; register n begins at bit 6n. Eight registers are six bytes. */
#ifndef PYREDIS_HYPERLOGLOG_H
#define PYREDIS_HYPERLOGLOG_H

#include "base.h"

enum { HLL_BITS = 14, HLL_REGISTERS = 1 << HLL_BITS, HLL_PACKED = HLL_REGISTERS / 8 * 6 };

static inline uint64_t hll_swap(uint64_t word) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return word;
#else
    return __builtin_bswap64(word);
#endif
}

/* The first `size` bytes, up to 8, as a little endian number. */
static inline uint64_t hll_load(const uint8_t *p, size_t size) {
    uint64_t word = 0;
    memcpy(&word, p, size);
    return hll_swap(word);
}

static inline void hll_store(uint8_t *p, size_t size, uint64_t word) {
    word = hll_swap(word);
    memcpy(p, &word, size);
}

/* MurmurHash64A (Appleby), words read as little endian on every machine. */
static inline uint64_t hll_hash(const char *data, size_t size) {
    const uint64_t m = 0xc6a4a7935bd1e995ULL;
    const uint8_t *p = (const uint8_t *)data, *end = p + (size & ~(size_t)7);
    uint64_t h = 0xadc83b19ULL ^ (size * m), k;
    for (; p != end; p += 8) {
        k = hll_load(p, 8) * m;
        k = (k ^ k >> 47) * m;
        h = (h ^ k) * m;
    }
    if (size & 7) h = (h ^ hll_load(p, size & 7)) * m;
    h = (h ^ h >> 47) * m;
    return h ^ h >> 47;
}

/* Returns the register of an element; stores in `value` the position of the first bit set, counted from 1. */
static inline int hll_register_of(const char *data, size_t size, int *value) {
    uint64_t hash = hll_hash(data, size);
    *value = __builtin_ctzll(hash >> HLL_BITS | 1ULL << (64 - HLL_BITS)) + 1;
    return (int)(hash & (HLL_REGISTERS - 1));
}

static inline int hll_get(const uint8_t *packed, int index) {
    const uint8_t *p = packed + index * 6 / 8;
    unsigned shift = index * 6 & 7, value = p[0] >> shift;
    if (shift > 2) value |= (unsigned)p[1] << (8 - shift);
    return value & 63;
}

static inline void hll_put(uint8_t *packed, int index, int value) {
    uint8_t *p = packed + index * 6 / 8;
    unsigned shift = index * 6 & 7;
    p[0] = (uint8_t)((p[0] & ~(63 << shift)) | value << shift);
    if (shift > 2) p[1] = (uint8_t)((p[1] & ~(63 >> (8 - shift))) | value >> (8 - shift));
}

/* Spreads six bytes over eight: halves, quarters, then eighths of the word move apart. */
static inline void hll_unpack8(uint8_t *registers, const uint8_t *six) {
    uint64_t v = hll_load(six, 6);
    v = (v & 0xffffff) | ((v << 8) & 0x00ffffff00000000ULL);
    v = (v & 0x00000fff00000fffULL) | ((v << 4) & 0x0fff00000fff0000ULL);
    v = (v & 0x003f003f003f003fULL) | ((v << 2) & 0x3f003f003f003f00ULL);
    hll_store(registers, 8, v);
}

static inline void hll_pack8(uint8_t *six, const uint8_t *registers) {
    uint64_t v = hll_load(registers, 8);
    v = (v & 0x003f003f003f003fULL) | ((v & 0x3f003f003f003f00ULL) >> 2);
    v = (v & 0x00000fff00000fffULL) | ((v & 0x0fff00000fff0000ULL) >> 4);
    v = (v & 0xffffff) | ((v & 0x00ffffff00000000ULL) >> 8);
    hll_store(six, 6, v);
}

static inline void hll_unpack(uint8_t *registers, const uint8_t *packed) {
    for (int i = 0; i < HLL_REGISTERS / 8; i++) hll_unpack8(registers + 8 * i, packed + 6 * i);
}

static inline void hll_pack(uint8_t *packed, const uint8_t *registers) {
    for (int i = 0; i < HLL_REGISTERS / 8; i++) hll_pack8(packed + 6 * i, registers + 8 * i);
}

/* Raises each register to the packed one if that is higher. Unpacks a part at a time, so that comparing vectorizes. */
static inline void hll_raise(uint8_t *restrict registers, const uint8_t *packed) {
    uint8_t part[512];
    for (int at = 0; at < HLL_REGISTERS; at += (int)sizeof(part)) {
        for (int i = 0; i < (int)sizeof(part); i += 8) hll_unpack8(part + i, packed + (at + i) / 8 * 6);
        for (int i = 0; i < (int)sizeof(part); i++)
            registers[at + i] = registers[at + i] > part[i] ? registers[at + i] : part[i];
    }
}

/* Counts the registers with each value. Uses four tables, so that equal neighbours do not wait for each other. */
static inline void hll_histogram(const uint8_t *registers, uint32_t *counts) {
    uint32_t tables[4][64];
    memset(tables, 0, sizeof(tables));
    for (int i = 0; i < HLL_REGISTERS; i += 4)
        for (int lane = 0; lane < 4; lane++) tables[lane][registers[i + lane] & 63]++;
    for (int i = 0; i < 64; i++) counts[i] = tables[0][i] + tables[1][i] + tables[2][i] + tables[3][i];
}

#endif
