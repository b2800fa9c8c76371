"""Access to a list in a handler: look it up by its key, change it, store it again. For the list commands only."""

from pyredis._resp cimport Replied, reply_array, reply_error, reply_slice
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_LIST
from pyredis.call.lookups cimport lookup_read_kind, lookup_write_kind
from pyredis.commands.key_changes cimport parts_removed
from pyredis.ground.base cimport Slice, equals_nocase, likely, parse_int64
from pyredis.keyspace.keyspace cimport LIST, Entry, entry_pointer, entry_store_pointer, keyspace_set_value
from pyredis.types.list.list cimport List, list_drop, list_limits, list_peek, list_shrink, list_size
from pyredis.types.list.list_long cimport ListLimits

from libc.stdint cimport int64_t, uint64_t

ctypedef struct ListAccess:
    int key             # index of the argument that is the key
    Entry *entry        # NULL: the key does not exist
    List *list
    ListLimits limits


cdef inline List *read_list(Call *call) noexcept nogil:
    """Returns the list at argument 1; NULL if it does not exist, or after replying WRONGTYPE (``call.failed``)."""
    cdef Entry *entry = lookup_read_kind(call, 1, LIST)
    return <List *> entry_pointer(entry) if entry != NULL else NULL


cdef inline void hold_list(Call *call, int key, Entry *entry, ListAccess *access) noexcept nogil:
    access.key = key
    access.entry = entry
    access.list = <List *> entry_pointer(entry) if entry != NULL else NULL
    access.limits = list_limits(
        call.server.settings.list_max_listpack_size, call.server.settings.list_compress_depth)


cdef inline bint find_list(Call *call, int key, ListAccess *access) noexcept nogil:
    """Looks up a list for writing; ``access.list`` is NULL if it does not exist. Returns False after replying
    WRONGTYPE."""
    hold_list(call, key, lookup_write_kind(call, key, LIST), access)
    return not call.failed


cdef inline void store_list(Call *call, ListAccess *access) noexcept nogil:
    """Stores the changed list in its entry, or in a new one if the key did not exist. The caller must delete the key if
    no element is left."""
    if likely(access.entry != NULL):
        entry_store_pointer(access.entry, access.list)
        return
    access.entry = keyspace_set_value(&call.server.keyspace, call.database, call.argv[access.key],
                                      key_hash(call, access.key), NULL, LIST, access.list, -1)


cdef inline void store_fewer(
        Call *call, ListAccess *access, const char *event, uint64_t removed) noexcept nogil:
    """Ends a handler that has removed ``removed`` elements; deletes the key if no element is left."""
    cdef bint empty = list_size(access.list) == 0
    if not empty:
        list_shrink(&access.list, &access.limits)
    store_list(call, access)
    parts_removed(call, access.key, access.entry, empty, EVENT_LIST, event, removed)


cdef inline const char *pop_event(bint front) noexcept nogil:
    return "lpop" if front else "rpop"


cdef inline const char *push_event(bint front) noexcept nogil:
    return "lpush" if front else "rpush"


cdef inline void reply_popped(Call *call, ListAccess *access, bint front) noexcept nogil:
    cdef char digits[20]
    reply_slice(call.reply, list_peek(access.list, front, digits))
    list_drop(access.list, front)


cdef inline Replied pop_one(Call *call, ListAccess *access, bint front) noexcept nogil:
    reply_popped(call, access, front)
    store_fewer(call, access, pop_event(front), 1)
    return 0


cdef inline Replied pop_several(Call *call, ListAccess *access, bint front, size_t count) noexcept nogil:
    """Pops ``count`` elements and replies with them as an array; the list must have that many."""
    cdef size_t _
    reply_array(call.reply, count)
    for _ in range(count):
        reply_popped(call, access, front)
    store_fewer(call, access, pop_event(front), count)
    return 0


cdef inline bint end_argument(Call *call, int index, bint *front) noexcept nogil:
    """Parses LEFT or RIGHT; returns False, without a reply, for anything else."""
    front[0] = equals_nocase(call.argv[index], "left")
    return front[0] or equals_nocase(call.argv[index], "right")


cdef inline bint number_argument(Call *call, int index, int64_t least, int64_t *number, const char *error
                                 ) noexcept nogil:
    """Parses an integer of at least ``least``; replies with ``error`` and returns False for anything else."""
    cdef Slice text = call.argv[index]
    if parse_int64(text.data, text.size, number) and number[0] >= least:
        return True
    reply_error(call.reply, error)
    return False
