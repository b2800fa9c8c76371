"""Walks over a value's parts, the same way for all kinds that have parts; ``keyspace/parts.pxd`` has the contracts."""

from pyredis.ground.base cimport Slice
from pyredis.keyspace.parts cimport Part, PartIterator, parts_count, parts_end, parts_iterate, parts_next
from pyredis.persistence.saving.encoder cimport Encoder
from pyredis.persistence.saving.saver cimport Saver, Session


cdef bint save_parts(const Saver *saver, Session *session, Slice key, void *value) noexcept nogil:
    """Saves all parts without their expiries. Returns whether any part expires."""
    cdef const Encoder *encoder = session.encoder
    cdef size_t left = parts_count(saver.kind, value), inside = 0
    cdef bint expires = False
    cdef PartIterator iterator
    cdef Part part
    parts_iterate(&iterator, saver.kind, value, 0, 0)
    while parts_next(&iterator, &part):
        if inside == 0:
            inside = min(left, encoder.run)
            left -= inside
            encoder.begin_parts(session.out, saver.kind, key, inside)
        encoder.part(session.out, saver.kind, &part)
        expires |= part.expiry != 0
        inside -= 1
    parts_end(&iterator)
    return expires


cdef void save_expiries(const Saver *saver, Session *session, Slice key, void *value) noexcept nogil:
    cdef PartIterator iterator
    cdef Part part
    parts_iterate(&iterator, saver.kind, value, 0, 0)
    while parts_next(&iterator, &part):
        if part.expiry:
            session.encoder.part_expiry(session.out, key, &part)
    parts_end(&iterator)


cdef void save_whole(const Saver *saver, Session *session, Slice key, void *value) noexcept nogil:
    if save_parts(saver, session, key, value):
        save_expiries(saver, session, key, value)


cdef void save_elements(const Saver *saver, Session *session, Slice key, void **elements, size_t count) noexcept nogil:
    cdef bint expires = False
    cdef size_t index
    cdef Part part
    session.encoder.begin_parts(session.out, saver.kind, key, count)
    for index in range(count):
        saver.read_part(elements[index], &part)
        session.encoder.part(session.out, saver.kind, &part)
        expires |= part.expiry != 0
    if not expires:
        return
    for index in range(count):
        saver.read_part(elements[index], &part)
        if part.expiry:
            session.encoder.part_expiry(session.out, key, &part)
