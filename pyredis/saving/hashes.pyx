"""Hashes as HMSET, and HPEXPIREAT for the fields that expire.

Due fields are written too: their HDEL follows in the file behind the snapshot.
"""

from libc.stdint cimport int64_t

from pyredis._aof_commands cimport append_bulk, append_header
from pyredis._base cimport Slice, slice_of
from pyredis._keyspace cimport HASH
from pyredis.saving.saver cimport COMMAND_PARTS, Output, Saver, append_integer, saver_register
from pyredis.saving.tables cimport table_pieces
from pyredis.types.guard cimport Guard
from pyredis.types.hash cimport (
    Hash,
    HashEntry,
    HashIterator,
    hash_guard,
    hash_iterate,
    hash_iterate_end,
    hash_next,
    hash_next_expiry,
    hash_size,
    hash_table,
)
from pyredis.types.hashfields cimport Field, field_expiry, field_name, field_value
from pyredis.types.hashtable cimport Table


cdef void begin_fields(Output out, Slice key, size_t count) noexcept nogil:
    append_header(out, c'*', 2 + 2 * count)
    append_bulk(out, slice_of("HMSET", 5))
    append_bulk(out, key)


cdef void save_fields(Output out, Slice key, Hash *hash) noexcept nogil:
    cdef HashIterator iterator
    cdef HashEntry entry
    cdef size_t left = hash_size(hash), inside = 0
    hash_iterate(hash, 0, &iterator)
    while hash_next(&iterator, &entry):
        if inside == 0:
            inside = min(left, <size_t> COMMAND_PARTS)
            left -= inside
            begin_fields(out, key, inside)
        append_bulk(out, entry.field)
        append_bulk(out, entry.value)
        inside -= 1
    hash_iterate_end(&iterator)


cdef void save_field_expiry(Output out, Slice key, Slice field, int64_t expiry) noexcept nogil:
    append_header(out, c'*', 6)
    append_bulk(out, slice_of("HPEXPIREAT", 10))
    append_bulk(out, key)
    append_integer(out, expiry)
    append_bulk(out, slice_of("FIELDS", 6))
    append_bulk(out, slice_of("1", 1))
    append_bulk(out, field)


cdef void save_field_expiries(Output out, Slice key, Hash *hash) noexcept nogil:
    cdef HashIterator iterator
    cdef HashEntry entry
    hash_iterate(hash, 0, &iterator)
    while hash_next(&iterator, &entry):
        if entry.expiry != 0:
            save_field_expiry(out, key, entry.field, entry.expiry)
    hash_iterate_end(&iterator)


cdef void save(Output out, Slice key, void *value) noexcept nogil:
    cdef Hash *hash = <Hash *> value
    save_fields(out, key, hash)
    if hash_next_expiry(hash) != 0:
        save_field_expiries(out, key, hash)


# ---- pieces ----

cdef Guard **guard(void *value) noexcept nogil:
    return hash_guard(<Hash *> value)


cdef Table *table(void *value) noexcept nogil:
    return hash_table(<Hash *> value)


cdef void save_parts(Output out, Slice key, void **parts, size_t count) noexcept nogil:
    cdef size_t index
    begin_fields(out, key, count)
    for index in range(count):
        append_bulk(out, field_name(<Field *> parts[index]))
        append_bulk(out, field_value(<Field *> parts[index]))
    for index in range(count):
        if field_expiry(<Field *> parts[index]) != 0:
            save_field_expiry(out, key, field_name(<Field *> parts[index]), field_expiry(<Field *> parts[index]))


cdef size_t part_size(const void *part) noexcept nogil:
    return field_value(<const Field *> part).size


cdef Saver _saver
_saver.save = save
_saver.guard = guard
_saver.pieces = table_pieces()
_saver.table = table
_saver.save_parts = save_parts
_saver.part_size = part_size
saver_register(HASH, &_saver)
