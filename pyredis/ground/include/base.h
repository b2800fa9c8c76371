/* Inline helpers for every native module: slices, hashing, number conversion, clocks, bucket tag matching.
 *
 * Nothing here keeps state. Sizes are in bytes; hashes have 64 bits; names of times end in their unit. */
#ifndef PYREDIS_BASE_H
#define PYREDIS_BASE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define PR_LIKELY(x) __builtin_expect(!!(x), 1)
#define PR_UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline void pr_prefetch(const void *p) { __builtin_prefetch(p); }

typedef struct {
    const char *data;
    size_t size;
} Slice;

static inline Slice slice_of(const char *data, size_t size) {
    Slice s = {data, size};
    return s;
}

/* The bytes of a C string; the compiler knows the size of a literal. */
static inline Slice literal(const char *text) { return slice_of(text, strlen(text)); }

static inline bool slice_equal(Slice a, Slice b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Compares byte by byte; a prefix sorts before the longer slice. Negative, 0 or positive. */
static inline int slice_compare(Slice a, Slice b) {
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static inline uint64_t load_u64(const void *p) { uint64_t v; memcpy(&v, p, 8); return v; }
static inline uint32_t load_u32(const void *p) { uint32_t v; memcpy(&v, p, 4); return v; }
static inline uint16_t load_u16(const void *p) { uint16_t v; memcpy(&v, p, 2); return v; }
static inline void store_u64(void *p, uint64_t v) { memcpy(p, &v, 8); }
static inline void store_u32(void *p, uint32_t v) { memcpy(p, &v, 4); }
static inline void store_u16(void *p, uint16_t v) { memcpy(p, &v, 2); }

/* Whether `text` equals `lower`, ignoring case; `lower` must be lower case letters, digits and punctuation. */
static inline bool equals_nocase(Slice text, const char *lower) {
    size_t i;
    for (i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 'A' && c <= 'Z') c |= 0x20;
        if (c != (unsigned char)lower[i] || c == 0) return false;
    }
    return lower[i] == 0;
}

/* ---- SipHash-1-3 (Aumasson and Bernstein): keyed, so that no client can choose keys that share a bucket. ---- */
#define SIP_ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIP_ROUND(v0, v1, v2, v3) do {                                   \
    v0 += v1; v1 = SIP_ROTL(v1, 13); v1 ^= v0; v0 = SIP_ROTL(v0, 32);    \
    v2 += v3; v3 = SIP_ROTL(v3, 16); v3 ^= v2;                           \
    v0 += v3; v3 = SIP_ROTL(v3, 21); v3 ^= v0;                           \
    v2 += v1; v1 = SIP_ROTL(v1, 17); v1 ^= v2; v2 = SIP_ROTL(v2, 32);    \
} while (0)

static inline uint64_t siphash13(uint64_t k0, uint64_t k1, const char *data, size_t size) {
    uint64_t v0 = k0 ^ 0x736f6d6570736575ULL, v1 = k1 ^ 0x646f72616e646f6dULL;
    uint64_t v2 = k0 ^ 0x6c7967656e657261ULL, v3 = k1 ^ 0x7465646279746573ULL;
    uint64_t last = (uint64_t)size << 56, word;
    const char *end = data + (size & ~(size_t)7);
    for (; data != end; data += 8) {
        word = load_u64(data);
        v3 ^= word;
        SIP_ROUND(v0, v1, v2, v3);
        v0 ^= word;
    }
    switch (size & 7) {
    case 7: last |= (uint64_t)(uint8_t)data[6] << 48; /* fall through */
    case 6: last |= (uint64_t)(uint8_t)data[5] << 40; /* fall through */
    case 5: last |= (uint64_t)(uint8_t)data[4] << 32; /* fall through */
    case 4: last |= load_u32(data); break;
    case 3: last |= (uint64_t)(uint8_t)data[2] << 16; /* fall through */
    case 2: last |= (uint64_t)(uint8_t)data[1] << 8; /* fall through */
    case 1: last |= (uint64_t)(uint8_t)data[0];
    }
    v3 ^= last;
    SIP_ROUND(v0, v1, v2, v3);
    v0 ^= last;
    v2 ^= 0xff;
    SIP_ROUND(v0, v1, v2, v3);
    SIP_ROUND(v0, v1, v2, v3);
    SIP_ROUND(v0, v1, v2, v3);
    return v0 ^ v1 ^ v2 ^ v3;
}

/* ---- Buckets: 64 bytes, seven slots. Byte 0 is `meta`: bits 0..6 mark the slots in use; bit 7 means that slot 6
 * points to another bucket instead of an element. Bytes 1..7 are the tags, one byte of each element's hash. ---- */
typedef struct Bucket {
    uint8_t meta;
    uint8_t tags[7];
    void *slots[7];
} Bucket;

/* The slots in use whose tag is `tag`, as a bit mask. */
static inline unsigned bucket_match(const Bucket *b, uint8_t tag) {
#if defined(__SSE2__)
    __m128i tags = _mm_loadl_epi64((const __m128i *)b);
    unsigned hits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag)));
    hits = (hits & 0xff) >> 1;
#else
    unsigned hits = 0, i;
    for (i = 0; i < 7; i++) hits |= (unsigned)(b->tags[i] == tag) << i;
#endif
    return hits & b->meta & ((b->meta & 0x80) ? 0x3f : 0x7f);
}

static inline int lowest_bit(unsigned long long mask) { return __builtin_ctzll(mask); }
static inline int highest_bit(unsigned long long mask) { return 63 - __builtin_clzll(mask); }

/* ---- Numbers as text. ---- */

/* The one canonical decimal form of a signed 64-bit integer (no sign but '-', no leading zero, no blank). */
static inline bool parse_int64(const char *p, size_t size, int64_t *out) {
    bool negative;
    uint64_t v;
    size_t i = 0;
    if (size == 0 || size > 20) return false;
    if (size == 1 && p[0] == '0') { *out = 0; return true; }
    negative = p[0] == '-';
    if (negative && ++i == size) return false;
    if (p[i] < '1' || p[i] > '9') return false;
    v = (uint64_t)(p[i++] - '0');
    for (; i < size; i++) {
        unsigned d = (unsigned)(unsigned char)p[i] - '0';
        if (d > 9) return false;
        if (v > (UINT64_MAX - d) / 10) return false;
        v = v * 10 + d;
    }
    if (negative) {
        if (v > (uint64_t)INT64_MAX + 1) return false;
        *out = (int64_t)(0 - v);
    } else {
        if (v > INT64_MAX) return false;
        *out = (int64_t)v;
    }
    return true;
}

/* Writes `v` in decimal, no terminator; at most 20 bytes. Returns the number of bytes. */
static inline size_t format_uint64(char *out, uint64_t v) {
    static const char pairs[201] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354"
        "555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    char tmp[20];
    size_t at = 20;
    while (v >= 100) {
        unsigned pair = (unsigned)(v % 100);
        v /= 100;
        at -= 2;
        memcpy(tmp + at, pairs + 2 * pair, 2);
    }
    if (v >= 10) {
        at -= 2;
        memcpy(tmp + at, pairs + 2 * v, 2);
    } else {
        tmp[--at] = (char)('0' + v);
    }
    memcpy(out, tmp + at, 20 - at);
    return 20 - at;
}

static inline size_t format_int64(char *out, int64_t v) {
    if (v >= 0) return format_uint64(out, (uint64_t)v);
    out[0] = '-';
    return 1 + format_uint64(out + 1, 0 - (uint64_t)v);
}

static inline bool add_overflows(int64_t a, int64_t b, int64_t *sum) {
    return __builtin_add_overflow(a, b, sum);
}

static inline bool mul_overflows(int64_t a, int64_t b, int64_t *product) {
    return __builtin_mul_overflow(a, b, product);
}

/* ---- Clocks. ---- */
static inline int64_t wall_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline int64_t monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A counter of constant rate that costs a few nanoseconds to read; its rate is measured against the monotonic clock. */
static inline uint64_t cycles_now(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t v;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
    return v;
#else
    return (uint64_t)monotonic_ns();
#endif
}

#endif
