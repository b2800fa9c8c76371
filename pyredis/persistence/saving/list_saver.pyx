"""Saves lists: their elements, in order."""

from pyredis.keyspace.keyspace cimport LIST
from pyredis.persistence.saving.list_pieces cimport MOST_NODES, list_pieces
from pyredis.persistence.saving.part_saver cimport save_whole
from pyredis.persistence.saving.saver cimport Saver, saver_register
from pyredis.types.list.list cimport List, list_is_long
from pyredis.types.list.list_long cimport LongList
from pyredis.types.table.guard cimport Guard


cdef Guard **guard(void *value) noexcept nogil:
    if not list_is_long(<List *> value) or (<LongList *> value).nodes.used > MOST_NODES:
        return NULL
    return &(<LongList *> value).guard


cdef Saver _saver
_saver.kind = LIST
_saver.save = save_whole
_saver.guard = guard
_saver.pieces = list_pieces()
saver_register(&_saver)
