"""The run: elements of a list in one block with room to grow at both ends.

Layout: ``capacity`` (32 bits, the size of the block), ``count`` (of elements; its highest two bits are never set, so
owners can use them to recognize other blocks), ``begin`` and ``end`` (offsets of the first element and of the byte
after the last), a gap, the elements, a gap. Elements have backward lengths, as in a pack (``listpack.pxd``), so that
both ends can be accessed directly.

A position is the offset of an element from the start of the block, valid until the next change. ``end`` is the position
after the last element. Functions that may move the run take ``Run **``.
"""

from libc.stdint cimport uint8_t, uint32_t

from pyredis.types.packs.listpack cimport Pack, PackCode, pack_backlink, pack_extent

cdef enum:
    RUN_HEADER = 16

ctypedef struct Run:
    uint32_t capacity
    uint32_t count
    uint32_t begin
    uint32_t end


cdef inline size_t run_used(const Run *run) noexcept nogil:
    """Returns the bytes of the elements."""
    return run.end - run.begin


cdef inline const uint8_t *run_bytes(const Run *run) noexcept nogil:
    return <const uint8_t *> run


cdef inline size_t run_next(const Run *run, size_t at) noexcept nogil:
    cdef size_t extent = pack_extent(run_bytes(run) + at)
    return at + extent + pack_backlink(extent)


# Returns an empty run with `room` free bytes, all of them before future elements if `front`, otherwise after them.
cdef Run *run_new(size_t room, bint front) noexcept nogil
# Copies the run without the gaps.
cdef Run *run_copy(const Run *run) noexcept nogil
cdef void run_free(Run *run) noexcept nogil
cdef size_t run_memory(const Run *run) noexcept nogil
cdef bint run_sound(const Run *run) noexcept nogil
# Fully validates `size` untrusted bytes, aligned like an allocation, as a run.
cdef bint run_check(const uint8_t *bytes, size_t size) noexcept nogil
# Returns the position of the element of this index, which must exist.
cdef size_t run_seek(const Run *run, size_t index) noexcept nogil

# Makes room for `need` more bytes at one end.
cdef void run_reserve(Run **run, size_t need, bint front) noexcept nogil
# Releases most of the gaps if they are far larger than the elements.
cdef void run_fit(Run **run) noexcept nogil
cdef void run_push(Run **run, const PackCode *code, bint front) noexcept nogil
# Removes the first or the last element, which must exist.
cdef void run_drop(Run *run, bint front) noexcept nogil
cdef void run_insert(Run **run, size_t at, const PackCode *code) noexcept nogil
cdef void run_replace(Run **run, size_t at, const PackCode *code) noexcept nogil
# Removes the `count` elements in [at, to).
cdef void run_delete(Run *run, size_t at, size_t to, size_t count) noexcept nogil
# Removes elements equal to `code`: keeps the first `skip` of them and removes at most `limit`. Returns how many were
# removed.
cdef size_t run_delete_equal(Run *run, const PackCode *code, size_t skip, size_t limit) noexcept nogil

# Returns the `count` elements in [at, to) as a pack without backward lengths.
cdef Pack *run_sealed(const Run *run, size_t at, size_t to, size_t count) noexcept nogil
# Returns a run of the elements of such a pack.
cdef Run *run_unsealed(const Pack *pack) noexcept nogil
# Appends the elements of another run.
cdef void run_append(Run **run, const Run *other) noexcept nogil
