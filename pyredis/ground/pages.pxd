"""Runs of entire pages that are not reused while anything, including the kernel, still refers to them.

Bytes sent by reference to their pages stay in the receiver's queue until the receiver reads them, whatever the server
does meanwhile. So freed pages leave the address space: the kernel keeps those that it refers to, and the next owner of
the run gets other pages at the same address.
"""

cdef enum:
    # The longest run, in bytes: copying it must not delay other clients.
    PAGES_MAX = 4 << 20

# Allocates at least `size` bytes, 1 to PAGES_MAX; NULL when the system has no memory.
cdef void *pages_alloc(size_t size) noexcept nogil
# `size` is the size that was requested.
cdef void pages_free(void *run, size_t size) noexcept nogil
# The bytes that a run of `size` bytes occupies.
cdef size_t pages_footprint(size_t size) noexcept nogil
