"""Access to a set in a handler: look it up by its key, change it, store it. For the set commands only."""

from libc.stdint cimport uint64_t

from pyredis._resp cimport Replied, Reply, reply_bulk, reply_bulk_integer
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_SET
from pyredis.call.lookups cimport lookup_read_kind, lookup_write_kind
from pyredis.call.state cimport Server
from pyredis.commands.key_changes cimport parts_removed
from pyredis.ground.base cimport likely
from pyredis.keyspace.keyspace cimport SET, Entry, entry_pointer, entry_store_pointer, keyspace_set_value
from pyredis.types.set.set cimport Set, SetLimits, SetMember, set_size

ctypedef struct SetAccess:
    int index           # the argument that is the key
    Entry *entry        # NULL: the key is absent
    Set *set
    SetLimits limits


cdef inline SetLimits set_limits(const Server *server) noexcept nogil:
    cdef SetLimits limits
    limits.integers = server.settings.set_max_intset_entries
    limits.entries = server.settings.set_max_listpack_entries
    limits.value = server.settings.set_max_listpack_value
    return limits


cdef inline Set *read_set(Call *call, int index) noexcept nogil:
    """Returns the set at argument ``index``; NULL if absent, or after replying WRONGTYPE (``call.failed``)."""
    cdef Entry *entry = lookup_read_kind(call, index, SET)
    return <Set *> entry_pointer(entry) if entry != NULL else NULL


cdef inline bint find_set(Call *call, int index, SetAccess *access) noexcept nogil:
    """Looks up the set for a change; ``access.set`` is NULL if absent. Returns False after replying WRONGTYPE."""
    access.index = index
    access.entry = lookup_write_kind(call, index, SET)
    access.set = <Set *> entry_pointer(access.entry) if access.entry != NULL else NULL
    access.limits = set_limits(call.server)
    return not call.failed


cdef inline void store_set(Call *call, SetAccess *access) noexcept nogil:
    """Stores the changed set, which must not be empty, in the entry where it was found or under a new key."""
    if likely(access.entry != NULL):
        entry_store_pointer(access.entry, access.set)
        return
    access.entry = keyspace_set_value(
        &call.server.keyspace, call.database, call.argv[access.index], key_hash(call, access.index), NULL, SET,
        access.set, -1)


cdef inline void store_fewer_members(
        Call *call, SetAccess *access, const char *event, uint64_t removed) noexcept nogil:
    """Ends a handler that has removed ``removed`` members; deletes the key if the set is empty."""
    cdef bint empty = set_size(access.set) == 0
    store_set(call, access)
    parts_removed(call, access.index, access.entry, empty, EVENT_SET, event, removed)


cdef inline Replied reply_member(Reply *reply, const SetMember *member) noexcept nogil:
    if member.text == NULL:
        return reply_bulk_integer(reply, member.number)
    return reply_bulk(reply, member.text, member.size)
