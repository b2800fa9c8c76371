"""The run; its layout is in ``list_run.pxd``.

Invariants between calls: RUN_HEADER <= begin <= end <= capacity, and ``count`` elements fill [begin, end). The gaps
are never read.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memmove

from pyredis.ground.base cimport likely, store_u16, store_u32
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free
from pyredis.types.packs.listpack cimport (
    PACK_HEADER,
    PACK_MANY,
    Pack,
    PackCode,
    code_room,
    pack_backlink,
    pack_before,
    pack_check_element,
    pack_end,
    pack_extent,
    pack_link,
    pack_squeeze,
    pack_write,
)

cdef extern from "short_copy.h" nogil:
    void copy_short(void *to, const void *source, size_t size)

cdef enum:
    # Runs with less room than this are not worth shrinking.
    WORTH_FITTING = 128


# ---- the run ----

cdef inline uint8_t *bytes_of(Run *run) noexcept nogil:
    return <uint8_t *> run


cdef inline size_t free_room(const Run *run) noexcept nogil:
    return run.capacity - RUN_HEADER - run_used(run)


cdef Run *run_new(size_t room, bint front) noexcept nogil:
    cdef Run *run = <Run *> mem_alloc(RUN_HEADER + room)
    run.capacity = <uint32_t> (RUN_HEADER + room)
    run.count = 0
    run.begin = run.capacity if front else RUN_HEADER
    run.end = run.begin
    return run


cdef Run *with_gaps(const Run *run, size_t before, size_t behind) noexcept nogil:
    """Returns a copy with the given numbers of free bytes at its ends."""
    cdef size_t used = run_used(run)
    cdef Run *copy = run_new(before + used + behind, False)
    copy.count = run.count
    copy.begin = <uint32_t> (RUN_HEADER + before)
    copy.end = <uint32_t> (copy.begin + used)
    memcpy(bytes_of(copy) + copy.begin, run_bytes(run) + run.begin, used)
    return copy


cdef Run *run_copy(const Run *run) noexcept nogil:
    return with_gaps(run, 0, 0)


cdef void run_free(Run *run) noexcept nogil:
    mem_free(run, run.capacity)


cdef size_t run_memory(const Run *run) noexcept nogil:
    return mem_footprint(run.capacity)


cdef bint run_check(const uint8_t *bytes, size_t size) noexcept nogil:
    cdef const Run *run = <const Run *> bytes
    cdef size_t at, count = 0
    if size < RUN_HEADER or run.capacity != size or not RUN_HEADER <= run.begin <= run.end <= size:
        return False
    at = run.begin
    while at < run.end:
        at = pack_check_element(bytes, at, run.end, True)
        if at == 0:
            return False
        count += 1
    return count == run.count


cdef bint run_sound(const Run *run) noexcept nogil:
    return run_check(run_bytes(run), run.capacity)


cdef size_t run_seek(const Run *run, size_t index) noexcept nogil:
    cdef size_t at, _
    if index <= run.count // 2:
        at = run.begin
        for _ in range(index):
            at = run_next(run, at)
        return at
    at = run.end
    for _ in range(run.count - index):
        at = pack_before(run_bytes(run), at)
    return at


# ---- room ----

cdef void move_elements(Run *run, size_t begin) noexcept nogil:
    cdef size_t used = run_used(run)
    memmove(bytes_of(run) + begin, bytes_of(run) + run.begin, used)
    run.begin = <uint32_t> begin
    run.end = <uint32_t> (begin + used)


cdef void make_room(Run **run, size_t need, bint front) noexcept nogil:
    """Makes room by shifting the elements within the block if enough bytes are free, else in a larger block."""
    cdef size_t used = run_used(run[0]), room = free_room(run[0]), spare
    cdef Run *old = run[0]
    if room >= need + used // 4:
        # The other end keeps a little room, in case elements are pushed there too.
        spare = (room - need) // 4
        move_elements(old, RUN_HEADER + (room - spare if front else spare))
        return
    spare = need + (used + need) // 4
    run[0] = with_gaps(old, spare, 0) if front else with_gaps(old, 0, spare)
    run_free(old)


cdef inline void reserve(Run **run, size_t need, bint front) noexcept nogil:
    cdef size_t gap = run[0].begin - RUN_HEADER if front else run[0].capacity - run[0].end
    if gap < need:
        make_room(run, need, front)


cdef void run_reserve(Run **run, size_t need, bint front) noexcept nogil:
    reserve(run, need, front)


cdef void run_fit(Run **run) noexcept nogil:
    cdef Run *old = run[0]
    cdef size_t used = run_used(old)
    if old.capacity > WORTH_FITTING and used < old.capacity // 4:
        run[0] = with_gaps(old, used // 8, used // 8)
        run_free(old)


# ---- changes ----

cdef void run_push(Run **run, const PackCode *code, bint front) noexcept nogil:
    cdef size_t room = code_room(code, True)
    reserve(run, room, front)
    run[0].count += 1
    if front:
        run[0].begin -= <uint32_t> room
        pack_write(bytes_of(run[0]) + run[0].begin, code, True)
    else:
        pack_write(bytes_of(run[0]) + run[0].end, code, True)
        run[0].end += <uint32_t> room


cdef void run_drop(Run *run, bint front) noexcept nogil:
    run.count -= 1
    if front:
        run.begin = <uint32_t> run_next(run, run.begin)
    else:
        run.end = <uint32_t> pack_before(run_bytes(run), run.end)


cdef void run_insert(Run **run, size_t at, const PackCode *code) noexcept nogil:
    cdef size_t room = code_room(code, True), before = at - run[0].begin
    cdef bint front = before < run[0].end - at
    cdef uint8_t *bytes
    reserve(run, room, front)
    bytes = bytes_of(run[0])
    at = run[0].begin + before
    if front:
        memmove(bytes + run[0].begin - room, bytes + run[0].begin, before)
        run[0].begin -= <uint32_t> room
        at -= room
    else:
        memmove(bytes + at + room, bytes + at, run[0].end - at)
        run[0].end += <uint32_t> room
    pack_write(bytes + at, code, True)
    run[0].count += 1


cdef void run_replace(Run **run, size_t at, const PackCode *code) noexcept nogil:
    cdef size_t before = at - run[0].begin
    cdef size_t behind = run_next(run[0], at)
    if behind - at == code_room(code, True):
        pack_write(bytes_of(run[0]) + at, code, True)
        return
    # If run_delete moves the elements before `at`, it moves them toward the back, so `before` stays right.
    run_delete(run[0], at, behind, 1)
    run_insert(run, run[0].begin + before, code)


cdef void run_delete(Run *run, size_t at, size_t to, size_t count) noexcept nogil:
    cdef uint8_t *bytes = bytes_of(run)
    cdef size_t before = at - run.begin, behind = run.end - to
    run.count -= <uint32_t> count
    if before < behind:
        memmove(bytes + to - before, bytes + run.begin, before)
        run.begin = <uint32_t> (to - before)
    else:
        memmove(bytes + at, bytes + to, behind)
        run.end = <uint32_t> (at + behind)


cdef size_t run_delete_equal(Run *run, const PackCode *code, size_t skip, size_t limit) noexcept nogil:
    cdef size_t removed
    run.end = <uint32_t> pack_squeeze(bytes_of(run), run.begin, run.end, True, code, skip, limit, &removed)
    run.count -= <uint32_t> removed
    return removed


# ---- to and from packs ----

cdef size_t sealed_size(const Run *run, size_t at, size_t to) noexcept nogil:
    cdef size_t size = PACK_HEADER, extent
    while at < to:
        extent = pack_extent(run_bytes(run) + at)
        size += extent
        at += extent + pack_backlink(extent)
    return size


cdef inline void copy_element(uint8_t *to, const uint8_t *element, size_t extent) noexcept nogil:
    if likely(extent <= 64):
        copy_short(to, element, extent)
    else:
        memcpy(to, element, extent)


cdef Pack *run_sealed(const Run *run, size_t at, size_t to, size_t count) noexcept nogil:
    cdef size_t size = sealed_size(run, at, to), extent
    cdef Pack *pack = <Pack *> mem_alloc(size)
    cdef uint8_t *place = pack + PACK_HEADER
    store_u32(pack, <uint32_t> size)
    store_u16(pack + 4, <uint16_t> min(count, <size_t> PACK_MANY))
    while at < to:
        extent = pack_extent(run_bytes(run) + at)
        copy_element(place, run_bytes(run) + at, extent)
        place += extent
        at += extent + pack_backlink(extent)
    return pack


cdef size_t unsealed_size(const Pack *pack) noexcept nogil:
    cdef size_t at = PACK_HEADER, size = 0, extent
    while at < pack_end(pack):
        extent = pack_extent(pack + at)
        size += extent + pack_backlink(extent)
        at += extent
    return size


cdef Run *run_unsealed(const Pack *pack) noexcept nogil:
    cdef Run *run = run_new(unsealed_size(pack), False)
    cdef size_t at = PACK_HEADER, extent
    cdef uint8_t *place = bytes_of(run) + RUN_HEADER
    while at < pack_end(pack):
        extent = pack_extent(pack + at)
        copy_element(place, pack + at, extent)
        place = pack_link(place + extent, extent)
        at += extent
        run.count += 1
    run.end = run.capacity
    return run


cdef void run_append(Run **run, const Run *other) noexcept nogil:
    cdef size_t used = run_used(other)
    reserve(run, used, False)
    memcpy(bytes_of(run[0]) + run[0].end, run_bytes(other) + other.begin, used)
    run[0].end += <uint32_t> used
    run[0].count += other.count
