"""Saves hashes: their fields, values and expiries.

Fields that are due are saved too: their HDEL is in the file that follows the snapshot.
"""

from pyredis.keyspace.keyspace cimport HASH
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.part_saver cimport save_whole
from pyredis.persistence.saving.saver cimport Saver, saver_register
from pyredis.persistence.saving.table_walk cimport table_pieces
from pyredis.types.hash.hash cimport hash_guard, hash_table
from pyredis.types.hash.hash_fields cimport Field, field_expiry, field_name, field_value


cdef void read_field(const void *element, Part *out) noexcept nogil:
    out.text = field_name(<const Field *> element)
    out.value = field_value(<const Field *> element)
    out.expiry = field_expiry(<const Field *> element)


cdef Saver _saver
_saver.kind = HASH
_saver.save = save_whole
_saver.guard = hash_guard
_saver.pieces = table_pieces()
_saver.table = hash_table
_saver.read_part = read_field
saver_register(&_saver)
