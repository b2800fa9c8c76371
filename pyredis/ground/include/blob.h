/* A block of bytes that several owners share: the value of a key, the argument that brought it, a reply being sent.
 *
 *   6 bytes   size: bytes in use
 *   2 bytes   refs: owners
 *   6 bytes   capacity: bytes allocated
 *   1 byte    replies: complete replies made of it since it was last written, as far as they are counted
 *   1 byte    before: size of the text before the bytes in a sealed block, in bytes; 0 in any other
 *  [n bytes]  the text before
 *   n bytes   the bytes
 *  [2 bytes]  the text after, in a sealed block
 */
#ifndef PYREDIS_BLOB_H
#define PYREDIS_BLOB_H

#include <stdint.h>

enum { BLOB_REFS_MAX = (1 << 16) - 1, BLOB_AFTER = 2 };

/* Addresses have 47 bits, so 48 are enough for a size. */
typedef struct Blob {
    uint64_t size : 48;
    uint64_t refs : 16;
    uint64_t capacity : 48;
    uint64_t replies : 8;
    uint64_t before : 8;
} Blob;

static inline char *blob_data(const Blob *b) { return (char *)(b + 1) + b->before; }

#endif
