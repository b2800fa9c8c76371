"""Changes of a long list anywhere: an element comes, is replaced, or goes wherever it is found."""

from pyredis.ground.base cimport Slice
from pyredis.types.list.list_long cimport ListLimits, ListPlace, LongList

cdef void long_insert(LongList *list, ListPlace place, Slice text, const ListLimits *limits) noexcept nogil
cdef void long_replace(LongList *list, ListPlace place, Slice text, const ListLimits *limits) noexcept nogil
# Removes at most `limit` elements equal to the text, from the front or from behind; returns how many.
cdef size_t long_remove_equal(LongList *list, Slice text, size_t limit, bint front, const ListLimits *limits
                              ) noexcept nogil
