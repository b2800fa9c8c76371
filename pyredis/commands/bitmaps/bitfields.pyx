"""BITFIELD: integers of any width among the bits of a string.

All operations are parsed before the first is executed, so that an error changes nothing, and the string grows once, to
the end of the last number that is written.
"""

from libc.stdint cimport INT64_MAX, int64_t, uint64_t

from pyredis._resp cimport Replied, reply_array, reply_error, reply_integer, reply_null
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_STRING, changed, count_as
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_read_kind, lookup_write_kind
from pyredis.commands.bitmaps.bit_offsets cimport bit_offset_argument
from pyredis.commands.strings.string_access cimport writable_string
from pyredis.ground.base cimport Slice, add_overflows, equals_nocase, parse_int64, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport STRING, Entry, string_size, string_slice
from pyredis.types.sketches.bits cimport bits_get, bits_set

cdef enum Action:
    FIELD_GET
    FIELD_SET
    FIELD_INCRBY

cdef enum Overflow:
    WRAP
    SATURATE
    FAIL

ctypedef struct Operation:
    Action action
    Overflow overflow
    bint is_signed
    int width
    uint64_t offset
    int64_t operand

ctypedef struct Operations:
    Operation *items
    int count
    uint64_t end            # of the bits that are written; 0 if none are


# ---- numbers ----

cdef int64_t narrowed(uint64_t value, const Operation *operation) noexcept nogil:
    """Returns the lowest bits of ``value`` as a number of the operation's width and sign."""
    cdef int unused = 64 - operation.width
    if operation.is_signed:
        return <int64_t> (value << unused) >> unused
    return <int64_t> (value << unused >> unused)


cdef int64_t greatest(const Operation *operation) noexcept nogil:
    return <int64_t> ((<uint64_t> 1 << (operation.width - operation.is_signed)) - 1)


cdef int overflows(const Operation *operation, int64_t old, int64_t *value) noexcept nogil:
    """Computes the value to store, or its lowest 64 bits; returns 1 if it is too large, -1 if too small, else 0."""
    cdef bint wrapped
    cdef int64_t most = greatest(operation)
    cdef int64_t least = -most - 1 if operation.is_signed else 0
    if operation.action == FIELD_SET:
        value[0] = operation.operand
        # For an unsigned number the operand counts as unsigned.
        if value[0] > most or (value[0] < 0 and not operation.is_signed):
            return 1
        # Redis treats a value more than 2**63 - 1 below the greatest number as above it.
        if operation.width < 64 and value[0] < most - INT64_MAX:
            return 1
        return -(value[0] < least)
    wrapped = add_overflows(old, operation.operand, value)
    if wrapped:
        return 1 if operation.operand > 0 else -1
    return 1 if value[0] > most else -(value[0] < least)


cdef int64_t saturated(const Operation *operation, int direction) noexcept nogil:
    if direction > 0:
        return greatest(operation)
    return -greatest(operation) - 1 if operation.is_signed else 0


# ---- parsing the request ----

cdef bint read_overflow(Call *call, int index, Overflow *overflow) noexcept nogil:
    if equals_nocase(call.argv[index], "wrap"):
        overflow[0] = WRAP
    elif equals_nocase(call.argv[index], "sat"):
        overflow[0] = SATURATE
    elif equals_nocase(call.argv[index], "fail"):
        overflow[0] = FAIL
    else:
        reply_error(call.reply, "ERR Invalid OVERFLOW type specified")
        return False
    return True


cdef bint read_encoding(Call *call, int index, Operation *operation) noexcept nogil:
    cdef Slice text = call.argv[index]
    cdef int64_t width
    operation.is_signed = text.size > 0 and text.data[0] == c'i'
    if text.size > 1 and (operation.is_signed or text.data[0] == c'u') and \
            parse_int64(text.data + 1, text.size - 1, &width) and 1 <= width <= 63 + operation.is_signed:
        operation.width = <int> width
        return True
    reply_error(call.reply, "ERR Invalid bitfield type. Use something like i16 u8. "
                "Note that u64 is not supported but i64 is.")
    return False


cdef int action_named(Slice word) noexcept nogil:
    """Returns an Action, or -1."""
    if equals_nocase(word, "get"):
        return FIELD_GET
    if equals_nocase(word, "set"):
        return FIELD_SET
    return FIELD_INCRBY if equals_nocase(word, "incrby") else -1


cdef bint read_operation(Call *call, int index, Operations *operations, Overflow overflow) noexcept nogil:
    """Parses the operation whose word is argument ``index``; returns False after replying with an error."""
    cdef Operation *operation = operations.items + operations.count
    cdef int action = action_named(call.argv[index])
    if action < 0 or (2 if action == FIELD_GET else 3) >= call.argc - index:
        reply_syntax_error(call)
        return False
    operation.action = <Action> action
    operation.overflow = overflow
    if not read_encoding(call, index + 1, operation) or \
            not bit_offset_argument(call, index + 2, operation.width, &operation.offset):
        return False
    if action != FIELD_GET:
        if not integer_argument(call, index + 3, &operation.operand):
            return False
        operations.end = max(operations.end, operation.offset + operation.width)
    operations.count += 1
    return True


cdef bint read_operations(Call *call, Operations *operations) noexcept nogil:
    cdef Overflow overflow = WRAP
    cdef int index = 2
    operations.count = 0
    operations.end = 0
    while index < call.argc:
        if index + 1 < call.argc and equals_nocase(call.argv[index], "overflow"):
            if not read_overflow(call, index + 1, &overflow):
                return False
            index += 2
            continue
        if not read_operation(call, index, operations, overflow):
            return False
        index += 3 if operations.items[operations.count - 1].action == FIELD_GET else 4
    return True


# ---- execution ----

cdef bint store_number(Call *call, const Operation *operation, char *data, size_t size, bint grown) noexcept nogil:
    """Executes SET or INCRBY and replies; returns whether it counts as a change: in a string that has grown, always
    unless an overflow prevents it."""
    cdef int64_t old = narrowed(bits_get(slice_of(data, size), operation.offset, operation.width), operation)
    cdef int64_t value
    cdef int direction = overflows(operation, old, &value)
    if direction and operation.overflow == FAIL:
        reply_null(call.reply)
        return False
    if direction and operation.overflow == SATURATE:
        value = saturated(operation, direction)
    else:
        value = narrowed(<uint64_t> value, operation)
    bits_set(data, size, operation.offset, operation.width, <uint64_t> value)
    reply_integer(call.reply, old if operation.action == FIELD_SET else value)
    return grown or old != value


cdef void read_number(Call *call, const Operation *operation, Slice text) noexcept nogil:
    reply_integer(call.reply, narrowed(bits_get(text, operation.offset, operation.width), operation))


cdef Replied only_read(Call *call, const Operations *operations) noexcept nogil:
    cdef char scratch[24]
    cdef int index
    cdef Entry *entry = lookup_read_kind(call, 1, STRING)
    cdef Slice text = slice_of(scratch, 0)
    if call.failed:
        return 0
    if entry != NULL:
        text = string_slice(entry, scratch)
    reply_array(call.reply, operations.count)
    for index in range(operations.count):
        read_number(call, operations.items + index, text)
    return 0


cdef uint64_t run_all(Call *call, const Operations *operations, char *data, size_t size, bint grown) noexcept nogil:
    """Executes all operations and replies; returns how many changes they make."""
    cdef uint64_t changes = 0
    cdef const Operation *operation
    cdef int index
    for index in range(operations.count):
        operation = operations.items + index
        if operation.action == FIELD_GET:
            read_number(call, operation, slice_of(data, size))
        elif store_number(call, operation, data, size, grown):
            changes += 1
    return max(changes, <uint64_t> grown)


cdef Replied read_and_write(Call *call, const Operations *operations) noexcept nogil:
    cdef Entry *entry = lookup_write_kind(call, 1, STRING)
    cdef size_t before, size
    cdef uint64_t changes
    cdef char *data
    if call.failed:
        return 0
    before = string_size(entry) if entry != NULL else 0
    size = max(before, (operations.end + 7) // 8)
    data = writable_string(&call.server.keyspace, call.database, call.argv[1], key_hash(call, 1), entry, size)
    reply_array(call.reply, operations.count)
    changes = run_all(call, operations, data, size, size > before)
    if changes:
        changed(call, 1, EVENT_STRING, "setbit")
        count_as(call, changes)
    return 0


cdef Replied run_bitfield(Call *call, bint readonly) noexcept nogil:
    cdef size_t size = sizeof(Operation) * call.argc
    cdef Operations operations
    operations.items = <Operation *> mem_alloc(size)
    if read_operations(call, &operations):
        if operations.end == 0:
            only_read(call, &operations)
        elif readonly:
            reply_error(call.reply, "ERR BITFIELD_RO only supports the GET subcommand")
        else:
            read_and_write(call, &operations)
    mem_free(operations.items, size)
    return 0


cdef Replied bitfield(Call *call) noexcept nogil:
    return run_bitfield(call, False)


cdef Replied bitfield_ro(Call *call) noexcept nogil:
    return run_bitfield(call, True)


HANDLERS = {"bitfield": native(bitfield), "bitfield_ro": native(bitfield_ro)}
