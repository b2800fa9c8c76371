/* A block of bytes that several owners share: the value of a key, the argument that brought it, a reply on its way.
 *
 *   6 bytes   size: bytes in use
 *   2 bytes   refs: owners
 *   6 bytes   capacity: bytes there are
 *   1 byte    replies: whole replies made of it since it was last written, as far as anybody counts
 *   1 byte    before: bytes of text before the bytes, in a sealed block; 0 in any other
 *  [n bytes]  the text before
 *   n bytes   the bytes
 *  [2 bytes]  the text after, in a sealed block
 */
#ifndef PYREDIS_BLOB_H
#define PYREDIS_BLOB_H

#include <stdint.h>

enum { BLOB_REFS_MAX = (1 << 16) - 1, BLOB_AFTER = 2 };

/* An address has 47 bits, and so has a size. */
typedef struct Blob {
    uint64_t size : 48;
    uint64_t refs : 16;
    uint64_t capacity : 48;
    uint64_t replies : 8;
    uint64_t before : 8;
} Blob;

static inline char *blob_data(const Blob *b) { return (char *)(b + 1) + b->before; }

#endif
