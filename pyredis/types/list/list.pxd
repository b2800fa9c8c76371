"""The list: elements in order, pushed and popped at both ends, reached by their index.

A ``List`` has one of two forms, which the highest bit of its second word tells apart:

- short (OBJECT ENCODING ``listpack``): one run (``list_run.pxd``), as large as a node of the long form may be;
- long (``quicklist``): ``LongList`` (``list_long.pxd``), once a limit was passed. It is a run again when it has shrunk
  to half of the limit.

Functions that may move the list take ``List **``. What has removed elements ends with ``list_shrink``; a list that has
lost its last element is for its owner to free. Texts that readers tell are good until the next change.
"""

from libc.stdint cimport int64_t, uint32_t

from pyredis.ground.base cimport Slice
from pyredis.types.list.list_long cimport ListLimits, ListStretch, LongList

# What both forms begin with.
cdef struct List:
    uint32_t own
    uint32_t form           # LONG_FORM, or a run's count

ctypedef struct ListItem:
    Slice text
    char digits[20]

ctypedef struct ListIterator:
    const LongList *list
    LongList own            # what a short list looks like as a long one
    ListStretch stretch
    bint is_open
    bint told               # the stretch has been told
    size_t part             # the next one

# `size` is list-max-listpack-size, `depth` list-compress-depth.
cdef ListLimits list_limits(int64_t size, int64_t depth) noexcept nogil

# ---- the whole; where it says `void *`, the keyspace asks the same of every kind of value ----
# An empty list with room for so many bytes of elements.
cdef List *list_new(size_t room, bint front) noexcept nogil
cdef void *list_copy(const void *list) noexcept nogil
cdef void list_free(List *list) noexcept nogil
# Releases about `budget` nodes; true when nothing, the list itself included, is left. Nothing else may be done to a
# list once this has begun.
cdef bint list_free_some(void *list, size_t budget) noexcept nogil
# Nodes to release.
cdef size_t list_effort(const void *list) noexcept nogil
# As OBJECT ENCODING tells it: listpack or quicklist.
cdef const char *list_encoding(const void *list) noexcept nogil
# Bytes in use, all told.
cdef size_t list_memory(const void *list) noexcept nogil
cdef size_t list_size(const List *list) noexcept nogil
cdef bint list_is_long(const List *list) noexcept nogil
cdef bint list_sound(const List *list) noexcept nogil

# ---- the ends ----
# Pushes the texts one after the other; none of them may lie in the list.
cdef void list_push(List **list, const Slice *texts, size_t count, bint front, const ListLimits *limits) noexcept nogil
# The element at an end, which is there; digits go to `scratch` (20 bytes).
cdef Slice list_peek(List *list, bint front, char *scratch) noexcept nogil
cdef void list_drop(List *list, bint front) noexcept nogil
# Removes so many elements, which are there.
cdef void list_drop_many(List *list, size_t count, bint front) noexcept nogil
# After removals: gives room back, and makes a long list that has become short a run.
cdef void list_shrink(List **list, const ListLimits *limits) noexcept nogil

# ---- anywhere ----
# Before so many bytes and elements more: a short list that would pass a limit with them becomes a long one.
cdef void list_expect(List **list, size_t bytes, size_t count, bint front, const ListLimits *limits) noexcept nogil
cdef void list_set(List **list, size_t index, Slice text, const ListLimits *limits) noexcept nogil
# Before or behind the first element equal to `pivot`; false where there is none.
cdef bint list_insert(List **list, Slice pivot, Slice text, bint behind, const ListLimits *limits) noexcept nogil
# Removes at most `limit` elements equal to the text, from the front or from behind; returns how many.
cdef size_t list_remove(List **list, Slice text, size_t limit, bint front, const ListLimits *limits) noexcept nogil

# ---- reading ----
# From the element of this index on; `list_iterate_end` must follow before the list changes.
cdef void list_iterate(const List *list, size_t index, ListIterator *iterator) noexcept nogil
cdef bint list_next(ListIterator *iterator, ListItem *out) noexcept nogil
# The elements that come next and lie together, NULL at the end; they have been told then.
cdef const ListStretch *list_next_stretch(ListIterator *iterator) noexcept nogil
cdef void list_iterate_end(ListIterator *iterator) noexcept nogil
# Calls `found` with the indexes of elements equal to the text, the first `skip` of them left out and at most `limit`,
# from the front or from behind; only `within` elements from there are looked at. Returns how many calls.
cdef size_t list_positions(const List *list, Slice text, bint front, size_t skip, size_t limit, size_t within,
                           void (*found)(void *context, size_t index) noexcept nogil, void *context) noexcept nogil
