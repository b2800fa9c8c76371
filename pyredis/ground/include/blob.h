/* A block of bytes that several owners share: the value of a key, the argument that brought it, a reply on its way.
 *
 *   6 bytes   size: bytes in use
 *   2 bytes   refs: owners
 *   8 bytes   capacity: bytes there are
 *   n bytes   the bytes
 */
#ifndef PYREDIS_BLOB_H
#define PYREDIS_BLOB_H

#include <stdint.h>

enum { BLOB_REFS_MAX = (1 << 16) - 1 };

/* An address has 47 bits, and so has a size. */
typedef struct Blob {
    uint64_t size : 48;
    uint64_t refs : 16;
    uint64_t capacity;
} Blob;

static inline char *blob_data(const Blob *b) { return (char *)(b + 1); }

#endif
