"""The list: elements in order, pushed and popped at both ends, accessible by index.

A ``List`` has one of two forms, distinguished by the bit LONG_FORM of its second word:

- short (OBJECT ENCODING ``listpack``): one run (``list_run.pxd``), at most as large as a node of the long form;
- long (``quicklist``): ``LongList`` (``list_long.pxd``), once a limit has been exceeded. It becomes a run again when it
  has shrunk to half of the limit.

Functions that may move the list take ``List **``. After removing elements, a caller must call ``list_shrink``. When a
list has lost its last element, its owner must free it. Texts returned by reading functions are valid until the next
change.
"""

from libc.stdint cimport int64_t, uint32_t

from pyredis.ground.base cimport Slice
from pyredis.types.list.list_long cimport ListLimits, ListStretch, LongList

# The header of both forms.
cdef struct List:
    uint32_t own            # a run's capacity; unused in the long form
    uint32_t form           # LONG_FORM, or a run's count

ctypedef struct ListItem:
    Slice text
    char digits[20]

ctypedef struct ListIterator:
    const LongList *list
    LongList own            # represents a short list as a long one
    ListStretch stretch
    bint is_open
    bint returned           # the stretch has been returned by list_next_stretch
    size_t part             # the next one to open

# `size` is list-max-listpack-size, `depth` list-compress-depth.
cdef ListLimits list_limits(int64_t size, int64_t depth) noexcept nogil

# ---- the list; functions that take or return `void *` are those that the keyspace calls for every type of value ----
# Returns an empty list with `room` free bytes, before future elements if `front`, otherwise after them.
cdef List *list_new(size_t room, bint front) noexcept nogil
cdef void *list_copy(const void *list) noexcept nogil
cdef void list_free(List *list) noexcept nogil
# Releases about `budget` nodes; returns true when everything is released, including the list itself. After the first
# call, no other function may be called on the list.
cdef bint list_free_some(void *list, size_t budget) noexcept nogil
# Returns the effort to free the list, in blocks to release.
cdef size_t list_effort(const void *list) noexcept nogil
# Returns the name that OBJECT ENCODING reports: listpack or quicklist.
cdef const char *list_encoding(const void *list) noexcept nogil
# Returns the bytes in use, in total.
cdef size_t list_memory(const void *list) noexcept nogil
cdef size_t list_size(const List *list) noexcept nogil
cdef bint list_is_long(const List *list) noexcept nogil
cdef bint list_sound(const List *list) noexcept nogil

# ---- the ends ----
# Pushes the texts one after the other; none of them may be part of the list.
cdef void list_push(List **list, const Slice *texts, size_t count, bint front, const ListLimits *limits) noexcept nogil
# Returns the element at an end, which must exist; digits are written to `scratch` (20 bytes).
cdef Slice list_peek(List *list, bint front, char *scratch) noexcept nogil
cdef void list_drop(List *list, bint front) noexcept nogil
# Removes `count` elements, which must exist.
cdef void list_drop_many(List *list, size_t count, bint front) noexcept nogil
# To be called after removals: releases spare room, and converts a long list that has become short to a run.
cdef void list_shrink(List **list, const ListLimits *limits) noexcept nogil

# ---- anywhere ----
# To be called before additions: if `bytes` and `count` more would exceed a limit of a short list, makes it long.
cdef void list_expect(List **list, size_t bytes, size_t count, bint front, const ListLimits *limits) noexcept nogil
cdef void list_set(List **list, size_t index, Slice text, const ListLimits *limits) noexcept nogil
# Inserts before or after the first element equal to `pivot`; returns false if there is none.
cdef bint list_insert(List **list, Slice pivot, Slice text, bint behind, const ListLimits *limits) noexcept nogil
# Removes at most `limit` elements equal to the text, starting at the front or at the back; returns how many.
cdef size_t list_remove(List **list, Slice text, size_t limit, bint front, const ListLimits *limits) noexcept nogil

# ---- reading ----
# Iterates from the element of this index on; `list_iterate_end` must follow before the list changes.
cdef void list_iterate(const List *list, size_t index, ListIterator *iterator) noexcept nogil
cdef bint list_next(ListIterator *iterator, ListItem *out) noexcept nogil
# Returns the next elements that are contiguous, and marks them as read; returns NULL at the end.
cdef const ListStretch *list_next_stretch(ListIterator *iterator) noexcept nogil
cdef void list_iterate_end(ListIterator *iterator) noexcept nogil
# Calls `found` with the index of each element equal to the text, starting at the front or at the back. Skips the first
# `skip` of these, reports at most `limit`, and examines only `within` elements. Returns the number of calls.
cdef size_t list_positions(const List *list, Slice text, bint front, size_t skip, size_t limit, size_t within,
                           void (*found)(void *context, size_t index) noexcept nogil, void *context) noexcept nogil
