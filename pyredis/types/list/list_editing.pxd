"""Changes anywhere in a long list: insertion, replacement, and removal of equal elements."""

from pyredis.ground.base cimport Slice
from pyredis.types.list.list_long cimport ListLimits, ListPlace, LongList

cdef void long_insert(LongList *list, ListPlace place, Slice text, const ListLimits *limits) noexcept nogil
cdef void long_replace(LongList *list, ListPlace place, Slice text, const ListLimits *limits) noexcept nogil
# Removes at most `limit` elements equal to the text, starting at the front or at the back; returns how many.
cdef size_t long_remove_equal(LongList *list, Slice text, size_t limit, bint front, const ListLimits *limits
                              ) noexcept nogil
