"""The allocator of page runs.

A region is 16 MiB of anonymous memory, aligned to its size, so that the region of any run is found by masking the
run's address. Its first page has a header with one bit for each page. A run is placed in the first gap that is long
enough. Pages that were never touched, or that have been freed, occupy no memory, so gaps cost only address space. A
region without any run is returned to the system, unless it is the only one in the list.

A list holds the regions that may have room. A region is removed from it when a search finds that it has no gap of
``LEAST_GAP`` bytes, and is listed again when one of its runs is freed.

A build with ``PYREDIS_CHECKS`` allocates every run with malloc, on pages of its own and with its size on the page
before it: address sanitizers see each run, and a release with the wrong size aborts.
"""

from libc.stdint cimport uint64_t, uintptr_t

from pyredis.ground.base cimport lowest_bit
from pyredis.ground.memory cimport mem_count

cdef extern from *:
    """
    #include <stdio.h>
    #include <stdlib.h>
    #include <sys/mman.h>
    #include <unistd.h>
    #ifdef PYREDIS_CHECKS
    #define CHECKED 1
    #else
    #define CHECKED 0
    #endif

    static void *map_pages(void *where, size_t size, int fixed) {
        void *start = mmap(where, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
        return start == MAP_FAILED ? NULL : start;
    }

    static void *map_region(size_t size) {
        char *start = map_pages(NULL, size, 0);
        size_t lead = -(uintptr_t)start & (size - 1);
        if (lead) {
            munmap(start, size);
            start = map_pages(NULL, 2 * size, 0);
            if (!start) return NULL;
            lead = -(uintptr_t)start & (size - 1);
            if (lead) munmap(start, lead);
            start += lead;
            munmap(start + size, size - lead);
        }
    #ifdef MADV_NOHUGEPAGE
        if (start) madvise(start, size, MADV_NOHUGEPAGE);
    #endif
        return start;
    }

    /* One call costs two thirds of what touching the pages one by one costs; a system without it ignores the call. */
    static void populate_pages(void *start, size_t size) {
    #ifdef MADV_POPULATE_WRITE
        madvise(start, size, MADV_POPULATE_WRITE);
    #else
        (void)start, (void)size;
    #endif
    }

    /* False if the pages could not be dropped. Locked memory can be dropped only by mapping other pages in its place,
     * and on other systems than Linux only that is sure to replace the pages. */
    static int drop_pages(void *start, size_t size) {
    #ifdef __linux__
        if (madvise(start, size, MADV_DONTNEED) == 0) return 1;
    #endif
        return map_pages(start, size, MAP_FIXED) != NULL;
    }

    static size_t page_size(void) {
        static size_t size = 0;
        if (!size) size = sysconf(_SC_PAGESIZE);
        return size;
    }

    static void wrong_size(size_t asked, size_t named) {
        fprintf(stderr, "A run of %zu bytes was released as one of %zu\\n", asked, named);
        abort();
    }
    """
    enum: CHECKED
    void *map_region(size_t size) nogil
    void populate_pages(void *start, size_t size) nogil
    bint drop_pages(void *start, size_t size) nogil
    size_t page_size() nogil
    void wrong_size(size_t asked, size_t named) nogil
    int munmap(void *start, size_t size) nogil
    void free(void *block) nogil
    int posix_memalign(void **out, size_t alignment, size_t size) nogil

cdef enum:
    REGION_SIZE = 16 << 20
    # In bits of the map, for the smallest page size there is.
    PAGES = REGION_SIZE // 4096
    WORDS = PAGES // 64
    LEAST_GAP = 32768

cdef struct Region:
    Region *next                # among those that may have room
    Region *previous
    size_t pages                # in total
    size_t living               # pages in runs
    size_t longest              # no gap has more pages
    bint listed
    uint64_t taken[WORDS]       # bit i: page i is in a run, or has this header

cdef Region *_with_room = NULL


# ---- the bits ----

cdef inline bint is_taken(const Region *region, size_t page) noexcept nogil:
    return (region.taken[page // 64] >> (page % 64)) & 1


cdef size_t end_of_stretch(const Region *region, size_t page, bint taken) noexcept nogil:
    """Returns the first page from ``page`` on whose state is not ``taken``; the number of pages if there is none."""
    cdef uint64_t word
    while page < region.pages:
        word = region.taken[page // 64]
        if taken:
            word = ~word
        word >>= page % 64
        if word:
            return min(page + lowest_bit(word), region.pages)
        page = (page // 64 + 1) * 64
    return region.pages


cdef size_t find_gap(Region *region, size_t count) noexcept nogil:
    """Returns the first of ``count`` free pages; 0, the page of the header, if there are none."""
    cdef size_t end, page = end_of_stretch(region, 0, True), longest = 0
    while page < region.pages:
        end = end_of_stretch(region, page, False)
        if end - page >= count:
            return page
        longest = max(longest, end - page)
        page = end_of_stretch(region, end, True)
    region.longest = longest
    return 0


cdef void mark(Region *region, size_t page, size_t count) noexcept nogil:
    """Flips the bits of the pages."""
    while count:
        region.taken[page // 64] ^= 1ULL << (page % 64)
        page += 1
        count -= 1


# ---- regions ----

cdef void link_region(Region *region) noexcept nogil:
    global _with_room
    region.listed = True
    region.previous = NULL
    region.next = _with_room
    if _with_room != NULL:
        _with_room.previous = region
    _with_room = region


cdef void unlink_region(Region *region) noexcept nogil:
    global _with_room
    region.listed = False
    if region.previous != NULL:
        region.previous.next = region.next
    else:
        _with_room = region.next
    if region.next != NULL:
        region.next.previous = region.previous


cdef Region *new_region() noexcept nogil:
    cdef Region *region = <Region *> map_region(REGION_SIZE)
    if region == NULL:
        return NULL
    region.pages = REGION_SIZE // page_size()
    region.longest = region.pages
    mark(region, 0, 1)
    link_region(region)
    return region


cdef Region *region_with_gap(size_t count, size_t *page) noexcept nogil:
    cdef Region *region = _with_room
    cdef Region *following
    while region != NULL:
        following = region.next
        if region.longest >= count:
            page[0] = find_gap(region, count)
            if page[0]:
                return region
            if region.longest * page_size() < LEAST_GAP:
                unlink_region(region)
        region = following
    region = new_region()
    page[0] = 1
    return region


# ---- runs ----

cdef size_t pages_footprint(size_t size) noexcept nogil:
    return (size + page_size() - 1) & ~(page_size() - 1)


cdef void *checked_alloc(size_t size) noexcept nogil:
    cdef void *block = NULL
    if posix_memalign(&block, page_size(), page_size() + pages_footprint(size)) != 0:
        return NULL
    (<size_t *> block)[0] = size
    mem_count(pages_footprint(size))
    return <char *> block + page_size()


cdef void checked_free(void *run, size_t size) noexcept nogil:
    cdef char *block = <char *> run - page_size()
    if (<size_t *> block)[0] != size:
        wrong_size((<size_t *> block)[0], size)
    if drop_pages(run, pages_footprint(size)):
        mem_count(-<ssize_t> pages_footprint(size))
        free(block)


cdef void *pages_alloc(size_t size) noexcept nogil:
    cdef size_t count = pages_footprint(size) // page_size()
    cdef size_t page
    cdef Region *region
    cdef char *run
    if CHECKED:
        return checked_alloc(size)
    region = region_with_gap(count, &page)
    if region == NULL:
        return NULL
    mark(region, page, count)
    region.living += count
    mem_count(count * page_size())
    run = <char *> region + page * page_size()
    populate_pages(run, count * page_size())
    return run


cdef void pages_free(void *run, size_t size) noexcept nogil:
    cdef Region *region = <Region *> (<uintptr_t> run & ~<uintptr_t> (REGION_SIZE - 1))
    cdef size_t count = pages_footprint(size) // page_size()
    if CHECKED:
        checked_free(run, size)
        return
    if not drop_pages(run, count * page_size()):
        # The kernel may still refer to these pages, so they are never used again.
        return
    mem_count(-<ssize_t> (count * page_size()))
    mark(region, (<char *> run - <char *> region) // page_size(), count)
    region.living -= count
    region.longest = region.pages
    if not region.listed:
        link_region(region)
    if region.living == 0 and (region.next != NULL or region.previous != NULL):
        unlink_region(region)
        munmap(region, REGION_SIZE)
