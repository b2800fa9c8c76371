"""Blocks of bytes counted by reference (``include/blob.h``): a large value is read once, stored where it was read, and
sent from where it is stored.

Whoever holds a reference may read. Only a sole owner may write; with others, the bytes are copied first. A count that
is full takes no further owner: ``blob_hold`` says so, and the caller copies.
"""

from libc.stdint cimport uint64_t

from pyredis.ground.base cimport Slice, slice_of, unlikely
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_realloc

cdef extern from "blob.h" nogil:
    enum:
        BLOB_REFS_MAX

    ctypedef struct Blob:
        uint64_t size
        uint64_t refs
        uint64_t capacity

    char *blob_data(const Blob *blob)

cdef enum:
    # From this size on, bytes are shared instead of copied.
    BLOB_SHARED = 32768


cdef inline Blob *blob_new(size_t size, size_t capacity) noexcept nogil:
    """With one owner; the bytes are not set."""
    cdef Blob *blob = <Blob *> mem_alloc(sizeof(Blob) + capacity)
    blob.size = size
    blob.refs = 1
    blob.capacity = capacity
    return blob


cdef inline bint blob_hold(Blob *blob) noexcept nogil:
    """Adds an owner, if there may be another."""
    if unlikely(blob.refs == BLOB_REFS_MAX):
        return False
    blob.refs += 1
    return True


cdef inline void blob_release(Blob *blob) noexcept nogil:
    blob.refs -= 1
    if blob.refs == 0:
        mem_free(blob, sizeof(Blob) + blob.capacity)


cdef inline Blob *blob_grow(Blob *blob, size_t capacity) noexcept nogil:
    """The caller is the sole owner. The block may move."""
    blob = <Blob *> mem_realloc(blob, sizeof(Blob) + blob.capacity, sizeof(Blob) + capacity)
    blob.capacity = capacity
    return blob


cdef inline Slice blob_slice(const Blob *blob) noexcept nogil:
    return slice_of(blob_data(blob), blob.size)
