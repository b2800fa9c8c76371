"""Runs of whole pages: no byte of them is ever anybody else's while a reference to them is left, not even the kernel's.

What is sent by reference to its pages lies in the receiver's queue for as long as the receiver likes, whatever the
server does meanwhile. So pages that are given back leave the address space: the kernel keeps what it refers to, and
whoever is given the run next finds other pages there.
"""

cdef enum:
    # The longest run, in bytes: a copy of it must not keep others waiting.
    PAGES_MAX = 4 << 20

# At least `size` bytes, from 1 up to PAGES_MAX; NULL where the system has none to give.
cdef void *pages_alloc(size_t size) noexcept nogil
# `size` is what was asked for.
cdef void pages_free(void *run, size_t size) noexcept nogil
# What a run of `size` bytes occupies.
cdef size_t pages_footprint(size_t size) noexcept nogil
