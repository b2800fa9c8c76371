"""Python handles for HyperLogLogs, used only by the tests. Values are bytes; changed values are returned."""

from libc.stdint cimport uint8_t, uint64_t

from pyredis.ground.base cimport slice_of
from pyredis.types.sketches.hyperloglog cimport (
    HLL_CHANGE,
    HLL_DENSE_SIZE,
    HLL_EMPTY_SIZE,
    HLL_REGISTERS,
    Raising,
    SparseChange,
    dense_raise,
    hll_cache,
    hll_cached,
    hll_count,
    hll_make_empty,
    hll_merge,
    hll_recognized,
    hll_register_of,
    hll_self_test,
    hll_to_dense,
    sparse_change,
    sparse_raise,
    sparse_start,
)

REGISTERS = HLL_REGISTERS


def recognized(bytes value):
    return hll_recognized(slice_of(value, len(value)))


def empty():
    cdef bytearray value = bytearray(HLL_EMPTY_SIZE)
    hll_make_empty(value)
    return bytes(value)


def register_of(bytes element):
    """Returns the register of an element and the value for it."""
    cdef int value
    index = hll_register_of(element, len(element), &value)
    return index, value


def raise_sparse(bytes value, raisings, size_t most_bytes, bint resume=False):
    """Applies each (register, value) in turn; returns the last outcome and the new value.

    Stops at the first outcome that is not KEEP or CHANGE. With ``resume``, each search continues where the previous one
    allows it.
    """
    cdef SparseChange change
    cdef Raising outcome
    cdef bytearray room
    sparse_start(&change)
    code = 0
    for index, register in raisings:
        if not resume:
            sparse_start(&change)
        outcome = sparse_raise(slice_of(value, len(value)), index, register, most_bytes, &change)
        code = <int> outcome
        if code not in (0, 1):
            break
        if outcome == HLL_CHANGE:
            room = bytearray(value) + bytearray(max(<int> change.new_size - <int> change.old_size, 0))
            value = bytes(room[:sparse_change(room, len(value), &change)])
    return code, value


def raise_dense(bytes value, int index, int register):
    cdef bytearray changed = bytearray(value)
    return dense_raise(changed, index, register), bytes(changed)


def to_dense(bytes value):
    """Returns the value in the dense form; None if it is corrupt."""
    cdef bytearray dense = bytearray(HLL_DENSE_SIZE)
    return bytes(dense) if hll_to_dense(slice_of(value, len(value)), dense) else None


def merge(bytes value, bytes registers):
    """Returns the registers, raised to those of the value; None if it is corrupt."""
    cdef bytearray raised = bytearray(registers)
    return bytes(raised) if hll_merge(slice_of(value, len(value)), <uint8_t *> <char *> raised) else None


def count(bytes value):
    """Returns the cardinality; None if the value is corrupt."""
    cdef uint64_t cardinality
    return cardinality if hll_count(slice_of(value, len(value)), &cardinality) else None


def cached(bytes value):
    cdef uint64_t cardinality
    return cardinality if hll_cached(value, &cardinality) else None


def with_cache(bytes value, cardinality):
    cdef bytearray changed = bytearray(value)
    hll_cache(changed, cardinality)
    return bytes(changed)


def self_test():
    cdef const char *wrong = hll_self_test()
    return wrong if wrong != NULL else None
