"""Writes and reads payloads; ``function_payload.pxd`` has the format. Nothing in a payload is trusted."""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, format_int64, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_realloc
from pyredis.types.packs.lzf cimport lzf_compress, lzf_decompress

cdef extern from "crc64.h" nogil:
    uint64_t crc64(const void *data, size_t size)

cdef enum:
    OPCODE = 245
    OPCODE_BEFORE_RELEASE = 246     # of release candidates of Redis 7.0
    FOOTER = 10                     # bytes: version and checksum
    # Sizes up to this are not compressed. Compression must save at least this many bytes.
    SHORT_TEXT = 20
    LEAST_SAVING = 4
    INTEGER_ROOM = 24               # for an integer as text
    # A reference of LZF, 3 bytes, makes at most 264.
    LZF_RATIO = 264 // 3

# The two highest bits of a size's first byte.
cdef enum SizeKind:
    SIZE_6 = 0
    SIZE_14 = 1
    SIZE_LONG = 2                   # 0x80: 32 bits follow; 0x81: 64 bits
    SIZE_ENCODED = 3                # the other 6 bits are an Encoding

cdef enum Encoding:
    ENCODED_INT8 = 0
    ENCODED_INT16 = 1
    ENCODED_INT32 = 2
    ENCODED_LZF = 3


# ---- writing ----

cdef char *reserve(Payload *payload, size_t more) noexcept nogil:
    cdef size_t capacity = max(2 * payload.capacity, payload.size + more)
    if payload.size + more > payload.capacity:
        payload.data = <char *> mem_realloc(payload.data, payload.capacity, capacity)
        payload.capacity = capacity
    return payload.data + payload.size


cdef void add_byte(Payload *payload, int byte) noexcept nogil:
    reserve(payload, 1)[0] = <char> byte
    payload.size += 1


cdef void add_number(Payload *payload, uint64_t value, int bytes, bint big_endian) noexcept nogil:
    cdef int index
    for index in range(bytes):
        add_byte(payload, <int> (value >> (8 * (bytes - 1 - index if big_endian else index)) & 0xff))


cdef void add_size(Payload *payload, uint64_t size) noexcept nogil:
    if size < 1 << 6:
        add_byte(payload, <int> size)
    elif size < 1 << 14:
        add_number(payload, size | SIZE_14 << 14, 2, True)
    elif size < <uint64_t> 1 << 32:
        add_byte(payload, 0x80)
        add_number(payload, size, 4, True)
    else:
        add_byte(payload, 0x81)
        add_number(payload, size, 8, True)


cdef bint add_compressed(Payload *payload, Slice code) noexcept nogil:
    """Adds the text compressed; false if that would not make it smaller."""
    cdef char *out
    cdef size_t size
    if code.size <= SHORT_TEXT:
        return False
    out = <char *> mem_alloc(code.size)
    size = lzf_compress(code.data, code.size, out, code.size - LEAST_SAVING)
    if size:
        add_byte(payload, SIZE_ENCODED << 6 | ENCODED_LZF)
        add_size(payload, size)
        add_size(payload, code.size)
        memcpy(reserve(payload, size), out, size)
        payload.size += size
    mem_free(out, code.size)
    return size > 0


cdef void payload_add(Payload *payload, Slice code) noexcept nogil:
    add_byte(payload, OPCODE)
    if not add_compressed(payload, code):
        add_size(payload, code.size)
        memcpy(reserve(payload, code.size), code.data, code.size)
        payload.size += code.size


cdef void payload_end(Payload *payload) noexcept nogil:
    add_number(payload, PAYLOAD_VERSION, 2, False)
    add_number(payload, crc64(payload.data, payload.size), 8, False)


# ---- reading ----

cdef uint64_t number_at(const char *data, int bytes, bint big_endian) noexcept nogil:
    cdef uint64_t value = 0
    cdef int index
    for index in range(bytes):
        value = value << 8 | <uint8_t> data[index if big_endian else bytes - 1 - index]
    return value


cdef bint payload_open(Payload *payload, Slice data) noexcept nogil:
    if data.size < FOOTER:
        return False
    payload.data = <char *> data.data
    payload.size = data.size - FOOTER
    return number_at(data.data + payload.size, 2, False) <= LATEST_VERSION and \
        crc64(data.data, data.size - 8) == number_at(data.data + data.size - 8, 8, False)


cdef bint read_number(Payload *payload, int bytes, bint big_endian, uint64_t *value) noexcept nogil:
    if payload.size - payload.at < <size_t> bytes:
        return False
    value[0] = number_at(payload.data + payload.at, bytes, big_endian)
    payload.at += bytes
    return True


cdef bint read_size(Payload *payload, uint64_t *size, bint *encoded) noexcept nogil:
    """Reads a size, or an Encoding; false if it is invalid or truncated."""
    cdef uint64_t first, rest
    if not read_number(payload, 1, True, &first):
        return False
    encoded[0] = first >> 6 == SIZE_ENCODED
    size[0] = first & 0x3f
    if first >> 6 == SIZE_14:
        if not read_number(payload, 1, True, &rest):
            return False
        size[0] = (first & 0x3f) << 8 | rest
    elif first >> 6 == SIZE_LONG:
        return first & 0x3f <= 1 and read_number(payload, 8 if first & 1 else 4, True, size)
    return True


cdef bint take(Payload *payload, uint64_t size, Slice *bytes) noexcept nogil:
    if payload.size - payload.at < size:
        return False
    bytes[0] = slice_of(payload.data + payload.at, size)
    payload.at += size
    return True


cdef char *text_room(Payload *payload, size_t size) noexcept nogil:
    if size > payload.text_capacity:
        payload.text = <char *> mem_realloc(payload.text, payload.text_capacity, size)
        payload.text_capacity = size
    return payload.text


cdef bint read_lzf(Payload *payload, Slice *code) noexcept nogil:
    cdef uint64_t size, original
    cdef bint encoded
    cdef Slice packed
    if not read_size(payload, &size, &encoded) or encoded or not read_size(payload, &original, &encoded) or encoded:
        return False
    if not take(payload, size, &packed) or original == 0 or original > size * LZF_RATIO:
        return False
    code[0] = slice_of(text_room(payload, original), original)
    return lzf_decompress(packed.data, packed.size, payload.text, original) == original


cdef bint read_integer(Payload *payload, int encoding, Slice *code) noexcept nogil:
    """Reads a text that is an integer: 1, 2 or 4 bytes, little-endian."""
    cdef uint64_t bits
    cdef int64_t value
    if not read_number(payload, 1 << encoding, False, &bits):
        return False
    if encoding == ENCODED_INT8:
        value = <int8_t> bits
    else:
        value = <int16_t> bits if encoding == ENCODED_INT16 else <int32_t> bits
    code[0] = slice_of(text_room(payload, INTEGER_ROOM), 0)
    code.size = format_int64(payload.text, value)
    return True


cdef bint read_text(Payload *payload, Slice *code) noexcept nogil:
    cdef uint64_t size
    cdef bint encoded
    if not read_size(payload, &size, &encoded):
        return False
    if not encoded:
        return take(payload, size, code)
    if size == ENCODED_LZF:
        return read_lzf(payload, code)
    return size < ENCODED_LZF and read_integer(payload, <int> size, code)


cdef const char *payload_next(Payload *payload, Slice *code) noexcept nogil:
    cdef int opcode
    code[0] = slice_of(NULL, 0)
    if payload.at == payload.size:
        return NULL
    opcode = <uint8_t> payload.data[payload.at]
    payload.at += 1
    if opcode == OPCODE_BEFORE_RELEASE:
        return "ERR Pre-GA function format not supported"
    if opcode != OPCODE:
        return "ERR given type is not a function"
    if not read_text(payload, code):
        return "ERR Failed loading library payload"
    return NULL


cdef void payload_free(Payload *payload) noexcept nogil:
    if payload.capacity:
        mem_free(payload.data, payload.capacity)
    mem_free(payload.text, payload.text_capacity)
