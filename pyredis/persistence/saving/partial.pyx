"""Opens and closes the values that are saved in pieces; the value opened first is finished first.

Invariants: a value has a guard exactly while it is open. A value that the keyspace has given up meanwhile becomes the
keyspace's garbage when it is closed.
"""

from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport (
    STRING,
    Entry,
    ValueKind,
    entry_expiry,
    entry_key,
    entry_pointer,
    keyspace_discard_value,
    value_type,
)
from pyredis.persistence.saving.output cimport output_publish
from pyredis.persistence.saving.saver cimport Partial, Saver, Session, save_entry, save_select, saver_of
from pyredis.types.table.guard cimport Guard


cdef bint is_for_pieces(const Session *session, const Saver *saver, const Entry *entry) noexcept nogil:
    cdef void *value
    if saver == NULL or saver.pieces == NULL:
        return False
    value = entry_pointer(entry)
    return saver.guard(value) != NULL and value_type(<ValueKind> entry.type).footprint(value) > session.piece


cdef void open_value(Session *session, int database, const Saver *saver, Entry *entry) noexcept nogil:
    cdef Slice key = entry_key(entry)
    cdef Partial *partial = <Partial *> mem_alloc(sizeof(Partial) + key.size)
    partial.guard.before = saver.pieces.before
    partial.next = NULL
    partial.session = session
    partial.saver = saver
    partial.kind = <ValueKind> entry.type
    partial.value = entry_pointer(entry)
    partial.taken = False
    partial.database = database
    partial.expiry = entry_expiry(entry)
    partial.key_size = key.size
    memcpy(partial + 1, key.data, key.size)
    saver.pieces.open(partial)
    saver.guard(partial.value)[0] = &partial.guard
    if session.first == NULL:
        session.first = partial
    else:
        session.last.next = partial
    session.last = partial


cdef bint session_save(Session *session, int database, Entry *entry) noexcept nogil:
    cdef const Saver *saver = saver_of(entry.type)
    if is_for_pieces(session, saver, entry):
        open_value(session, database, saver, entry)
        return True
    save_select(session, database)
    return save_entry(session, entry)


cdef void close_first(Session *session) noexcept nogil:
    cdef Partial *partial = session.first
    session.first = partial.next
    if partial.value != NULL:
        partial.saver.guard(partial.value)[0] = NULL
    partial.saver.pieces.close(partial)
    if partial.taken:
        session.keyspace.promised -= value_type(partial.kind).footprint(partial.value)
        keyspace_discard_value(session.keyspace, partial.kind, partial.value)
    mem_free(partial, sizeof(Partial) + partial.key_size)


cdef bint session_work(Session *session) noexcept nogil:
    cdef Partial *partial = session.first
    if partial == NULL:
        return False
    if not partial.saver.pieces.save_some(partial):
        if partial.expiry >= 0:
            partial_begin(partial)
            session.encoder.key_expiry(session.out, partial_key(partial), partial.expiry)
        close_first(session)
    output_publish(session.out)
    return True


cdef bint session_take(Session *session, ValueKind kind, void *value) noexcept nogil:
    cdef const Saver *saver = saver_of(kind) if kind != STRING else NULL
    cdef Guard **guard
    if saver == NULL or saver.pieces == NULL:
        return False
    guard = saver.guard(value)
    if guard == NULL or guard[0] == NULL:
        return False
    (<Partial *> guard[0]).taken = True
    return True


cdef void session_end(Session *session) noexcept nogil:
    while session.first != NULL:
        close_first(session)


cdef void partial_begin(Partial *partial) noexcept nogil:
    save_select(partial.session, partial.database)


cdef Slice partial_key(const Partial *partial) noexcept nogil:
    return slice_of(<const char *> (partial + 1), partial.key_size)
