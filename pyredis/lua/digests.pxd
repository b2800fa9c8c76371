"""The SHA-1 digests that name scripts: 40 hexadecimal digits in lower case."""

from libc.stdint cimport uint8_t

from pyredis.ground.base cimport Slice

cdef extern from "sha1.h" nogil:
    enum:
        SHA1_SIZE

    void sha1(const void *message, size_t size, uint8_t *digest)

cdef enum:
    DIGEST_SIZE = 40


cdef inline void hex_digest(Slice text, char *out) noexcept nogil:
    """Writes the digest of a text: DIGEST_SIZE bytes."""
    cdef uint8_t digest[SHA1_SIZE]
    cdef const char *digits = "0123456789abcdef"
    cdef int index
    sha1(text.data, text.size, digest)
    for index in range(SHA1_SIZE):
        out[2 * index] = digits[digest[index] >> 4]
        out[2 * index + 1] = digits[digest[index] & 15]
