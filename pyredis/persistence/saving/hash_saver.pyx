"""Hashes as HMSET, and HPEXPIREAT for the fields that expire.

Due fields are written too: their HDEL follows in the file behind the snapshot.
"""

from pyredis.ground.base cimport Slice, literal
from pyredis.journal.multibulk cimport append_bulk, append_header
from pyredis.keyspace.keyspace cimport HASH
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.part_saver cimport save_whole
from pyredis.persistence.saving.saver cimport Output, Saver, append_integer, saver_register
from pyredis.persistence.saving.table_walk cimport table_pieces
from pyredis.types.hash.hash cimport hash_guard, hash_table
from pyredis.types.hash.hash_fields cimport Field, field_expiry, field_name, field_value


cdef void append_field(Output out, const Part *part) noexcept nogil:
    append_bulk(out, part.text)
    append_bulk(out, part.value)


cdef void append_expiry(Output out, Slice key, const Part *part) noexcept nogil:
    append_header(out, c'*', 6)
    append_bulk(out, literal("HPEXPIREAT"))
    append_bulk(out, key)
    append_integer(out, part.expiry)
    append_bulk(out, literal("FIELDS"))
    append_bulk(out, literal("1"))
    append_bulk(out, part.text)


cdef void read_field(const void *element, Part *out) noexcept nogil:
    out.text = field_name(<const Field *> element)
    out.value = field_value(<const Field *> element)
    out.expiry = field_expiry(<const Field *> element)


cdef Saver _saver
_saver.kind = HASH
_saver.save = save_whole
_saver.guard = hash_guard
_saver.pieces = table_pieces()
_saver.command = "HMSET"
_saver.words = 2
_saver.append_part = append_field
_saver.append_expiry = append_expiry
_saver.table = hash_table
_saver.read_part = read_field
saver_register(&_saver)
