"""The savers of all kinds, and what is the same for all of them: strings, expiry, SELECT."""

from libc.stdint cimport int64_t

from pyredis.ground.base cimport format_int64, literal, slice_of
from pyredis.journal.multibulk cimport append_bulk, append_header
from pyredis.keyspace.keyspace cimport (
    KINDS,
    STRING,
    entry_expiry,
    entry_has_expiry,
    entry_key,
    entry_pointer,
    string_slice,
)

cdef Saver _savers[KINDS]


cdef void saver_register(const Saver *saver) noexcept nogil:
    _savers[<int> saver.kind] = saver[0]


cdef const Saver *saver_of(int kind) noexcept nogil:
    return &_savers[kind] if _savers[kind].save != NULL else NULL


cdef void append_integer(Output out, int64_t value) noexcept nogil:
    cdef char text[24]
    append_bulk(out, slice_of(text, format_int64(text, value)))


cdef void save_select(Session *session, int database) noexcept nogil:
    if database == session.selected:
        return
    session.selected = database
    append_header(session.out, c'*', 2)
    append_bulk(session.out, literal("SELECT"))
    append_integer(session.out, database)


cdef void save_expiry(Output out, Slice key, int64_t expiry) noexcept nogil:
    append_header(out, c'*', 3)
    append_bulk(out, literal("PEXPIREAT"))
    append_bulk(out, key)
    append_integer(out, expiry)


cdef void save_string(Output out, Slice key, Slice value, int64_t expiry) noexcept nogil:
    append_header(out, c'*', 5 if expiry >= 0 else 3)
    append_bulk(out, literal("SET"))
    append_bulk(out, key)
    append_bulk(out, value)
    if expiry >= 0:
        append_bulk(out, literal("PXAT"))
        append_integer(out, expiry)


cdef bint save_entry(Output out, const Entry *entry) noexcept nogil:
    cdef char scratch[24]
    cdef const Saver *saver
    if entry.type == STRING:
        save_string(out, entry_key(entry), string_slice(entry, scratch), entry_expiry(entry))
        return True
    saver = saver_of(entry.type)
    if saver == NULL:
        return False
    saver.save(saver, out, entry_key(entry), entry_pointer(entry))
    if entry_has_expiry(entry):
        save_expiry(out, entry_key(entry), entry_expiry(entry))
    return True
