"""Reference-counted blocks of bytes (``include/blob.h``): a large value is read once, stored where it was read, and
sent from where it is stored.

Every owner of a reference may read. Only a sole owner may write; if there are others, the bytes are copied first. When
the reference count is at its maximum, ``blob_hold`` returns false and the caller makes a copy.

A *sealed* block is never written again. It may be sent by reference to its pages, and there is no way to learn when the
last receiver has read them; so no other block shares these pages (``ground/pages``). Its bytes are enclosed by one text
before and one after them, so that a reply is one piece of memory.
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
    # The unused rest of a sealed block's last page may be at most 1/BLOB_LOSS of the block's size.
    BLOB_LOSS = 8


cdef inline Blob *blob_new(size_t size, size_t capacity) noexcept nogil:
    """Returns a block with one owner and uninitialized bytes."""
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
    """Returns a sealed copy with one owner, NULL without memory for it. ``blob_may_be_sealed`` must have been true."""
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
    """Adds an owner; false when the count is at its maximum."""
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
    """Returns whether the caller, an owner, may write into the block; must be called before every write."""
    if blob.refs > 1 or blob_is_sealed(blob):
        return False
    blob.replies = 0
    return True


cdef inline Blob *blob_grow(Blob *blob, size_t capacity) noexcept nogil:
    """Enlarges a block, which may move. The caller must be the sole owner, and the block not sealed."""
    blob = <Blob *> mem_realloc(blob, sizeof(Blob) + blob.capacity, sizeof(Blob) + capacity)
    blob.capacity = capacity
    return blob


cdef inline Slice blob_slice(const Blob *blob) noexcept nogil:
    return slice_of(blob_data(blob), blob.size)


cdef inline Slice blob_framed(const Blob *blob) noexcept nogil:
    """Returns the bytes of a sealed block together with the texts around them."""
    return slice_of(<const char *> (blob + 1), blob.before + blob.size + BLOB_AFTER)


cdef inline size_t blob_footprint(const Blob *blob) noexcept nogil:
    if blob_is_sealed(blob):
        return pages_footprint(sealed_size(blob.before, blob.size))
    return mem_footprint(sizeof(Blob) + blob.capacity)
