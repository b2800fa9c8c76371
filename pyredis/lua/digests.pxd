"""The SHA-1 digests that name scripts: 40 hexadecimal digits in lower case."""

from libc.stdint cimport uint8_t, uint32_t

from pyredis.ground.base cimport Slice

cdef extern from "sha1.h" nogil:
    enum:
        SHA1_SIZE

    void sha1(const void *message, size_t size, uint8_t *digest)
    void sha1_begin(uint32_t *state)
    void sha1_add(uint32_t *state, const void *part, size_t size)
    void sha1_end(uint32_t *state, const void *part, size_t left, size_t size, uint8_t *digest)

cdef enum:
    DIGEST_SIZE = 40


cdef inline void hex_digest(Slice text, char *out) noexcept nogil:
    """Writes the digest of a text: DIGEST_SIZE bytes."""
    cdef uint8_t digest[SHA1_SIZE]
    sha1(text.data, text.size, digest)
    write_digits(digest, out)


cdef inline void write_digits(const uint8_t *digest, char *out) noexcept nogil:
    cdef const char *digits = "0123456789abcdef"
    cdef int index
    for index in range(SHA1_SIZE):
        out[2 * index] = digits[digest[index] >> 4]
        out[2 * index + 1] = digits[digest[index] & 15]
