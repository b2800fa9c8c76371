"""The slab allocator.

An arena is 2 MiB of anonymous memory, aligned to its size, so that the arena of any small block is found by masking
the block's address. It is cut into 32 slabs of 64 KiB; their headers are together at the beginning of the arena. A slab
serves one size class (a multiple of 8 bytes): first from its list of freed blocks, then from its untouched end.
Slabs with room are linked per class; a slab that becomes empty returns to its arena. Arenas without any slab are in a
list of their own: they are reused when no other arena has a vacant slab, and ``mem_trim`` returns them to the system,
except for one that is kept to prevent thrashing. Unmapping an arena takes a fraction of a millisecond, and when
scattered blocks are freed, most arenas become empty at about the same time; so unmapping is done in slices, never by a
release.

An arena with few blocks left may have many vacant slabs. ``mem_trim`` also returns the pages of vacant slabs: it
*discards* them, except for ``KEPT_SLABS`` that are likely to be used again soon. An arena whose slab has become vacant
moves to the front of its list, so that the next slab is taken where pages are present.

Blocks above ``SMALL_MAX`` bytes come from malloc. Its heap keeps what is freed in its middle. ``mem_trim`` makes the C
library return that when many of these blocks have been freed and few are left: the number of gaps in the heap, and so
the time that it takes, is bounded by the number of blocks. Bucket arrays of ``HUGE_TABLE`` bytes and more are mapped on
their own, so that unmapping returns them to the system at once. Neither is backed with huge pages unless
``mem_allow_huge`` has allowed it: while the system merges pages into a huge one, a thread that touches them waits
(milliseconds on a virtual machine), and merging goes on for as long as memory grows. Where huge pages are allowed, they
are requested only for memory that is already full: clearing a huge page on first touch would stop the server just as
long.

A build with ``PYREDIS_CHECKS`` allocates every block with malloc and stores its size before it: address sanitizers see
each block, and a release with the wrong size aborts.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy, memset

from pyredis.ground.base cimport likely, lowest_bit, unlikely

cdef extern from *:
    """
    #include <stdio.h>
    #include <stdlib.h>
    #include <sys/mman.h>
    #if defined(__APPLE__)
    #include <malloc/malloc.h>
    #define block_size(p) malloc_size(p)
    #else
    #include <malloc.h>
    #define block_size(p) malloc_usable_size(p)
    #endif
    // Of each thread, because servers may run in several. Initial-exec makes it as fast as a static variable.
    #if defined(__GLIBC__)
    static __thread void *entered_account __attribute__((tls_model("initial-exec")));
    #else
    static __thread void *entered_account;
    #endif
    #ifdef PYREDIS_CHECKS
    #define CHECKED 1
    #else
    #define CHECKED 0
    #endif

    static void out_of_memory(size_t size) {
        fprintf(stderr, "Out of memory allocating %zu bytes\\n", size);
        abort();
    }

    static void wrong_size(size_t asked, size_t named) {
        fprintf(stderr, "A block of %zu bytes was released as one of %zu\\n", asked, named);
        abort();
    }

    static int huge_allowed = 0;

    static char *map_anonymous(size_t size) {
        void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED) out_of_memory(size);
        return start;
    }

    /* The system maps next to the previous mapping, which is aligned already: so there is no gap between two arenas,
     * and they count as one of the process's mappings, whose number is limited. */
    static void *map_aligned(size_t size, size_t alignment) {
        char *start = map_anonymous(size);
        size_t lead = -(uintptr_t)start & (alignment - 1);
        if (lead) {
            munmap(start, size);
            start = map_anonymous(size + alignment);
            lead = -(uintptr_t)start & (alignment - 1);
            if (lead) munmap(start, lead);
            start += lead;
            munmap(start + size, alignment - lead);
        }
    #ifdef MADV_NOHUGEPAGE
        if (!huge_allowed) madvise(start, size, MADV_NOHUGEPAGE);
    #endif
        return start;
    }

    /* Only for memory that has been touched: a first touch then clears one small page, not a huge one, and the system
     * merges the pages into huge ones later. */
    static void advise_huge(void *start, size_t size) {
    #ifdef MADV_HUGEPAGE
        if (huge_allowed) madvise(start, size, MADV_HUGEPAGE);
    #else
        (void)start, (void)size;
    #endif
    }

    /* The C library keeps what is freed in the middle of its heap, until it is asked. */
    static void trim_heap(void) {
    #ifdef __GLIBC__
        malloc_trim(0);
    #endif
    }

    static void discard_pages(void *start, size_t size) { madvise(start, size, MADV_DONTNEED); }
    """
    enum: CHECKED
    bint huge_allowed
    size_t block_size(void *block) nogil
    void out_of_memory(size_t size) nogil
    void wrong_size(size_t asked, size_t named) nogil
    void *map_aligned(size_t size, size_t alignment) nogil
    void advise_huge(void *start, size_t size) nogil
    void discard_pages(void *start, size_t size) nogil
    void trim_heap() nogil
    int munmap(void *start, size_t size) nogil
    void *entered_account
    void *malloc(size_t size) nogil
    void *calloc(size_t count, size_t size) nogil
    void *realloc(void *block, size_t size) nogil
    void free(void *block) nogil
    int posix_memalign(void **out, size_t alignment, size_t size) nogil

cdef enum:
    ARENA_SIZE = 2 << 20
    SLAB_SIZE = 64 << 10
    SLABS = 32
    # Vacant slabs whose pages are kept.
    KEPT_SLABS = 32
    # The pages of an arena's header are never discarded; where pages are larger, those of the first slab are not.
    HEADER_PAGES = 4096
    HUGE_TABLE = 1 << 20
    # The heap is trimmed when this many bytes, and an eighth of what is left, have been freed since it was last, and at
    # most this many blocks are left.
    HEAP_FREED = 4 << 20
    HEAP_BLOCKS = 10000

cdef uint64_t ALL_VACANT = 0xffffffff

cdef struct Slab:
    void *returned          # freed blocks, linked through their first word
    Slab *next              # among the slabs of the class that have room
    Slab *previous
    char *fresh             # the first block never handed out
    char *end               # no block begins at or past it
    uint32_t living
    uint32_t size           # of each block
    uint64_t reserved[2]    # pads the header to 64 bytes

cdef struct Arena:
    Arena *next             # among the arenas with a free slab, or among those without any other
    Arena *previous
    uint64_t vacant         # bit i: slab i serves no class
    uint64_t discarded      # bit i: slab i is vacant, and has no pages
    uint64_t reserved[4]
    Slab slabs[SLABS]

cdef Slab *_with_room[CLASSES]
cdef Arena *_with_vacancy = NULL
cdef Arena *_empty = NULL
# How many slabs are vacant and have pages, in arenas that are not empty.
cdef size_t _retained = 0
# Blocks of malloc: how many, their bytes, and the most bytes since the heap was trimmed.
cdef size_t _heap_blocks = 0
cdef size_t _heap_bytes = 0
cdef size_t _heap_peak = 0
# For MEMORY MALLOC-STATS.
cdef size_t _arenas = 0
cdef size_t _slabs[CLASSES]
cdef size_t _blocks[CLASSES]    # in all slabs of the class, used and free
# For memory of no server: tests, and what is allocated before there is a server.
cdef Account _nobody
# Closed accounts, to be used again when empty. They are never freed: another thread may still have one entered.
cdef Account *_closed = NULL


cdef inline Account *entered() noexcept nogil:
    return <Account *> entered_account if entered_account != NULL else &_nobody


cdef inline void count(size_t size) noexcept nogil:
    cdef Account *account = entered()
    account.used += <int64_t> size
    if account.used > account.peak:
        account.peak = account.used


cdef void enter_heap(void *block) noexcept nogil:
    """Counts a block that malloc has returned."""
    global _heap_blocks, _heap_bytes, _heap_peak
    cdef size_t size = block_size(block) + 8
    _heap_blocks += 1
    _heap_bytes += size
    _heap_peak = max(_heap_peak, _heap_bytes)
    count(size)


cdef void leave_heap(void *block) noexcept nogil:
    """The same for a block that is about to be freed."""
    global _heap_blocks, _heap_bytes
    cdef size_t size = block_size(block) + 8
    _heap_blocks -= 1
    _heap_bytes -= size
    entered().used -= <int64_t> size


cdef bint is_heap_loose() noexcept nogil:
    """Returns whether the heap is worth trimming, and quickly trimmed."""
    return _heap_blocks <= HEAP_BLOCKS and _heap_peak - _heap_bytes >= HEAP_FREED + _heap_bytes // 8


cdef inline Arena *arena_of(void *block) noexcept nogil:
    return <Arena *> (<uintptr_t> block & ~<uintptr_t> (ARENA_SIZE - 1))


cdef inline Slab *slab_of(void *block) noexcept nogil:
    return &arena_of(block).slabs[(<uintptr_t> block & (ARENA_SIZE - 1)) // SLAB_SIZE]


cdef void link_arena(Arena **head, Arena *arena) noexcept nogil:
    arena.previous = NULL
    arena.next = head[0]
    if head[0] != NULL:
        head[0].previous = arena
    head[0] = arena


cdef void unlink_arena(Arena **head, Arena *arena) noexcept nogil:
    if arena.previous != NULL:
        arena.previous.next = arena.next
    else:
        head[0] = arena.next
    if arena.next != NULL:
        arena.next.previous = arena.previous


cdef void link_slab(Slab *slab) noexcept nogil:
    cdef Slab **head = &_with_room[slab.size // 8]
    slab.previous = NULL
    slab.next = head[0]
    if head[0] != NULL:
        head[0].previous = slab
    head[0] = slab


cdef void unlink_slab(Slab *slab) noexcept nogil:
    if slab.previous != NULL:
        slab.previous.next = slab.next
    else:
        _with_room[slab.size // 8] = slab.next
    if slab.next != NULL:
        slab.next.previous = slab.previous


cdef inline uint64_t retained_in(const Arena *arena) noexcept nogil:
    """Returns a bit for each vacant slab that has pages."""
    return arena.vacant & ~arena.discarded


cdef size_t bits_in(uint64_t mask) noexcept nogil:
    cdef size_t count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


cdef Arena *arena_with_vacancy() noexcept nogil:
    global _arenas, _retained
    cdef Arena *arena = _with_vacancy
    if arena != NULL:
        return arena
    arena = _empty
    if arena != NULL:
        unlink_arena(&_empty, arena)
    else:
        arena = <Arena *> map_aligned(ARENA_SIZE, ARENA_SIZE)
        arena.vacant = ALL_VACANT
        arena.discarded = ALL_VACANT
        _arenas += 1
    _retained += bits_in(retained_in(arena))
    link_arena(&_with_vacancy, arena)
    return arena


cdef int take_slab(Arena *arena) noexcept nogil:
    """Returns the index of a vacant slab, which is vacant no longer; one that has pages if there is any."""
    global _retained
    cdef uint64_t retained = retained_in(arena)
    cdef int index = lowest_bit(retained if retained else arena.vacant)
    _retained -= retained != 0
    arena.vacant &= ~(1ULL << index)
    arena.discarded &= ~(1ULL << index)
    return index


cdef Slab *new_slab(size_t size) noexcept nogil:
    """Returns a vacant slab, set up for blocks of ``size`` bytes and linked."""
    cdef Arena *arena = arena_with_vacancy()
    cdef int index = take_slab(arena)
    cdef Slab *slab = &arena.slabs[index]
    cdef char *base = <char *> arena + index * SLAB_SIZE
    if arena.vacant == 0:
        unlink_arena(&_with_vacancy, arena)
        advise_huge(arena, ARENA_SIZE)
    slab.end = base + SLAB_SIZE - size + 1
    if index == 0:
        base += sizeof(Arena)
    slab.returned = NULL
    slab.fresh = base
    slab.living = 0
    slab.size = <uint32_t> size
    link_slab(slab)
    _slabs[size // 8] += 1
    _blocks[size // 8] += blocks_in(slab)
    return slab


cdef inline size_t blocks_in(Slab *slab) noexcept nogil:
    """Returns how many blocks a slab has room for."""
    cdef char *base = <char *> arena_of(slab) + (slab - &arena_of(slab).slabs[0]) * SLAB_SIZE
    return (SLAB_SIZE - (sizeof(Arena) if base == <char *> arena_of(slab) else 0)) // slab.size


cdef void release_slab(Slab *slab) noexcept nogil:
    global _retained
    cdef Arena *arena = arena_of(slab)
    unlink_slab(slab)
    _slabs[slab.size // 8] -= 1
    _blocks[slab.size // 8] -= blocks_in(slab)
    if arena.vacant:
        unlink_arena(&_with_vacancy, arena)
    arena.vacant |= 1ULL << (slab - &arena.slabs[0])
    _retained += 1
    if arena.vacant == ALL_VACANT:
        _retained -= bits_in(retained_in(arena))
        link_arena(&_empty, arena)
    else:
        link_arena(&_with_vacancy, arena)


cdef bint mem_trim() noexcept nogil:
    if _empty != NULL and _empty.next != NULL:
        unmap_empty()
        return True
    if _retained > KEPT_SLABS:
        discard_vacant()
        return True
    if is_heap_loose():
        trim_heap_now()
    return False


cdef void trim_heap_now() noexcept nogil:
    global _heap_peak
    trim_heap()
    _heap_peak = _heap_bytes


cdef void discard_vacant() noexcept nogil:
    """Returns the pages of all vacant slabs of one arena to the system. There must be such a slab."""
    global _retained
    cdef Arena *arena = _with_vacancy
    cdef uint64_t retained
    cdef size_t begin, end
    while not retained_in(arena):
        arena = arena.next
    retained = retained_in(arena)
    arena.discarded |= retained
    _retained -= bits_in(retained)
    while retained:
        begin = lowest_bit(retained) * SLAB_SIZE
        end = begin + SLAB_SIZE
        begin = max(begin, <size_t> HEADER_PAGES)
        discard_pages(<char *> arena + begin, end - begin)
        retained &= retained - 1


cdef void unmap_empty() noexcept nogil:
    global _arenas
    cdef Arena *arena = _empty
    unlink_arena(&_empty, arena)
    munmap(arena, ARENA_SIZE)
    _arenas -= 1


cdef void mem_purge() noexcept nogil:
    while _empty != NULL:
        unmap_empty()
    while _retained:
        discard_vacant()
    trim_heap_now()


cdef size_t free_blocks(int which) noexcept nogil:
    cdef size_t total = 0
    cdef Slab *slab = _with_room[which]
    while slab != NULL:
        total += blocks_in(slab) - slab.living
        slab = slab.next
    return total


cdef void mem_stats(MemoryStats *stats) noexcept nogil:
    cdef int index
    cdef Arena *arena = _empty
    stats.arenas = _arenas
    stats.empty_arenas = 0
    while arena != NULL:
        stats.empty_arenas += 1
        arena = arena.next
    for index in range(CLASSES):
        stats.classes[index].slabs = _slabs[index]
        stats.classes[index].blocks = _blocks[index]
        stats.classes[index].used = _blocks[index] - free_blocks(index)


cdef inline void *small_alloc(size_t size) noexcept nogil:
    """Allocates a block; ``size`` must be the size of a class."""
    cdef Slab *slab = _with_room[size // 8]
    cdef void *block
    if unlikely(slab == NULL):
        slab = new_slab(size)
    block = slab.returned
    if block != NULL:
        slab.returned = (<void **> block)[0]
    else:
        block = slab.fresh
        slab.fresh += size
    slab.living += 1
    if unlikely(slab.returned == NULL and slab.fresh >= slab.end):
        unlink_slab(slab)
    return block


cdef inline void small_free(void *block) noexcept nogil:
    cdef Slab *slab = slab_of(block)
    cdef bint was_full = slab.returned == NULL and slab.fresh >= slab.end
    (<void **> block)[0] = slab.returned
    slab.returned = block
    slab.living -= 1
    if unlikely(was_full):
        link_slab(slab)
    if unlikely(slab.living == 0):
        release_slab(slab)


cdef inline size_t class_size(size_t size) noexcept nogil:
    return (size + 7) & ~<size_t> 7 if size > 0 else 8


cdef void *checked_alloc(size_t size) noexcept nogil:
    cdef size_t *block = <size_t *> malloc(size + 16)
    if block == NULL:
        out_of_memory(size)
    block[0] = size
    count(mem_footprint(size))
    return block + 2


cdef void checked_free(void *block, size_t size) noexcept nogil:
    cdef size_t *start = <size_t *> block - 2
    if start[0] != size:
        wrong_size(start[0], size)
    entered().used -= mem_footprint(size)
    free(start)


cdef void *checked_realloc(void *block, size_t old_size, size_t new_size) noexcept nogil:
    """Always moves the block, so that a stale pointer shows. Counts one block at a time, as with malloc's realloc."""
    cdef void *moved
    entered().used -= mem_footprint(old_size)
    moved = checked_alloc(new_size)
    entered().used += mem_footprint(old_size)
    memcpy(moved, block, min(old_size, new_size))
    checked_free(block, old_size)
    return moved


cdef void *mem_alloc(size_t size) noexcept nogil:
    cdef void *block
    if CHECKED:
        return checked_alloc(size)
    if likely(size <= SMALL_MAX):
        size = class_size(size)
        count(size)
        return small_alloc(size)
    block = malloc(size)
    if unlikely(block == NULL):
        out_of_memory(size)
    enter_heap(block)
    return block


cdef void *mem_zalloc(size_t size) noexcept nogil:
    cdef void *block
    if CHECKED or size <= SMALL_MAX:
        block = mem_alloc(size)
        memset(block, 0, size)
        return block
    # Pages fresh from the system are zero already, and occupy no memory before they are touched.
    block = calloc(1, size)
    if unlikely(block == NULL):
        out_of_memory(size)
    enter_heap(block)
    return block


cdef void mem_free(void *block, size_t size) noexcept nogil:
    if unlikely(block == NULL):
        return
    if CHECKED:
        checked_free(block, size)
    elif likely(size <= SMALL_MAX):
        entered().used -= class_size(size)
        small_free(block)
    else:
        leave_heap(block)
        free(block)


cdef void *mem_realloc(void *block, size_t old_size, size_t new_size) noexcept nogil:
    cdef void *moved
    if block == NULL:
        return mem_alloc(new_size)
    if CHECKED:
        return checked_realloc(block, old_size, new_size)
    if old_size <= SMALL_MAX and class_size(old_size) == class_size(new_size):
        return block
    if old_size > SMALL_MAX and new_size > SMALL_MAX:
        leave_heap(block)
        moved = realloc(block, new_size)
        if unlikely(moved == NULL):
            out_of_memory(new_size)
        enter_heap(moved)
        return moved
    moved = mem_alloc(new_size)
    memcpy(moved, block, min(old_size, new_size))
    mem_free(block, old_size)
    return moved


cdef void *mem_grow(void *items, size_t *capacity, size_t width, size_t least) noexcept nogil:
    cdef size_t before = capacity[0]
    capacity[0] = max(2 * before, least)
    return mem_realloc(items, before * width, capacity[0] * width)


cdef size_t mem_footprint(size_t size) noexcept nogil:
    if size <= SMALL_MAX:
        return class_size(size)
    return ((size + 8 + 15) & ~<size_t> 15)


cdef void *mem_alloc_table(size_t size) noexcept nogil:
    cdef void *block = NULL
    if size <= SMALL_MAX and not CHECKED:
        return mem_zalloc(size)
    count(size)
    if size >= HUGE_TABLE:
        return map_aligned(size, ARENA_SIZE)
    if posix_memalign(&block, 64, size) != 0:
        out_of_memory(size)
    memset(block, 0, size)
    return block


cdef void mem_free_table(void *block, size_t size) noexcept nogil:
    if block == NULL:
        return
    if size <= SMALL_MAX and not CHECKED:
        mem_free(block, size)
        return
    entered().used -= size
    if size >= HUGE_TABLE:
        munmap(block, size)
    else:
        free(block)


cdef void mem_advise_table(void *block, size_t size) noexcept nogil:
    if size >= HUGE_TABLE and not CHECKED:
        advise_huge(block, size)


cdef void mem_discard_table(void *block, size_t size, size_t begin, size_t end) noexcept nogil:
    if size >= HUGE_TABLE and not CHECKED:
        discard_pages(<char *> block + begin, end - begin)


cdef void mem_allow_huge(bint allowed) noexcept nogil:
    global huge_allowed
    huge_allowed = allowed


cdef void mem_count(ssize_t more) noexcept nogil:
    count(<size_t> more)


cdef bint mem_would_exceed(size_t size) noexcept nogil:
    cdef const Account *account = entered()
    return account.limit > 0 and account.used + <int64_t> size > account.limit


cdef Account *mem_account_new() noexcept nogil:
    global _closed
    cdef Account **link = &_closed
    cdef Account *account
    while link[0] != NULL and link[0].used != 0:
        link = &link[0].next
    account = link[0]
    if account != NULL:
        link[0] = account.next
    else:
        account = <Account *> malloc(sizeof(Account))
        if account == NULL:
            out_of_memory(sizeof(Account))
    memset(account, 0, sizeof(Account))
    return account


cdef void mem_account_close(Account *account) noexcept nogil:
    global _closed, entered_account
    if entered_account == account:
        entered_account = NULL
    account.next = _closed
    _closed = account


cdef Account *mem_enter(Account *account) noexcept nogil:
    global entered_account
    cdef Account *before = entered()
    entered_account = account
    return before


cdef Account *mem_account() noexcept nogil:
    return entered()


def used_memory():
    """Returns the bytes in live blocks of the account entered last, class rounding included."""
    return entered().used
