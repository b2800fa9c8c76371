"""The memory of a log's ring: bytes by their position in the stream.

It holds ``capacity`` consecutive positions; its user knows which. A run of positions occupies at most two spans: up to
the *seam*, where the memory ends, and on from its beginning. Nothing here is synchronized.
"""

from libc.stdint cimport uint64_t
from libc.stdio cimport fprintf, stderr
from libc.stdlib cimport abort, calloc, free
from libc.string cimport memcpy

cdef struct Ring:
    char *data
    size_t capacity     # a power of two
    uint64_t origin     # the position that is at data[0], plus or minus any multiple of the capacity


cdef inline void *ring_allocate(size_t size) noexcept nogil:
    """Returns zeroed memory from calloc: another thread may free it, and only the loop's may use the allocator module.
    """
    cdef void *block = calloc(1, size)
    if block == NULL:
        fprintf(stderr, "Out of memory allocating %zu bytes for the append only file!\n", size)
        abort()
    return block


cdef inline void ring_init(Ring *ring, size_t capacity) noexcept nogil:
    ring.data = <char *>ring_allocate(capacity)
    ring.capacity = capacity
    ring.origin = 0


cdef inline size_t ring_span(const Ring *ring, uint64_t position, size_t size) noexcept nogil:
    """Returns how many of `size` bytes at `position` are before the seam."""
    cdef size_t room = ring.capacity - <size_t>((position - ring.origin) & (ring.capacity - 1))
    return size if size < room else room


cdef inline char *ring_place(const Ring *ring, uint64_t position) noexcept nogil:
    return ring.data + <size_t>((position - ring.origin) & (ring.capacity - 1))


cdef inline void ring_store(Ring *ring, uint64_t position, const char *data, size_t size) noexcept nogil:
    cdef size_t first = ring_span(ring, position, size)
    memcpy(ring_place(ring, position), data, first)
    if first < size:
        memcpy(ring.data, data + first, size - first)


cdef inline void ring_load(const Ring *ring, uint64_t position, char *out, size_t size) noexcept nogil:
    cdef size_t first = ring_span(ring, position, size)
    memcpy(out, ring_place(ring, position), first)
    if first < size:
        memcpy(out + first, ring.data, size - first)


cdef inline void ring_move(Ring *ring, size_t capacity, uint64_t start, uint64_t end) noexcept nogil:
    """Moves the positions from `start` to `end`, which must fit, into memory of `capacity` bytes."""
    cdef size_t size = <size_t>(end - start)
    cdef size_t first = ring_span(ring, start, size)
    cdef char *data = <char *>ring_allocate(capacity)
    memcpy(data, ring_place(ring, start), first)
    memcpy(data + first, ring.data, size - first)
    free(ring.data)
    ring.data = data
    ring.capacity = capacity
    ring.origin = start
