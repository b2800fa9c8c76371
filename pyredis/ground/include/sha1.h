/* SHA-1 (FIPS 180-4), for DEBUG DIGEST and the names of scripts, which Redis defines by it, and for nothing that must be
 * secure. */
#ifndef PYREDIS_SHA1_H
#define PYREDIS_SHA1_H

#include <stdint.h>
#include <string.h>

enum { SHA1_SIZE = 20, SHA1_BLOCK = 64 };

static inline uint32_t sha1_rotate(uint32_t word, int bits) { return (word << bits) | (word >> (32 - bits)); }

static inline uint32_t sha1_load(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void sha1_store(uint8_t *p, uint32_t word) {
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* The function and constant of a round, which depend on its quarter of the 80 rounds. */
static inline uint32_t sha1_mix(int quarter, uint32_t b, uint32_t c, uint32_t d) {
    switch (quarter) {
        case 0: return (d ^ (b & (c ^ d))) + 0x5a827999;
        case 1: return (b ^ c ^ d) + 0x6ed9eba1;
        case 2: return ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
        default: return (b ^ c ^ d) + 0xca62c1d6;
    }
}

/* Twenty rounds, five at a time, after which every word is back in its place. Inlined, so that the compiler knows the
 * quarter. */
static inline __attribute__((always_inline)) void sha1_rounds(uint32_t v[5], const uint32_t *words, int quarter) {
    for (int i = 0; i < 20; i += 5) {
        const uint32_t *w = words + 20 * quarter + i;
        v[4] += sha1_rotate(v[0], 5) + sha1_mix(quarter, v[1], v[2], v[3]) + w[0];
        v[1] = sha1_rotate(v[1], 30);
        v[3] += sha1_rotate(v[4], 5) + sha1_mix(quarter, v[0], v[1], v[2]) + w[1];
        v[0] = sha1_rotate(v[0], 30);
        v[2] += sha1_rotate(v[3], 5) + sha1_mix(quarter, v[4], v[0], v[1]) + w[2];
        v[4] = sha1_rotate(v[4], 30);
        v[1] += sha1_rotate(v[2], 5) + sha1_mix(quarter, v[3], v[4], v[0]) + w[3];
        v[3] = sha1_rotate(v[3], 30);
        v[0] += sha1_rotate(v[1], 5) + sha1_mix(quarter, v[2], v[3], v[4]) + w[4];
        v[2] = sha1_rotate(v[2], 30);
    }
}

static void sha1_block(uint32_t state[5], const uint8_t *block) {
    uint32_t words[80];
    uint32_t v[5] = {state[0], state[1], state[2], state[3], state[4]};
    for (int i = 0; i < 16; i++) words[i] = sha1_load(block + 4 * i);
    for (int i = 16; i < 80; i++)
        words[i] = sha1_rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    sha1_rounds(v, words, 0);
    sha1_rounds(v, words, 1);
    sha1_rounds(v, words, 2);
    sha1_rounds(v, words, 3);
    for (int i = 0; i < 5; i++) state[i] += v[i];
}

static inline void sha1_begin(uint32_t state[5]) {
    static const uint32_t begin[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    memcpy(state, begin, sizeof(begin));
}

/* Adds a part of the message that ends at a multiple of SHA1_BLOCK bytes. */
static inline void sha1_add(uint32_t state[5], const void *part, size_t size) {
    const uint8_t *p = (const uint8_t *)part;
    for (size_t at = 0; at + SHA1_BLOCK <= size; at += SHA1_BLOCK) sha1_block(state, p + at);
}

/* Adds the last part, of any size; `size` is that of the entire message. `digest` may be inside the message. */
static void sha1_end(uint32_t state[5], const void *part, size_t left, size_t size, uint8_t digest[SHA1_SIZE]) {
    uint8_t tail[2 * SHA1_BLOCK] = {0};
    size_t rest = left % SHA1_BLOCK;
    size_t padded = rest < SHA1_BLOCK - 8 ? SHA1_BLOCK : 2 * SHA1_BLOCK;
    sha1_add(state, part, left);
    if (rest) memcpy(tail, (const uint8_t *)part + left - rest, rest);
    tail[rest] = 0x80;
    sha1_store(tail + padded - 8, (uint32_t)((uint64_t)size >> 29));
    sha1_store(tail + padded - 4, (uint32_t)((uint64_t)size << 3));
    sha1_add(state, tail, padded);
    for (int i = 0; i < 5; i++) sha1_store(digest + 4 * i, state[i]);
}

/* `digest` may be inside the message. */
static inline void sha1(const void *message, size_t size, uint8_t digest[SHA1_SIZE]) {
    uint32_t state[5];
    sha1_begin(state);
    sha1_end(state, message, size, size, digest);
}

#endif
