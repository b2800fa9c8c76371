"""Saves sets: their members."""

from pyredis.ground.base cimport literal
from pyredis.keyspace.keyspace cimport SET
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.part_saver cimport save_whole
from pyredis.persistence.saving.saver cimport Saver, saver_register
from pyredis.persistence.saving.table_walk cimport table_pieces
from pyredis.types.set.set cimport set_guard, set_table
from pyredis.types.set.set_members cimport Member, member_text


cdef void read_member(const void *element, Part *out) noexcept nogil:
    out.text = member_text(<const Member *> element)
    out.value = literal("")
    out.expiry = 0


cdef Saver _saver
_saver.kind = SET
_saver.save = save_whole
_saver.guard = set_guard
_saver.pieces = table_pieces()
_saver.table = set_table
_saver.read_part = read_member
saver_register(&_saver)
