"""Changes of keys that every family makes: deleting a key, setting its expiry, removing its expiry.

Each function changes the key at argument ``index``, whose ``entry`` the caller has looked up for writing, and then
records the change. Those that end in ``_instead`` propagate the effect instead of the request.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_GENERIC, changed, count_as
from pyredis.call.propagation cimport propagate_instead
from pyredis.ground.base cimport Slice, format_int64, literal
from pyredis.keyspace.keyspace cimport Entry, keyspace_delete, keyspace_set_expiry


cdef inline void delete_key(Call *call, int index, Entry *entry, bint lazy) noexcept nogil:
    keyspace_delete(&call.server.keyspace, call.database, entry, lazy)
    changed(call, index, EVENT_GENERIC, "del")


cdef inline void delete_key_instead(Call *call, int index, Entry *entry, bint lazy) noexcept nogil:
    cdef Slice argv[2]
    delete_key(call, index, entry, lazy)
    argv[0] = literal("UNLINK") if lazy else literal("DEL")
    argv[1] = call.argv[index]
    propagate_instead(call, 2, argv)


cdef inline void expire_key_instead(Call *call, int index, Entry *entry, int64_t moment) noexcept nogil:
    """``moment``: Unix time in ms. It is propagated as it is, without the request's condition."""
    cdef char digits[20]
    cdef Slice argv[3]
    keyspace_set_expiry(&call.server.keyspace, call.database, entry, moment)
    changed(call, index, EVENT_GENERIC, "expire")
    argv[0] = literal("PEXPIREAT")
    argv[1] = call.argv[index]
    argv[2].data = digits
    argv[2].size = format_int64(digits, moment)
    propagate_instead(call, 3, argv)


cdef inline void persist_key(Call *call, int index, Entry *entry) noexcept nogil:
    keyspace_set_expiry(&call.server.keyspace, call.database, entry, -1)
    changed(call, index, EVENT_GENERIC, "persist")


cdef inline void parts_removed(Call *call, int index, Entry *entry, bint empty, int event, const char *name,
                               uint64_t removed) noexcept nogil:
    """Ends a handler that has removed ``removed`` parts of a value and stored the value in its entry again; deletes the
    key if the value is ``empty``."""
    changed(call, index, event, name)
    if empty:
        delete_key(call, index, entry, False)
    count_as(call, removed)
