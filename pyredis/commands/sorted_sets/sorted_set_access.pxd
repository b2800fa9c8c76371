"""Access to a sorted set in a handler: look it up by its key, change it, store it. For all commands that use them."""

from libc.stdint cimport uint64_t

from pyredis._resp cimport Replied, Reply, reply_array, reply_double, reply_slice
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_ZSET, changed
from pyredis.call.lookups cimport lookup_read_kind, lookup_write
from pyredis.commands.key_changes cimport delete_key, parts_removed
from pyredis.ground.base cimport likely
from pyredis.keyspace.keyspace cimport ZSET, Entry, entry_pointer, entry_store_pointer, keyspace_set_value
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set.sorted_set cimport SortedSet, SortedSetLimits, zset_free, zset_size


cdef inline SortedSet *sorted_set_of(const Entry *entry) noexcept nogil:
    return <SortedSet *> entry_pointer(entry) if entry != NULL else NULL


cdef inline SortedSet *read_sorted_set(Call *call, int index) noexcept nogil:
    """Returns the set at argument ``index``; NULL if absent, or after replying WRONGTYPE (``call.failed``)."""
    return sorted_set_of(lookup_read_kind(call, index, ZSET))


cdef inline SortedSetLimits sorted_set_limits(const Call *call) noexcept nogil:
    cdef SortedSetLimits limits
    limits.entries = call.server.settings.zset_max_listpack_entries
    limits.value = call.server.settings.zset_max_listpack_value
    return limits


cdef inline void store_sorted_set(Call *call, int index, Entry *entry, SortedSet *set) noexcept nogil:
    """Stores the changed set, which must not be empty, in ``entry`` or, if that is NULL, under a new key."""
    if likely(entry != NULL):
        entry_store_pointer(entry, set)
    else:
        keyspace_set_value(
            &call.server.keyspace, call.database, call.argv[index], key_hash(call, index), NULL, ZSET, set, -1)


cdef inline void store_fewer_members(
        Call *call, int index, Entry *entry, SortedSet *set, const char *event, uint64_t removed) noexcept nogil:
    """Ends a handler that has removed ``removed`` members; deletes the key if the set is empty."""
    cdef bint empty = zset_size(set) == 0
    entry_store_pointer(entry, set)
    parts_removed(call, index, entry, empty, EVENT_ZSET, event, removed)


cdef inline size_t store_result(Call *call, int index, SortedSet *result, const char *event) noexcept nogil:
    """Stores a newly made set in place of any former value of the key, or deletes the key if the set is empty.

    Returns the number of its members. No value found under the key before may still be in use.
    """
    cdef Entry *entry = lookup_write(call, index)
    cdef size_t size = zset_size(result)
    if size:
        keyspace_set_value(
            &call.server.keyspace, call.database, call.argv[index], key_hash(call, index), entry, ZSET, result, -1)
        changed(call, index, EVENT_ZSET, event)
        return size
    zset_free(result)
    if entry != NULL:
        delete_key(call, index, entry, call.server.settings.lazy_server_del)
    return 0


cdef inline Replied reply_member(Reply *reply, const ScoredMember *member, bint scored, bint nested) noexcept nogil:
    """Replies with a member; if ``scored`` with its score, and if also ``nested`` with the two as an array."""
    if scored and nested:
        reply_array(reply, 2)
    reply_slice(reply, member.member)
    if scored:
        reply_double(reply, member.score)
    return 0
