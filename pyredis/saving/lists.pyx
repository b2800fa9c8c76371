"""Lists as RPUSH."""

from pyredis._aof_commands cimport append_bulk
from pyredis._keyspace cimport LIST
from pyredis._parts cimport Part
from pyredis.saving.list_pieces cimport MOST_NODES, list_pieces
from pyredis.saving.parts cimport save_whole
from pyredis.saving.saver cimport Output, Saver, saver_register
from pyredis.types.guard cimport Guard
from pyredis.types.list cimport List, list_is_long
from pyredis.types.listlong cimport LongList


cdef void append_element(Output out, const Part *part) noexcept nogil:
    append_bulk(out, part.text)


cdef Guard **guard(void *value) noexcept nogil:
    if not list_is_long(<List *> value) or (<LongList *> value).nodes.used > MOST_NODES:
        return NULL
    return &(<LongList *> value).guard


cdef Saver _saver
_saver.kind = LIST
_saver.save = save_whole
_saver.guard = guard
_saver.pieces = list_pieces()
_saver.command = "RPUSH"
_saver.words = 1
_saver.append_part = append_element
saver_register(&_saver)
