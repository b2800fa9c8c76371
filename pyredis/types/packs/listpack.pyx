"""The packed list; its layout is in ``listpack.pxd``.

Invariants between calls: the header's size is the block's size, the count is exact (or ``PACK_MANY`` if there are
that many or more), every element is in its one encoding, and backward lengths exist exactly if the header says so.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memmove

from pyredis.ground.base cimport Slice, format_int64, highest_bit, load_u16, load_u32, parse_int64, store_u16, store_u32
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_realloc

cdef enum:
    FLAGS = 0xffff ^ PACK_MANY
    # The last byte of a backward length: 7 bits alone, the upper 6 of 14 bits, or a mark that 32 bits precede it.
    BACK_14_BIT = 0x80
    BACK_32_BIT = 0xc0


# ---- the pack ----

cdef Pack *pack_new(unsigned owner, bint backward) noexcept nogil:
    cdef Pack *pack = <Pack *> mem_alloc(PACK_HEADER)
    store_u32(pack, PACK_HEADER)
    store_u16(pack + 4, <uint16_t> (owner << PACK_OWNER_SHIFT | (PACK_BACKWARD if backward else 0)))
    return pack


cdef Pack *pack_copy(const Pack *pack) noexcept nogil:
    cdef Pack *copy = <Pack *> mem_alloc(pack_size(pack))
    memcpy(copy, pack, pack_size(pack))
    return copy


cdef void pack_free(Pack *pack) noexcept nogil:
    mem_free(pack, pack_size(pack))


cdef size_t count_by_walking(const Pack *pack) noexcept nogil:
    cdef size_t at = PACK_HEADER, end = pack_end(pack), count = 0
    while at < end:
        at = pack_next(pack, at)
        count += 1
    return count


cdef size_t pack_count(const Pack *pack) noexcept nogil:
    cdef size_t count = load_u16(pack + 4) & PACK_MANY
    return count if count < PACK_MANY else count_by_walking(pack)


cdef inline void store_count(Pack *pack, size_t count) noexcept nogil:
    store_u16(pack + 4, <uint16_t> ((load_u16(pack + 4) & FLAGS) | min(count, <size_t> PACK_MANY)))


cdef void pack_set_owner(Pack *pack, unsigned owner) noexcept nogil:
    cdef unsigned rest = load_u16(pack + 4) & ((1 << PACK_OWNER_SHIFT) - 1)
    store_u16(pack + 4, <uint16_t> (owner << PACK_OWNER_SHIFT | rest))


# ---- elements and their encoding ----

cdef inline unsigned bytes_of(int64_t number) noexcept nogil:
    """Returns the fewest bytes that hold the number in two's complement."""
    cdef uint64_t folded = <uint64_t> (number ^ (number >> 63))
    return highest_bit(folded << 1 | 1) // 8 + 1


cdef inline void put_number(PackCode *code, int64_t number) noexcept nogil:
    cdef unsigned size, i
    if 0 <= number <= SMALL_INTEGER_MAX:
        code.head[0] = <uint8_t> (SMALL_INTEGER + number)
        code.head_size = 1
    elif SMALL_INTEGER_MAX < number <= MEDIUM_INTEGER_MAX:
        number -= SMALL_INTEGER_MAX + 1
        code.head[0] = <uint8_t> (MEDIUM_INTEGER | number >> 8)
        code.head[1] = <uint8_t> number
        code.head_size = 2
    else:
        size = bytes_of(number)
        code.head[0] = <uint8_t> (WIDE_INTEGER + size - 1)
        for i in range(size):
            code.head[1 + i] = <uint8_t> (number >> 8 * i)
        code.head_size = <uint8_t> (1 + size)


cdef inline void put_string_head(PackCode *code, size_t size) noexcept nogil:
    if size <= SHORT_STRING_MAX:
        code.head[0] = <uint8_t> size
        code.head_size = 1
    elif size <= STRING_14_BIT_MAX:
        size -= SHORT_STRING_MAX + 1
        code.head[0] = <uint8_t> (STRING_14_BIT | size >> 8)
        code.head[1] = <uint8_t> size
        code.head_size = 2
    else:
        code.head[0] = STRING_32_BIT
        store_u32(code.head + 1, <uint32_t> size)
        code.head_size = 5


cdef void pack_code_number(PackCode *code, int64_t number) noexcept nogil:
    code.text = NULL
    code.text_size = 0
    put_number(code, number)


cdef void pack_code(PackCode *code, Slice text) noexcept nogil:
    cdef int64_t number
    if text.size > 0 and text.data[0] <= c'9' and parse_int64(text.data, text.size, &number):
        pack_code_number(code, number)
        return
    code.text = text.data
    code.text_size = text.size
    put_string_head(code, text.size)


cdef inline int64_t wide_integer(const uint8_t *payload, unsigned size) noexcept nogil:
    cdef uint64_t bits = 0
    cdef unsigned i
    for i in range(size):
        bits |= <uint64_t> payload[i] << 8 * i
    return <int64_t> (bits << (64 - 8 * size)) >> (64 - 8 * size)


cdef PackItem pack_get(const Pack *pack, size_t at) noexcept nogil:
    cdef const uint8_t *element = pack + at
    cdef unsigned head = element[0]
    cdef PackItem item
    item.text = NULL
    item.number = 0
    item.size = 0
    if head <= SHORT_STRING_MAX:
        item.text = <const char *> element + 1
        item.size = head
    elif head < SMALL_INTEGER:
        item.text = <const char *> element + 2
        item.size = 64 + ((head & 0x3f) << 8 | element[1])
    elif head < MEDIUM_INTEGER:
        item.number = head - SMALL_INTEGER
    elif head < WIDE_INTEGER:
        item.number = SMALL_INTEGER_MAX + 1 + ((head & 0xf) << 8 | element[1])
    elif head < STRING_32_BIT:
        item.number = wide_integer(element + 1, 1 + (head & 7))
    else:
        item.text = <const char *> element + 5
        item.size = load_u32(element + 1)
    return item


cdef Slice pack_text(const Pack *pack, size_t at, char *scratch) noexcept nogil:
    cdef PackItem item = pack_get(pack, at)
    cdef Slice text
    text.data = item.text
    text.size = item.size
    if item.text == NULL:
        text.data = scratch
        text.size = format_int64(scratch, item.number)
    return text


cdef inline bint same_bytes(const uint8_t *element, const PackCode *code) noexcept nogil:
    # Equal first bytes mean heads of equal size, so neither comparison reads outside the pack.
    return (element[0] == code.head[0]
            and memcmp(element, code.head, code.head_size) == 0
            and (code.text_size == 0 or memcmp(element + code.head_size, code.text, code.text_size) == 0))


cdef bint pack_equals(const Pack *pack, size_t at, const PackCode *code) noexcept nogil:
    return same_bytes(pack + at, code)


# ---- walking and searching ----

cdef size_t pack_before(const uint8_t *block, size_t at) noexcept nogil:
    cdef unsigned last = block[at - 1]
    if last < BACK_14_BIT:
        return at - 1 - last
    if last < BACK_32_BIT:
        return at - 2 - ((last & 0x3f) << 8 | block[at - 2])
    return at - 5 - load_u32(block + at - 5)


cdef size_t pack_previous(const Pack *pack, size_t at) noexcept nogil:
    return pack_before(pack, at) if at > PACK_HEADER else 0


cdef size_t seek_forward(const Pack *pack, size_t index) noexcept nogil:
    cdef size_t at = PACK_HEADER, end = pack_end(pack)
    while at < end and index:
        at = pack_next(pack, at)
        index -= 1
    return at if at < end else 0


cdef size_t seek_backward(const Pack *pack, size_t steps) noexcept nogil:
    cdef size_t at = pack_end(pack)
    while at and steps:
        at = pack_previous(pack, at)
        steps -= 1
    return at


cdef size_t pack_seek(const Pack *pack, int64_t index) noexcept nogil:
    cdef int64_t count
    if not pack_is_backward(pack) and index >= 0:
        return seek_forward(pack, <size_t> index)
    count = <int64_t> pack_count(pack)
    if index < 0:
        index += count
    if index < 0 or index >= count:
        return 0
    if pack_is_backward(pack) and index > count // 2:
        return seek_backward(pack, <size_t> (count - index))
    return seek_forward(pack, <size_t> index)


cdef size_t find_short(const Pack *pack, size_t at, const PackCode *code, size_t stride) noexcept nogil:
    """``pack_find`` of a string of 1..63 bytes in a pack without backward lengths, such as the field of a hash."""
    cdef size_t end = pack_end(pack), size = code.text_size, skip
    cdef const char *text = code.text
    cdef char last = text[size - 1]
    while at < end:
        # Names that start alike usually differ at the end: look there before comparing.
        if pack[at] == size and <char> pack[at + size] == last and memcmp(pack + at + 1, text, size) == 0:
            return at
        skip = stride
        while skip and at < end:
            at = pack_next_forward(pack, at)
            skip -= 1
    return 0


cdef size_t pack_find(const Pack *pack, size_t at, const PackCode *code, size_t stride) noexcept nogil:
    cdef size_t end = pack_end(pack), skip
    if code.text_size > 0 and code.head_size == 1 and not pack_is_backward(pack):
        return find_short(pack, at, code, stride)
    while at < end:
        if same_bytes(pack + at, code):
            return at
        skip = stride
        while skip and at < end:
            at = pack_next(pack, at)
            skip -= 1
    return 0


# ---- changes ----

cdef uint8_t *pack_link(uint8_t *at, size_t extent) noexcept nogil:
    write_backlink(at, extent)
    return at + pack_backlink(extent)


cdef void write_backlink(uint8_t *at, size_t extent) noexcept nogil:
    if extent < 0x80:
        at[0] = <uint8_t> extent
    elif extent < 0x4000:
        at[0] = <uint8_t> extent
        at[1] = <uint8_t> (BACK_14_BIT | extent >> 8)
    else:
        store_u32(at, <uint32_t> extent)
        at[4] = BACK_32_BIT


cdef uint8_t *pack_write(uint8_t *at, const PackCode *code, bint backward) noexcept nogil:
    """Writes an element; returns the place after it."""
    memcpy(at, code.head, code.head_size)
    if code.text_size > 0:
        memcpy(at + code.head_size, code.text, code.text_size)
    at += code_extent(code)
    return pack_link(at, code_extent(code)) if backward else at


cdef Pack *reshape(Pack *pack, size_t at, size_t removed, size_t added) noexcept nogil:
    """Replaces ``removed`` bytes at ``at`` with ``added`` bytes, which the caller still has to write."""
    cdef size_t size = pack_size(pack)
    cdef size_t behind = size - at - removed
    if added == removed:
        return pack
    if added < removed:
        memmove(pack + at + added, pack + at + removed, behind)
    pack = <Pack *> mem_realloc(pack, size, size - removed + added)
    if added > removed:
        memmove(pack + at + added, pack + at + removed, behind)
    store_u32(pack, <uint32_t> (size - removed + added))
    return pack


cdef size_t pack_cost(const Pack *pack, const PackCode *codes, size_t count) noexcept nogil:
    cdef size_t cost = 0, i
    for i in range(count):
        cost += code_room(&codes[i], pack_is_backward(pack))
    return cost


cdef void pack_insert(Pack **pack, size_t at, const PackCode *codes, size_t count) noexcept nogil:
    cdef size_t before = load_u16(pack[0] + 4) & PACK_MANY, i
    cdef bint backward = pack_is_backward(pack[0])
    cdef uint8_t *place
    pack[0] = reshape(pack[0], at, 0, pack_cost(pack[0], codes, count))
    place = pack[0] + at
    for i in range(count):
        place = pack_write(place, &codes[i], backward)
    store_count(pack[0], before + count)


cdef void pack_append(Pack **pack, const PackCode *codes, size_t count) noexcept nogil:
    pack_insert(pack, pack_end(pack[0]), codes, count)


cdef void pack_replace(Pack **pack, size_t at, const PackCode *code) noexcept nogil:
    cdef bint backward = pack_is_backward(pack[0])
    pack[0] = reshape(pack[0], at, pack_next(pack[0], at) - at, code_room(code, backward))
    pack_write(pack[0] + at, code, backward)


cdef void pack_delete(Pack **pack, size_t at, size_t count) noexcept nogil:
    cdef size_t before = load_u16(pack[0] + 4) & PACK_MANY, end = at, _
    for _ in range(count):
        end = pack_next(pack[0], end)
    pack[0] = reshape(pack[0], at, end - at, 0)
    store_count(pack[0], before - count if before < PACK_MANY else count_by_walking(pack[0]))


cdef Pack *pack_split(Pack **pack, size_t at, size_t count) noexcept nogil:
    cdef size_t behind = pack_end(pack[0]) - at, total = pack_count(pack[0])
    cdef Pack *second = <Pack *> mem_alloc(PACK_HEADER + behind)
    memcpy(second, pack[0], PACK_HEADER)
    memcpy(second + PACK_HEADER, pack[0] + at, behind)
    store_u32(second, <uint32_t> (PACK_HEADER + behind))
    store_count(second, total - count)
    pack[0] = reshape(pack[0], at, behind, 0)
    store_count(pack[0], count)
    return second


cdef size_t pack_squeeze(uint8_t *block, size_t at, size_t end, bint backward, const PackCode *code, size_t skip,
                         size_t limit, size_t *removed) noexcept nogil:
    cdef size_t to = at, extent, size
    cdef bint same
    removed[0] = 0
    while at < end and removed[0] < limit:
        extent = pack_extent(block + at)
        size = extent + (pack_backlink(extent) if backward else 0)
        same = same_bytes(block + at, code)
        if same and skip == 0:
            removed[0] += 1
        else:
            skip -= same
            if to < at:
                memmove(block + to, block + at, size)
            to += size
        at += size
    memmove(block + to, block + at, end - at)
    return to + end - at


cdef size_t pack_delete_equal(Pack **pack, const PackCode *code, size_t skip, size_t limit) noexcept nogil:
    cdef size_t before = load_u16(pack[0] + 4) & PACK_MANY, size = pack_size(pack[0]), removed
    cdef size_t end = pack_squeeze(pack[0], PACK_HEADER, size, pack_is_backward(pack[0]), code, skip, limit, &removed)
    pack[0] = <Pack *> mem_realloc(pack[0], size, end)
    store_u32(pack[0], <uint32_t> end)
    store_count(pack[0], before - removed if before < PACK_MANY else count_by_walking(pack[0]))
    return removed


# ---- untrusted bytes ----

cdef size_t head_size_of(unsigned head) noexcept nogil:
    """Returns the bytes that ``pack_extent`` needs for this head; 0 for a byte that is no head."""
    if head <= SHORT_STRING_MAX or SMALL_INTEGER <= head < MEDIUM_INTEGER:
        return 1
    if head < SMALL_INTEGER or head < WIDE_INTEGER:
        return 2
    if head < STRING_32_BIT:
        return 1
    return 5 if head == STRING_32_BIT else 0


cdef bint is_canonical(const uint8_t *bytes, size_t at) noexcept nogil:
    """Returns whether ``pack_code`` would encode the element, whose bytes are all present, in the same way."""
    cdef char scratch[20]
    cdef PackCode code
    pack_code(&code, pack_text(bytes, at, scratch))
    return code_extent(&code) == pack_extent(bytes + at) and same_bytes(bytes + at, &code)


cdef size_t pack_check_element(const uint8_t *block, size_t at, size_t end, bint backward) noexcept nogil:
    cdef size_t head = head_size_of(block[at]) if at < end else 0, extent, after
    cdef uint8_t backlink[5]
    if head == 0 or head > end - at:
        return 0
    extent = pack_extent(block + at)
    if extent > end - at or not is_canonical(block, at):
        return 0
    after = at + extent
    if not backward:
        return after
    write_backlink(backlink, extent)
    if pack_backlink(extent) > end - after or memcmp(block + after, backlink, pack_backlink(extent)) != 0:
        return 0
    return after + pack_backlink(extent)


cdef bint pack_check(const uint8_t *bytes, size_t size, size_t stride) noexcept nogil:
    cdef size_t at = PACK_HEADER, count = 0
    if size < PACK_HEADER or size > PACK_SIZE_LIMIT or load_u32(bytes) != size:
        return False
    while at < size:
        at = pack_check_element(bytes, at, size, pack_is_backward(bytes))
        if at == 0:
            return False
        count += 1
    return count % stride == 0 and (load_u16(bytes + 4) & PACK_MANY) == min(count, <size_t> PACK_MANY)
