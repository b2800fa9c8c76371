"""The payload of FUNCTION DUMP and RESTORE, in the format of Redis's RDB files.

| bytes | what |
|---|---|
| 1 | 245, the opcode of a library |
| 1, 2, 5 or 9 | the size of its text: 6 bits; ``01`` and 14 bits; 80 and 32 bits; 81 and 64 bits, all big-endian |
| | the text; in place of size and text, C3 and two sizes precede a text compressed with LZF |
| … | further libraries |
| 2 | the RDB version, little-endian |
| 8 | the CRC-64 of everything before, little-endian |

Every Redis since 7.0 can restore a payload of ``PAYLOAD_VERSION``. Those up to 7.4 are accepted.
"""

from pyredis.ground.base cimport Slice

cdef enum:
    PAYLOAD_VERSION = 10        # of Redis 7.0, the first with functions
    LATEST_VERSION = 12         # of Redis 7.4

# A payload that is being written or read. Texts that are decompressed are in `text`.
ctypedef struct Payload:
    char *data
    size_t size
    size_t capacity             # when it is being written
    size_t at                   # when it is being read
    char *text
    size_t text_capacity

cdef void payload_add(Payload *payload, Slice code) noexcept nogil
cdef void payload_end(Payload *payload) noexcept nogil
# Begins reading; false if the version or the checksum is wrong.
cdef bint payload_open(Payload *payload, Slice data) noexcept nogil
# Reads the next library's text, which is valid until the next call; at the end it is a NULL pointer. Returns NULL, or
# the text of the error reply.
cdef const char *payload_next(Payload *payload, Slice *code) noexcept nogil
cdef void payload_free(Payload *payload) noexcept nogil
