"""Commands on keys of any type. Expiry and SCAN have modules of their own, whose handlers join this family here."""

from libc.stdint cimport int64_t
from libc.string cimport strlen

from pyredis._resp cimport (
    ARRAY,
    Replied,
    reply_bulk,
    reply_close,
    reply_error,
    reply_integer,
    reply_null,
    reply_ok,
    reply_open,
    reply_slice,
    reply_status,
)
from pyredis.call.call cimport Call, argument, key_hash
from pyredis.call.changes cimport EVENT_GENERIC, changed, changed_key, count_as
from pyredis.call.errors cimport reply_no_such_key, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport (
    lookup_in,
    lookup_inspected,
    lookup_read,
    lookup_untouched,
    lookup_write,
    reads_everything,
)
from pyredis.call.propagation cimport removals_apart
from pyredis.commands.generic.database_commands cimport database_argument
from pyredis.commands.key_changes cimport delete_key
from pyredis.ground.base cimport Slice, equals_nocase, slice_equal
from pyredis.ground.glob cimport glob_match, glob_takes_all
from pyredis.ground.turns cimport offer_turn
from pyredis.keyspace.databases cimport keyspace_random
from pyredis.keyspace.keyspace cimport (
    CLOCK_MAX,
    ENCODING_INT,
    STRING,
    Database,
    Entry,
    Keyspace,
    ValueKind,
    entry_encoding_name,
    entry_key,
    entry_word,
    keyspace_copy,
    keyspace_delete,
    keyspace_is_expired,
    keyspace_move,
    keyspace_touch,
    kind_name,
)
from pyredis.keyspace.lfu cimport lfu_counter, lfu_minutes
from pyredis.types.table.hashtable cimport TableIterator, table_iterate, table_iterate_end, table_next

from pyredis.commands.generic import expiry, scan
from pyredis.commands.help import help_lines

cdef enum:
    # Redis shares the integers below this, and reports INT_MAX as their reference count.
    SHARED_INTEGERS = 10000
    SHARED_COUNT = 2147483647


# ---- removing and counting ----

cdef Replied delete_generic(Call *call, bint lazy) noexcept nogil:
    cdef Entry *entry
    cdef int index
    cdef int64_t count = 0
    for index in range(1, call.argc):
        entry = lookup_in(call, call.database, index)
        if entry == NULL:
            continue
        delete_key(call, index, entry, lazy)
        count += 1
    return reply_integer(call.reply, count)


cdef Replied del_command(Call *call) noexcept nogil:
    return delete_generic(call, call.server.settings.lazy_user_del)


cdef Replied unlink(Call *call) noexcept nogil:
    return delete_generic(call, True)


cdef Replied exists(Call *call) noexcept nogil:
    cdef int index
    cdef int64_t count = 0
    for index in range(1, call.argc):
        count += lookup_untouched(call, index) != NULL
    return reply_integer(call.reply, count)


cdef Replied touch(Call *call) noexcept nogil:
    """Records the access even for a client with CLIENT NO-TOUCH on."""
    cdef Entry *entry
    cdef int index
    cdef int64_t count = 0
    for index in range(1, call.argc):
        entry = lookup_untouched(call, index)
        if entry != NULL:
            keyspace_touch(&call.server.keyspace, entry)
            count += 1
    return reply_integer(call.reply, count)


# ---- names ----

cdef Replied type_command(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_untouched(call, 1)
    if entry == NULL:
        return reply_status(call.reply, "none")
    return reply_status(call.reply, kind_name(<ValueKind> entry.type))


cdef Replied keys(Call *call) noexcept nogil:
    cdef Slice pattern = argument(call, 1)
    cdef bint everything = glob_takes_all(pattern)
    cdef size_t offset = reply_open(call.reply)
    cdef size_t count = 0
    cdef TableIterator iterator
    cdef Entry *entry
    reads_everything(call)
    table_iterate(&call.database.keys, &iterator)
    while True:
        entry = <Entry *> table_next(&iterator)
        if entry == NULL:
            break
        offer_turn()
        if (everything or glob_match(pattern, entry_key(entry), False)) and \
                not keyspace_is_expired(&call.server.keyspace, entry):
            reply_slice(call.reply, entry_key(entry))
            count += 1
    table_iterate_end(&iterator)
    return reply_close(call.reply, offset, ARRAY, count)


cdef Replied randomkey(Call *call) noexcept nogil:
    cdef Entry *entry
    removals_apart(call, True)
    entry = keyspace_random(&call.server.keyspace, call.database)
    removals_apart(call, False)
    reads_everything(call)
    if entry == NULL:
        return reply_null(call.reply)
    return reply_slice(call.reply, entry_key(entry))


# ---- renaming, copying, moving ----

cdef Replied rename_generic(Call *call, bint unless_taken) noexcept nogil:
    cdef Keyspace *keyspace = &call.server.keyspace
    cdef Entry *entry = lookup_write(call, 1)
    cdef Entry *taken
    cdef bint same = slice_equal(argument(call, 1), argument(call, 2))
    if entry == NULL:
        return reply_no_such_key(call)
    taken = lookup_write(call, 2)
    if unless_taken and taken != NULL:
        return reply_integer(call.reply, 0)
    if not same:
        if taken != NULL:
            keyspace_delete(keyspace, call.database, taken, call.server.settings.lazy_server_del)
        keyspace_move(keyspace, call.database, entry, call.database, argument(call, 2), key_hash(call, 2))
        changed(call, 1, EVENT_GENERIC, "rename_from")
        changed(call, 2, EVENT_GENERIC, "rename_to")
        count_as(call, 1)
    return reply_integer(call.reply, 1) if unless_taken else reply_ok(call.reply)


cdef Replied rename(Call *call) noexcept nogil:
    return rename_generic(call, False)


cdef Replied renamenx(Call *call) noexcept nogil:
    return rename_generic(call, True)


cdef Replied reply_same_object(Call *call) noexcept nogil:
    return reply_error(call.reply, "ERR source and destination objects are the same")


cdef bint copy_options(Call *call, Database **target, bint *replace) noexcept nogil:
    """Parses ``[DB index] [REPLACE]``; replies with an error and returns False if it is something else."""
    cdef int index = 3
    target[0] = call.database
    replace[0] = False
    while index < call.argc:
        if equals_nocase(argument(call, index), "replace"):
            replace[0] = True
        elif equals_nocase(argument(call, index), "db") and index + 1 < call.argc:
            index += 1
            target[0] = database_argument(call, index)
            if target[0] == NULL:
                return False
        else:
            reply_syntax_error(call)
            return False
        index += 1
    return True


cdef Replied copy(Call *call) noexcept nogil:
    cdef Keyspace *keyspace = &call.server.keyspace
    cdef Database *target
    cdef bint replace
    cdef Entry *entry
    cdef Entry *taken
    if not copy_options(call, &target, &replace):
        return 0
    if target == call.database and slice_equal(argument(call, 1), argument(call, 2)):
        return reply_same_object(call)
    entry = lookup_read(call, 1)
    if entry == NULL:
        return reply_integer(call.reply, 0)
    taken = lookup_in(call, target, 2)
    if taken != NULL:
        if not replace:
            return reply_integer(call.reply, 0)
        keyspace_delete(keyspace, target, taken, call.server.settings.lazy_server_del)
    keyspace_copy(keyspace, entry, target, argument(call, 2), key_hash(call, 2))
    changed_key(call, target, argument(call, 2), key_hash(call, 2), EVENT_GENERIC, "copy_to")
    return reply_integer(call.reply, 1)


cdef Replied move(Call *call) noexcept nogil:
    cdef Slice key = argument(call, 1)
    cdef Database *target = database_argument(call, 2)
    cdef Entry *entry
    if target == NULL:
        return 0
    if target == call.database:
        return reply_same_object(call)
    entry = lookup_write(call, 1)
    if entry == NULL or lookup_in(call, target, 1) != NULL:
        return reply_integer(call.reply, 0)
    keyspace_move(&call.server.keyspace, call.database, entry, target, key, key_hash(call, 1))
    changed(call, 1, EVENT_GENERIC, "move_from")
    changed_key(call, target, key, key_hash(call, 1), EVENT_GENERIC, "move_to")
    count_as(call, 1)
    return reply_integer(call.reply, 1)


# ---- OBJECT: argument 2 is the key ----

cdef Replied object_encoding(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_inspected(call, 2)
    cdef const char *name
    if entry == NULL:
        return reply_null(call.reply)
    name = entry_encoding_name(entry)
    return reply_bulk(call.reply, name, strlen(name))


cdef Replied object_refcount(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_inspected(call, 2)
    if entry == NULL:
        return reply_null(call.reply)
    if entry.type == STRING and entry.encoding == ENCODING_INT and entry_word(entry) < SHARED_INTEGERS:
        return reply_integer(call.reply, SHARED_COUNT)
    return reply_integer(call.reply, 1)


cdef Replied object_idletime(Call *call) noexcept nogil:
    cdef Entry *entry = lookup_inspected(call, 2)
    if entry == NULL:
        return reply_null(call.reply)
    if call.server.keyspace.lfu:
        return reply_error(
            call.reply, "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
                        "switching between policies at runtime LRU and LFU data will take some time to adjust.")
    return reply_integer(call.reply, (call.server.keyspace.clock - entry.clock) & CLOCK_MAX)


cdef Replied object_freq(Call *call) noexcept nogil:
    cdef Keyspace *keyspace = &call.server.keyspace
    cdef Entry *entry = lookup_inspected(call, 2)
    if entry == NULL:
        return reply_null(call.reply)
    if not keyspace.lfu:
        return reply_error(
            call.reply, "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
                        "when switching between policies at runtime LRU and LFU data will take some time to adjust.")
    return reply_integer(call.reply, lfu_counter(entry.clock, lfu_minutes(keyspace.now_ms), keyspace.lfu_decay_time))


def object_help(client, arguments):
    return help_lines("OBJECT", arguments[0])


HANDLERS = {
    "copy": native(copy),
    "del": native(del_command),
    "exists": native(exists),
    "keys": native(keys),
    "move": native(move),
    "object_encoding": native(object_encoding),
    "object_freq": native(object_freq),
    "object_help": object_help,
    "object_idletime": native(object_idletime),
    "object_refcount": native(object_refcount),
    "randomkey": native(randomkey),
    "rename": native(rename),
    "renamenx": native(renamenx),
    "touch": native(touch),
    "type": native(type_command),
    "unlink": native(unlink),
    **expiry.HANDLERS,
    **scan.HANDLERS,
}
