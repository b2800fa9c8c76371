"""Blocks of bytes counted by reference (``include/blob.h``): a large value is read once, stored where it was read, and
sent from where it is stored.

Whoever holds a reference may read. Only a sole owner may write; with others, the bytes are copied first. A count that
is full takes no further owner: ``blob_hold`` says so, and the caller copies.

A *sealed* block is never written at all. It may be sent by reference to its pages, and nobody learns when the last
receiver has read them; so it owns them alone (``_pages``). Its bytes stand between a text before and one after, so that
a reply is one piece of memory.
"""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, slice_of, unlikely
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_realloc
from pyredis.ground.pages cimport PAGES_MAX, pages_alloc, pages_footprint, pages_free

cdef extern from "blob.h" nogil:
    enum:
        BLOB_REFS_MAX
        BLOB_AFTER

    ctypedef struct Blob:
        uint64_t size
        uint64_t refs
        uint64_t capacity
        uint64_t replies
        uint64_t before

    char *blob_data(const Blob *blob)

cdef enum:
    # From this size on, bytes are shared instead of copied.
    BLOB_SHARED = 32768
    # The last page of a sealed block is not full: what is lost may be one in so many bytes.
    BLOB_LOSS = 8


cdef inline Blob *blob_new(size_t size, size_t capacity) noexcept nogil:
    """With one owner; the bytes are not set."""
    cdef Blob *blob = <Blob *> mem_alloc(sizeof(Blob) + capacity)
    blob.size = size
    blob.refs = 1
    blob.capacity = capacity
    blob.replies = 0
    blob.before = 0
    return blob


cdef inline bint blob_is_sealed(const Blob *blob) noexcept nogil:
    return blob.before != 0


cdef inline size_t sealed_size(size_t before, size_t size) noexcept nogil:
    return sizeof(Blob) + before + size + BLOB_AFTER


cdef inline bint blob_may_be_sealed(size_t before, size_t size) noexcept nogil:
    cdef size_t whole = sealed_size(before, size)
    return whole <= PAGES_MAX and (pages_footprint(whole) - whole) * BLOB_LOSS <= whole


cdef inline Blob *blob_sealed(const Blob *blob, Slice before, const char *after) noexcept nogil:
    """A sealed copy with one owner; NULL where there is no memory for it. ``blob_may_be_sealed`` has said so before."""
    cdef Blob *sealed = <Blob *> pages_alloc(sealed_size(before.size, blob.size))
    if sealed == NULL:
        return NULL
    sealed.size = blob.size
    sealed.refs = 1
    sealed.capacity = blob.size
    sealed.replies = 0
    sealed.before = before.size
    memcpy(<char *> (sealed + 1), before.data, before.size)
    memcpy(blob_data(sealed), blob_data(blob), blob.size)
    memcpy(blob_data(sealed) + blob.size, after, BLOB_AFTER)
    return sealed


cdef inline bint blob_hold(Blob *blob) noexcept nogil:
    """Adds an owner, if there may be another."""
    if unlikely(blob.refs == BLOB_REFS_MAX):
        return False
    blob.refs += 1
    return True


cdef inline void blob_release(Blob *blob) noexcept nogil:
    blob.refs -= 1
    if blob.refs:
        return
    if blob_is_sealed(blob):
        pages_free(blob, sealed_size(blob.before, blob.size))
    else:
        mem_free(blob, sizeof(Blob) + blob.capacity)


cdef inline bint blob_begin_write(Blob *blob) noexcept nogil:
    """To be called by an owner that is about to write into it: whether it may."""
    if blob.refs > 1 or blob_is_sealed(blob):
        return False
    blob.replies = 0
    return True


cdef inline Blob *blob_grow(Blob *blob, size_t capacity) noexcept nogil:
    """The caller is the sole owner, and the block is not sealed. It may move."""
    blob = <Blob *> mem_realloc(blob, sizeof(Blob) + blob.capacity, sizeof(Blob) + capacity)
    blob.capacity = capacity
    return blob


cdef inline Slice blob_slice(const Blob *blob) noexcept nogil:
    return slice_of(blob_data(blob), blob.size)


cdef inline Slice blob_framed(const Blob *blob) noexcept nogil:
    """The bytes of a sealed block with the texts around them."""
    return slice_of(<const char *> (blob + 1), blob.before + blob.size + BLOB_AFTER)


cdef inline size_t blob_footprint(const Blob *blob) noexcept nogil:
    if blob_is_sealed(blob):
        return pages_footprint(sealed_size(blob.before, blob.size))
    return mem_footprint(sizeof(Blob) + blob.capacity)
