"""The savers of all kinds, and what needs none: strings, the expiry of a key, the selected database."""

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


cdef void save_select(Session *session, int database) noexcept nogil:
    if database != session.selected:
        session.selected = database
        session.encoder.select(session.out, database)


cdef bint save_entry(Session *session, const Entry *entry) noexcept nogil:
    cdef char scratch[24]
    cdef const Saver *saver
    if entry.type == STRING:
        session.encoder.string(session.out, entry_key(entry), string_slice(entry, scratch), entry_expiry(entry))
        return True
    saver = saver_of(entry.type)
    if saver == NULL:
        return False
    saver.save(saver, session, entry_key(entry), entry_pointer(entry))
    if entry_has_expiry(entry):
        session.encoder.key_expiry(session.out, entry_key(entry), entry_expiry(entry))
    return True
