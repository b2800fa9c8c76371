/* Copies a few bytes without a call: most elements of packs are that short. */
#ifndef PYREDIS_SHORT_COPY_H
#define PYREDIS_SHORT_COPY_H

#include <stddef.h>
#include <string.h>

/* Copies at most 64 bytes, which must not overlap their copy. Works in pieces of fixed size, of which the last overlaps
 * the previous one; nothing outside the `size` bytes is read or written. */
static inline void copy_short(void *to, const void *from, size_t size) {
    char *out = (char *)to;
    const char *in = (const char *)from;
    if (size >= 16) {
        memcpy(out, in, 16);
        if (size > 32) {
            memcpy(out + 16, in + 16, 16);
            if (size > 48) memcpy(out + 32, in + 32, 16);
        }
        memcpy(out + size - 16, in + size - 16, 16);
    } else if (size >= 8) {
        memcpy(out, in, 8);
        memcpy(out + size - 8, in + size - 8, 8);
    } else if (size >= 4) {
        memcpy(out, in, 4);
        memcpy(out + size - 4, in + size - 4, 4);
    } else if (size) {
        out[0] = in[0];
        out[size / 2] = in[size / 2];
        out[size - 1] = in[size - 1];
    }
}

#endif
