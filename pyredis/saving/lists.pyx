"""Lists as RPUSH."""

from pyredis._aof_commands cimport append_bulk, append_header
from pyredis._base cimport Slice, slice_of
from pyredis._keyspace cimport LIST
from pyredis.saving.list_pieces cimport MOST_NODES, list_pieces
from pyredis.saving.saver cimport COMMAND_PARTS, Output, Saver, saver_register
from pyredis.types.guard cimport Guard
from pyredis.types.list cimport (
    List,
    ListItem,
    ListIterator,
    list_is_long,
    list_iterate,
    list_iterate_end,
    list_next,
    list_size,
)
from pyredis.types.listlong cimport LongList


cdef void save(Output out, Slice key, void *value) noexcept nogil:
    cdef const List *list = <const List *> value
    cdef ListIterator iterator
    cdef ListItem item
    cdef size_t left = list_size(list), inside = 0
    list_iterate(list, 0, &iterator)
    while list_next(&iterator, &item):
        if inside == 0:
            inside = min(left, <size_t> COMMAND_PARTS)
            left -= inside
            append_header(out, c'*', 2 + inside)
            append_bulk(out, slice_of("RPUSH", 5))
            append_bulk(out, key)
        append_bulk(out, item.text)
        inside -= 1
    list_iterate_end(&iterator)


cdef Guard **guard(void *value) noexcept nogil:
    if not list_is_long(<List *> value) or (<LongList *> value).nodes.used > MOST_NODES:
        return NULL
    return &(<LongList *> value).guard


cdef Saver _saver
_saver.save = save
_saver.guard = guard
_saver.pieces = list_pieces()
saver_register(LIST, &_saver)
