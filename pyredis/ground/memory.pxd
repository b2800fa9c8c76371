"""The one allocator between the core and the system.

Blocks of up to ``SMALL_MAX`` bytes come from slabs with a size class every 8 bytes. They have no header, so every
release must pass the size that was requested. Larger blocks come from malloc, the largest tables from anonymous pages.
The use of an account is exact: the sum of what its live blocks occupy, class rounding included. No function fails:
when the system has no memory, the process reports that on standard error and aborts, as Redis does. Only a thread that
holds the interpreter's lock may call these functions.
"""

from libc.stdint cimport int64_t

# The memory that one server uses: each has an account of its own, so that `used_memory` and `maxmemory` concern that
# server only. Blocks do not record their owner: allocations and releases count for the account that the thread has
# entered last. Every entry point into a server's code enters its account first. Callbacks of the loop leave it entered.
# Whatever may be called while another server's code runs (`Core.call`, finalizers) restores the account that it found.
ctypedef struct Account:
    int64_t used            # bytes in live blocks
    int64_t peak            # the highest value of `used` so far
    int64_t limit           # what `used` is to stay below, 0 for no limit; only the growth of tables asks for it
    Account *next           # in the list of closed accounts

cdef enum:
    SMALL_MAX = 512
    CLASSES = SMALL_MAX // 8 + 1

# The slabs of the blocks of one size, which is eight times the class's place.
ctypedef struct SlabClass:
    size_t slabs
    size_t blocks           # that the slabs have room for
    size_t used

# Of the process, which may hold several servers.
ctypedef struct MemoryStats:
    size_t arenas
    size_t empty_arenas
    SlabClass classes[CLASSES]

cdef void *mem_alloc(size_t size) noexcept nogil
cdef void *mem_zalloc(size_t size) noexcept nogil
# `size` is the size that was requested. NULL is allowed with any size.
cdef void mem_free(void *block, size_t size) noexcept nogil
# Keeps the contents up to the smaller of the two sizes; the block may move. `block` may be NULL with `old_size` 0.
cdef void *mem_realloc(void *block, size_t old_size, size_t new_size) noexcept nogil
# Doubles the capacity of an array, to at least `least` items, and updates `capacity` (in items of `width` bytes).
cdef void *mem_grow(void *items, size_t *capacity, size_t width, size_t least) noexcept nogil
# The bytes that a block of `size` occupies, class rounding included.
cdef size_t mem_footprint(size_t size) noexcept nogil
# Zeroed, 64-byte aligned blocks for bucket arrays; large ones on pages of their own.
cdef void *mem_alloc_table(size_t size) noexcept nogil
cdef void mem_free_table(void *block, size_t size) noexcept nogil
# Call it when the array has been filled: where huge pages are allowed, the system may then back it with them.
cdef void mem_advise_table(void *block, size_t size) noexcept nogil
# Returns the pages of [begin, end) to the system; they read as zeros from then on. Works best on multiples of 2 MiB.
cdef void mem_discard_table(void *block, size_t size, size_t begin, size_t end) noexcept nogil
# Returns an empty arena (2 MiB), or the vacant slabs of one, to the system; false when there is nothing to return. Must
# be called now and then, because nothing else returns the memory of small blocks.
cdef bint mem_trim() noexcept nogil
# Returns all free memory to the system: empty arenas, and what malloc has kept.
cdef void mem_purge() noexcept nogil
cdef void mem_stats(MemoryStats *stats) noexcept nogil
# Sets whether memory mapped from now on may be backed with huge pages (Linux only; off by default).
cdef void mem_allow_huge(bint allowed) noexcept nogil
# Counts bytes that were allocated elsewhere; `more` is negative when they are released.
cdef void mem_count(ssize_t more) noexcept nogil
# Whether the account that memory counts for would exceed its limit with `size` more bytes.
cdef bint mem_would_exceed(size_t size) noexcept nogil
cdef Account *mem_account_new() noexcept nogil
# Nothing more may be allocated for the account.
cdef void mem_account_close(Account *account) noexcept nogil
# Makes memory count for this account from now on. Returns the previous one, so that a nested call can restore it.
cdef Account *mem_enter(Account *account) noexcept nogil
# The account that memory counts for now.
cdef Account *mem_account() noexcept nogil
