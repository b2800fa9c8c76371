"""A list on its way through a handler: looked up by its key, changed, put back. For the list commands alone."""

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
    int key             # the argument that is the key
    Entry *entry        # NULL: the key is absent
    List *list
    ListLimits limits


cdef inline List *read_list(Call *call) noexcept nogil:
    """The list at argument 1. NULL where there is none, or where the answer has been WRONGTYPE (``call.failed``)."""
    cdef Entry *entry = lookup_read_kind(call, 1, LIST)
    return <List *> entry_pointer(entry) if entry != NULL else NULL


cdef inline void hold_list(Call *call, int key, Entry *entry, ListAccess *access) noexcept nogil:
    access.key = key
    access.entry = entry
    access.list = <List *> entry_pointer(entry) if entry != NULL else NULL
    access.limits = list_limits(
        call.server.settings.list_max_listpack_size, call.server.settings.list_compress_depth)


cdef inline bint find_list(Call *call, int key, ListAccess *access) noexcept nogil:
    """For changing; ``access.list`` is NULL where there is none. False when the answer has been WRONGTYPE."""
    hold_list(call, key, lookup_write_kind(call, key, LIST), access)
    return not call.failed


cdef inline void store_list(Call *call, ListAccess *access) noexcept nogil:
    """Puts the changed list, which has an element, where it was found or in place of nothing."""
    if likely(access.entry != NULL):
        entry_store_pointer(access.entry, access.list)
        return
    access.entry = keyspace_set_value(&call.server.keyspace, call.database, call.argv[access.key],
                                      key_hash(call, access.key), NULL, LIST, access.list, -1)


cdef inline void store_fewer(
        Call *call, ListAccess *access, const char *event, uint64_t removed) noexcept nogil:
    """The tail of handlers that have removed so many elements; the last element takes the key with it."""
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
    """``count`` elements, not more than there are, as an array."""
    cdef size_t _
    reply_array(call.reply, count)
    for _ in range(count):
        reply_popped(call, access, front)
    store_fewer(call, access, pop_event(front), count)
    return 0


cdef inline bint end_argument(Call *call, int index, bint *front) noexcept nogil:
    """LEFT or RIGHT; false, and nothing answered, for anything else."""
    front[0] = equals_nocase(call.argv[index], "left")
    return front[0] or equals_nocase(call.argv[index], "right")


cdef inline bint number_argument(Call *call, int index, int64_t least, int64_t *number, const char *error
                                 ) noexcept nogil:
    """An integer not below ``least``; ``error`` answers anything else."""
    cdef Slice text = call.argv[index]
    if parse_int64(text.data, text.size, number) and number[0] >= least:
        return True
    reply_error(call.reply, error)
    return False
