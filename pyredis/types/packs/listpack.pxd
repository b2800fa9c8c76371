"""The packed list: a small collection in one block. Its elements are strings or integers.

Layout: ``size`` (32 bits, of the entire block), ``meta`` (16 bits: the number of elements, whether the pack can be
walked backward, two bits for its owner), then the elements. An element is a head, its payload and, in packs that can be
walked backward, the length of both in 1, 2 or 5 bytes; the last of these bytes says how many there are. Heads:

======== ============================================================ =========
bytes    element                                                      head size
======== ============================================================ =========
00..3f   string of 0..63 bytes                                        1
40..7f   string of 64..16447 bytes (14 bits)                          2
80..df   integer 0..95                                                1
e0..ef   integer 96..4191 (12 bits)                                   2
f0..f7   integer of 1..8 bytes, two's complement, lowest byte first   1
f8       string of 16448 bytes or more (32 bits)                      5
======== ============================================================ =========

Every value has exactly one encoding: text that is the canonical decimal form of a signed 64-bit integer is stored as an
integer, in the fewest bytes. So two elements are equal exactly when their bytes are, and a search compares bytes. A
pack has no spare room: ``size`` is the size of the allocation, which the allocator needs when the block is freed.

A position is the offset of an element from the start of the block; it is valid until the next change at or before it.
``pack_end`` is the position after the last element. 0 is never a position.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from pyredis.ground.base cimport Slice, load_u16, load_u32

ctypedef uint8_t Pack

cdef enum:
    PACK_HEADER = 6
    # In `meta`: 13 bits of count, whose highest value means "this many or more".
    PACK_MANY = 0x1fff
    PACK_BACKWARD = 0x2000
    PACK_OWNER_SHIFT = 14
    # No pack may grow past this many bytes; its owner converts it first.
    PACK_SIZE_LIMIT = 1 << 30

    STRING_14_BIT = 0x40
    SMALL_INTEGER = 0x80
    MEDIUM_INTEGER = 0xe0
    WIDE_INTEGER = 0xf0
    STRING_32_BIT = 0xf8
    SHORT_STRING_MAX = 63
    STRING_14_BIT_MAX = 16447
    SMALL_INTEGER_MAX = 95
    MEDIUM_INTEGER_MAX = 4191

# An element: a string, or a number if `text` is NULL.
ctypedef struct PackItem:
    const char *text
    size_t size
    int64_t number

# An element as it is stored, without the backward length: `head`, then the bytes of `text`.
ctypedef struct PackCode:
    const char *text
    size_t text_size
    uint8_t head_size
    uint8_t head[9]


cdef inline size_t pack_size(const Pack *pack) noexcept nogil:
    return load_u32(pack)


cdef inline unsigned pack_owner(const Pack *pack) noexcept nogil:
    return load_u16(pack + 4) >> PACK_OWNER_SHIFT


cdef inline size_t pack_end(const Pack *pack) noexcept nogil:
    return load_u32(pack)


cdef inline bint pack_is_backward(const Pack *pack) noexcept nogil:
    return (load_u16(pack + 4) & PACK_BACKWARD) != 0


cdef inline size_t pack_extent(const uint8_t *element) noexcept nogil:
    """Returns the bytes of head and payload."""
    cdef unsigned head = element[0]
    if head <= SHORT_STRING_MAX:
        return 1 + head
    if head < SMALL_INTEGER:
        return 2 + 64 + ((head & 0x3f) << 8 | element[1])
    if head < MEDIUM_INTEGER:
        return 1
    if head < WIDE_INTEGER:
        return 2
    if head < STRING_32_BIT:
        return 2 + (head & 7)
    return 5 + <size_t> load_u32(element + 1)


cdef inline size_t pack_backlink(size_t extent) noexcept nogil:
    """Returns how many bytes the backward length ``extent`` takes."""
    return 1 if extent < 0x80 else 2 if extent < 0x4000 else 5


cdef inline size_t code_extent(const PackCode *code) noexcept nogil:
    return code.head_size + code.text_size


cdef inline size_t code_room(const PackCode *code, bint backward) noexcept nogil:
    """Returns the bytes that the element takes in a pack, including a backward length."""
    cdef size_t extent = code_extent(code)
    return extent + (pack_backlink(extent) if backward else 0)


cdef inline size_t pack_next(const Pack *pack, size_t at) noexcept nogil:
    cdef size_t extent = pack_extent(pack + at)
    return at + extent + (pack_backlink(extent) if pack_is_backward(pack) else 0)


cdef inline size_t pack_next_forward(const Pack *pack, size_t at) noexcept nogil:
    """``pack_next`` for callers that know that the pack cannot be walked backward."""
    return at + pack_extent(pack + at)


# ---- the pack ----
# Returns an empty pack; the meaning of `owner` (0..3) is up to the owner.
cdef Pack *pack_new(unsigned owner, bint backward) noexcept nogil
cdef Pack *pack_copy(const Pack *pack) noexcept nogil
cdef void pack_free(Pack *pack) noexcept nogil
cdef size_t pack_count(const Pack *pack) noexcept nogil
# Fully validates `size` untrusted bytes as a pack whose number of elements is a multiple of `stride`.
cdef bint pack_check(const uint8_t *bytes, size_t size, size_t stride) noexcept nogil
# Validates the untrusted element at `at` of a block. Returns the position after it, or 0 if it is not in its one
# encoding or ends after `end`.
cdef size_t pack_check_element(const uint8_t *block, size_t at, size_t end, bint backward) noexcept nogil

# ---- elements and their encoding ----
# `code` points to the bytes of the text; it does not copy them.
cdef void pack_code(PackCode *code, Slice text) noexcept nogil
cdef void pack_code_number(PackCode *code, int64_t number) noexcept nogil
cdef PackItem pack_get(const Pack *pack, size_t at) noexcept nogil
# Returns the element as text: its own bytes, or digits written to `scratch` (20 bytes).
cdef Slice pack_text(const Pack *pack, size_t at, char *scratch) noexcept nogil
cdef bint pack_equals(const Pack *pack, size_t at, const PackCode *code) noexcept nogil

# ---- elements in any block: a pack, or a block with a layout of its own ----
# Writes an element, with a backward length if `backward`; returns the place after it.
cdef uint8_t *pack_write(uint8_t *at, const PackCode *code, bint backward) noexcept nogil
# Writes the backward length of `extent` bytes of head and payload; returns the place after it.
cdef uint8_t *pack_link(uint8_t *at, size_t extent) noexcept nogil
# Returns the offset of the element before `at`, which must exist, among elements that can be walked backward.
cdef size_t pack_before(const uint8_t *block, size_t at) noexcept nogil
# Removes elements equal to `code` from block[at : end]: keeps the first `skip` of them and removes at most `limit`.
# Returns the new end.
cdef size_t pack_squeeze(uint8_t *block, size_t at, size_t end, bint backward, const PackCode *code, size_t skip,
                         size_t limit, size_t *removed) noexcept nogil

# ---- walking and searching ----
# Only for packs that can be walked backward; returns 0 before the first element.
cdef size_t pack_previous(const Pack *pack, size_t at) noexcept nogil
# Returns the position of the element of this index, counted from the end if negative; 0 if there is none.
cdef size_t pack_seek(const Pack *pack, int64_t index) noexcept nogil
# Returns the position of the first element equal to `code` among the one at `at` and every `stride`-th after it, or 0.
cdef size_t pack_find(const Pack *pack, size_t at, const PackCode *code, size_t stride) noexcept nogil

# ---- changes; `pack[0]` may move ----
# Returns the bytes that these elements would add.
cdef size_t pack_cost(const Pack *pack, const PackCode *codes, size_t count) noexcept nogil
# Inserts `count` elements in order before the one at `at` (`pack_end` appends). Their texts must not be in the pack.
cdef void pack_insert(Pack **pack, size_t at, const PackCode *codes, size_t count) noexcept nogil
cdef void pack_append(Pack **pack, const PackCode *codes, size_t count) noexcept nogil
cdef void pack_replace(Pack **pack, size_t at, const PackCode *code) noexcept nogil
# Removes `count` elements from `at` on; all of them must exist.
cdef void pack_delete(Pack **pack, size_t at, size_t count) noexcept nogil
# Moves the elements from `at` on, before which there are `count`, to a new pack and returns it.
cdef Pack *pack_split(Pack **pack, size_t at, size_t count) noexcept nogil
# Removes elements equal to `code`: keeps the first `skip` of them and removes at most `limit`. Returns how many were
# removed.
cdef size_t pack_delete_equal(Pack **pack, const PackCode *code, size_t skip, size_t limit) noexcept nogil
cdef void pack_set_owner(Pack *pack, unsigned owner) noexcept nogil
