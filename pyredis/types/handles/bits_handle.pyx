"""Python handles for the arrays of bits, used only by the tests."""

from libc.stdint cimport uint8_t

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.types.sketches.bits cimport (
    BITS_AND,
    BITS_NOT,
    BITS_OR,
    BITS_XOR,
    BitOperation,
    bits_combine,
    bits_count,
    bits_count_bytes,
    bits_count_portable,
    bits_find,
    bits_get,
    bits_has_popcnt,
    bits_set,
)

OPERATIONS = {"AND": BITS_AND, "OR": BITS_OR, "XOR": BITS_XOR, "NOT": BITS_NOT}


def has_popcnt():
    return bits_has_popcnt()


def count_bytes(const uint8_t[:] text, bint portable=False):
    if text.shape[0] == 0:
        return bits_count_bytes(NULL, 0)
    return (bits_count_portable if portable else bits_count_bytes)(&text[0], text.shape[0])


def count(bytes text, first, end):
    return bits_count(text, first, end)


def find(bytes text, bint bit, first, end):
    return bits_find(text, bit, first, end)


def combine(str name, texts, size):
    cdef bytearray out = bytearray(size)
    cdef size_t bytes_of_slices = len(texts) * sizeof(Slice)
    cdef Slice *slices = <Slice *> mem_alloc(bytes_of_slices)
    for index, text in enumerate(texts):
        slices[index] = slice_of(text, len(text))
    bits_combine(<BitOperation> OPERATIONS[name], out, size, slices, len(texts))
    mem_free(slices, bytes_of_slices)
    return bytes(out)


def get(bytes text, offset, int width):
    return bits_get(slice_of(text, len(text)), offset, width)


def set_field(bytearray text, offset, int width, value):
    bits_set(text, len(text), offset, width, value)
