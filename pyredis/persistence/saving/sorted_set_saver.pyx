"""Saves sorted sets: members and scores, in order, so that loading only appends; in pieces, in any order."""

from pyredis.ground.base cimport literal
from pyredis.keyspace.keyspace cimport ZSET
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.part_saver cimport save_whole
from pyredis.persistence.saving.saver cimport Saver, saver_register
from pyredis.persistence.saving.table_walk cimport table_pieces
from pyredis.types.sorted_set.sorted_set cimport zset_guard, zset_table
from pyredis.types.sorted_set.sorted_tree cimport Member, member_text


cdef void read_member(const void *element, Part *out) noexcept nogil:
    out.text = member_text(<const Member *> element)
    out.value = literal("")
    out.score = (<const Member *> element).score
    out.expiry = 0


cdef Saver _saver
_saver.kind = ZSET
_saver.save = save_whole
_saver.guard = zset_guard
_saver.pieces = table_pieces()
_saver.table = zset_table
_saver.read_part = read_member
saver_register(&_saver)
