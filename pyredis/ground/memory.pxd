"""The one allocator between the core and the system.

Blocks up to ``SMALL_MAX`` bytes come from slabs with a class every 8 bytes and no header of their own, which is why
every release names the size it was asked for. Larger ones come from malloc, the largest from anonymous pages.
What an account has used is exact: the sum of what its living blocks occupy, class rounding included. No function fails:
a process that cannot have memory logs it and aborts, as Redis does. All of it belongs to the thread that runs the
loop (they are called with the interpreter's lock held).
"""

from libc.stdint cimport int64_t

# Who uses memory: each server has an account of its own, so that its `used_memory` and `maxmemory` are about itself.
# Blocks carry no owner: what is allocated and released counts for the account entered last. Whatever runs code of a
# server from outside enters its account first (callbacks of the loop, methods of Core), and leaves it entered.
ctypedef struct Account:
    int64_t used            # bytes in living blocks
    int64_t peak            # the highest it was
    bint closed

cdef enum:
    SMALL_MAX = 512

cdef void *mem_alloc(size_t size) noexcept nogil
cdef void *mem_zalloc(size_t size) noexcept nogil
# `size` is what was asked for. NULL is allowed with any size.
cdef void mem_free(void *block, size_t size) noexcept nogil
# Moves what fits of the old block; `block` may be NULL with `old_size` 0.
cdef void *mem_realloc(void *block, size_t old_size, size_t new_size) noexcept nogil
# An array of twice as many items, `least` at the beginning; `capacity`, in items of `width` bytes, follows.
cdef void *mem_grow(void *items, size_t *capacity, size_t width, size_t least) noexcept nogil
# What a block of `size` occupies, class rounding included.
cdef size_t mem_footprint(size_t size) noexcept nogil
# Zeroed, 64-byte aligned blocks for bucket arrays; large ones on pages of their own.
cdef void *mem_alloc_table(size_t size) noexcept nogil
cdef void mem_free_table(void *block, size_t size) noexcept nogil
# The array is filled and will be used as it is: where huge pages are allowed, the system may back it with them.
cdef void mem_advise_table(void *block, size_t size) noexcept nogil
# Gives the pages of [begin, end) back to the system; they read as zeros from then on. 2 MiB multiples for good effect.
cdef void mem_discard_table(void *block, size_t size, size_t begin, size_t end) noexcept nogil
# Gives one arena that no block is in (2 MiB) back to the system; false when there is none to give. To be called now and
# then: nothing else gives back what small blocks have left.
cdef bint mem_trim() noexcept nogil
# Whether what is mapped from now on may be backed with huge pages (Linux; not until this is called).
cdef void mem_allow_huge(bint allowed) noexcept nogil
# Counts bytes in use that were allocated elsewhere; fewer than none once they are released.
cdef void mem_count(ssize_t more) noexcept nogil
cdef Account *mem_account_new() noexcept nogil
# Nothing more will be allocated for it. It goes with its last block, or stays with what is never released.
cdef void mem_account_close(Account *account) noexcept nogil
# From now on memory counts for this account. Returns the one before, for those that interrupt others.
cdef Account *mem_enter(Account *account) noexcept nogil
# The account that memory counts for.
cdef Account *mem_account() noexcept nogil
