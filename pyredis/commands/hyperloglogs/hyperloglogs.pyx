"""The HyperLogLog commands. The values are strings, which clients can read and write by GET and SET; every value is
checked before use.

If a value turns out to be corrupt during a command, the command fails with an error; what PFADD has changed until then
stays and is propagated.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memset
from libc.stdio cimport snprintf

from pyredis._resp cimport (
    Replied,
    reply_array,
    reply_bulk,
    reply_error,
    reply_error_slice,
    reply_integer,
    reply_ok,
    reply_status,
)
from pyredis.call.call cimport Call, key_hash
from pyredis.call.changes cimport EVENT_STRING, changed, count_as
from pyredis.call.handlers cimport native
from pyredis.call.lookups cimport lookup_read_kind, lookup_write, lookup_write_kind
from pyredis.commands.strings.string_access cimport writable_string
from pyredis.ground.base cimport Slice, equals_nocase, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport (
    STRING,
    Entry,
    keyspace_resize_string,
    keyspace_set_raw,
    string_size,
    string_slice,
)
from pyredis.types.sketches.hyperloglog cimport (
    HLL_CHANGE,
    HLL_DENSE_SIZE,
    HLL_EMPTY_SIZE,
    HLL_HEADER,
    HLL_PROMOTE,
    HLL_REGISTERS,
    Raising,
    Runs,
    SparseChange,
    dense_raise,
    hll_cache,
    hll_cached,
    hll_count,
    hll_count_registers,
    hll_invalidate,
    hll_is_sparse,
    hll_make_empty,
    hll_merge,
    hll_pack,
    hll_recognized,
    hll_register_of,
    hll_self_test,
    hll_to_dense,
    hll_unpack,
    next_run,
    pass_run,
    sparse_change,
    sparse_raise,
    sparse_start,
)

# A value that is being changed. `data` points to its raw bytes.
ctypedef struct Access:
    Call *call
    int index               # of the argument that is its key
    Entry *entry
    char *data
    size_t size
    SparseChange change


# ---- looking up ----

cdef Replied reply_corrupt(Call *call) noexcept nogil:
    return reply_error(call.reply, "INVALIDOBJ Corrupted HLL object detected")


cdef bint check_recognized(Call *call, const Entry *entry) noexcept nogil:
    """Returns whether the value is a HyperLogLog, False after replying with an error; a missing value is accepted."""
    cdef char scratch[24]
    if entry == NULL or hll_recognized(string_slice(entry, scratch)):
        return True
    reply_error(call.reply, "WRONGTYPE Key is not a valid HyperLogLog string value.")
    return False


cdef inline Slice value_of(const Access *access) noexcept nogil:
    return slice_of(access.data, access.size)


cdef void replace(Access *access, Slice value) noexcept nogil:
    """Stores exactly these bytes as the value, and creates the key if needed."""
    cdef Call *call = access.call
    access.entry = keyspace_set_raw(&call.server.keyspace, call.database, call.argv[access.index],
                                    key_hash(call, access.index), access.entry, value)
    open_for_change(access)


cdef void open_for_change(Access *access) noexcept nogil:
    cdef Call *call = access.call
    access.size = string_size(access.entry)
    access.data = writable_string(&call.server.keyspace, call.database, call.argv[access.index],
                                  key_hash(call, access.index), access.entry, access.size)


cdef void resize(Access *access, size_t size) noexcept nogil:
    cdef Call *call = access.call
    access.entry = keyspace_resize_string(&call.server.keyspace, call.database, call.argv[access.index],
                                          key_hash(call, access.index), access.entry, size, &access.data)
    access.size = size


cdef void open_or_create(Access *access, Call *call, int index, Entry *entry) noexcept nogil:
    cdef char empty[HLL_EMPTY_SIZE]
    access.call = call
    access.index = index
    access.entry = entry
    if entry != NULL:
        open_for_change(access)
        return
    hll_make_empty(empty)
    replace(access, slice_of(empty, HLL_EMPTY_SIZE))


# ---- raising registers ----

cdef bint make_dense(Access *access) noexcept nogil:
    """Converts the value to dense; returns False if it is corrupt."""
    cdef char dense[HLL_DENSE_SIZE]
    if not hll_is_sparse(access.data):
        return True
    if not hll_to_dense(value_of(access), dense):
        return False
    replace(access, slice_of(dense, HLL_DENSE_SIZE))
    return True


cdef void change_sparse(Access *access) noexcept nogil:
    cdef size_t before = access.size
    cdef size_t grown = before + access.change.new_size - access.change.old_size
    cdef size_t size
    if grown > before:
        resize(access, grown)
    size = sparse_change(access.data, before, &access.change)
    if size < access.size:
        resize(access, size)


cdef int raise_register(Access *access, int index, int register) noexcept nogil:
    """Returns 1 if that changed the value, 0 if not, -1 if the value is corrupt."""
    cdef Raising raising
    if not hll_is_sparse(access.data):
        return dense_raise(access.data, index, register)
    raising = sparse_raise(value_of(access), index, register, access.call.server.settings.hll_sparse_max_bytes,
                           &access.change)
    if raising == HLL_CHANGE:
        change_sparse(access)
    elif raising == HLL_PROMOTE:
        return dense_raise(access.data, index, register) if make_dense(access) else -1
    return raising


cdef int64_t add_elements(Access *access, bint *corrupt) noexcept nogil:
    """Adds the elements; returns how many of them changed the value."""
    cdef int64_t changes = 0
    cdef int index, register, outcome
    cdef Slice element
    corrupt[0] = False
    for index in range(2, access.call.argc):
        element = access.call.argv[index]
        sparse_start(&access.change)
        outcome = hll_register_of(element.data, element.size, &register)
        outcome = raise_register(access, outcome, register)
        if outcome < 0:
            corrupt[0] = True
            return changes
        changes += outcome
    return changes


cdef Replied pfadd(Call *call) noexcept nogil:
    cdef Access access
    cdef bint corrupt
    cdef int64_t changes
    cdef Entry *entry = lookup_write_kind(call, 1, STRING)
    if call.failed or not check_recognized(call, entry):
        return 0
    open_or_create(&access, call, 1, entry)
    changes = (entry == NULL) + add_elements(&access, &corrupt)
    if changes:
        hll_invalidate(access.data)
        changed(call, 1, EVENT_STRING, "pfadd")
        count_as(call, changes)
    if corrupt:
        return reply_corrupt(call)
    return reply_integer(call.reply, changes > 0)


# ---- counting ----

cdef Replied count_one(Call *call) noexcept nogil:
    """Caches the count in the value; that is a change, which is propagated."""
    cdef char scratch[24]
    cdef Access access
    cdef uint64_t cardinality
    cdef Slice value
    cdef Entry *entry = lookup_read_kind(call, 1, STRING)
    if call.failed or not check_recognized(call, entry):
        return 0
    if entry == NULL:
        return reply_integer(call.reply, 0)
    value = string_slice(entry, scratch)
    if hll_cached(value.data, &cardinality):
        return reply_integer(call.reply, <int64_t> cardinality)
    if not hll_count(value, &cardinality):
        return reply_corrupt(call)
    open_or_create(&access, call, 1, entry)
    hll_cache(access.data, cardinality)
    changed(call, 1, 0, "")
    return reply_integer(call.reply, <int64_t> cardinality)


cdef bint merge_all(Call *call, int first, uint8_t *registers, bint *any_dense) noexcept nogil:
    """Merges the values of all keys from argument ``first`` on; returns False after replying with an error."""
    cdef char scratch[24]
    cdef Entry *entry
    cdef Slice value
    cdef int index
    memset(registers, 0, HLL_REGISTERS)
    any_dense[0] = False
    for index in range(first, call.argc):
        entry = lookup_read_kind(call, index, STRING)
        if call.failed or not check_recognized(call, entry):
            return False
        if entry == NULL:
            continue
        value = string_slice(entry, scratch)
        any_dense[0] |= not hll_is_sparse(value.data)
        if not hll_merge(value, registers):
            reply_corrupt(call)
            return False
    return True


cdef Replied pfcount(Call *call) noexcept nogil:
    cdef uint8_t registers[HLL_REGISTERS]
    cdef bint any_dense
    if call.argc == 2:
        return count_one(call)
    if not merge_all(call, 1, registers, &any_dense):
        return 0
    return reply_integer(call.reply, <int64_t> hll_count_registers(registers))


cdef bint raise_all(Access *access, const uint8_t *registers) noexcept nogil:
    """Raises registers until all are done or the value becomes dense; returns False if it is corrupt."""
    cdef int index
    sparse_start(&access.change)
    for index in range(HLL_REGISTERS):
        if registers[index] and raise_register(access, index, registers[index]) < 0:
            return False
        if not hll_is_sparse(access.data):
            return True
    return True


cdef Replied pfmerge(Call *call) noexcept nogil:
    """Merges the sources and the target, so that a dense target's registers are simply overwritten."""
    cdef uint8_t registers[HLL_REGISTERS]
    cdef Access access
    cdef bint any_dense
    if not merge_all(call, 1, registers, &any_dense):
        return 0
    open_or_create(&access, call, 1, lookup_write(call, 1))
    if not (make_dense(&access) if any_dense else raise_all(&access, registers)):
        return reply_corrupt(call)
    if not hll_is_sparse(access.data):
        hll_pack(<uint8_t *> access.data + HLL_HEADER, registers)
    hll_invalidate(access.data)
    changed(call, 1, EVENT_STRING, "pfadd")
    return reply_ok(call.reply)


# ---- PFDEBUG and PFSELFTEST ----

cdef bint become_dense(Access *access) noexcept nogil:
    """Converts the value to dense for PFDEBUG, and propagates that; returns False after replying with an error."""
    if hll_is_sparse(access.data):
        if not make_dense(access):
            reply_corrupt(access.call)
            return False
        changed(access.call, access.index, 0, "")
    return True


cdef Replied reply_registers(Access *access) noexcept nogil:
    cdef uint8_t registers[HLL_REGISTERS]
    cdef int index
    if not become_dense(access):
        return 0
    hll_unpack(registers, <const uint8_t *> access.data + HLL_HEADER)
    reply_array(access.call.reply, HLL_REGISTERS)
    for index in range(HLL_REGISTERS):
        reply_integer(access.call.reply, registers[index])
    return 0


cdef size_t describe_run(char *out, size_t room, const Runs *runs) noexcept nogil:
    if runs.value:
        return snprintf(out, room, "v:%d,%d ", runs.value, runs.length)
    return snprintf(out, room, "Z:%d " if runs.is_wide else "z:%d ", runs.length)


cdef Replied reply_runs(Access *access) noexcept nogil:
    """Replies with the runs as text: ``z:length`` for ZERO, ``Z:length`` for XZERO, ``v:value,length`` for VAL."""
    cdef Runs runs
    cdef size_t room = access.size * 9, size = 0
    cdef char *text
    if not hll_is_sparse(access.data):
        return reply_error(access.call.reply, "ERR HLL encoding is not sparse")
    text = <char *> mem_alloc(room)
    runs.data = <const uint8_t *> access.data
    runs.size = access.size
    runs.at = HLL_HEADER
    runs.index = 0
    while next_run(&runs):
        size += describe_run(text + size, room - size, &runs)
        pass_run(&runs)
    if runs.at == runs.size and runs.index == HLL_REGISTERS:
        reply_bulk(access.call.reply, text, size - 1)
    else:
        reply_corrupt(access.call)
    mem_free(text, room)
    return 0


cdef Replied convert(Access *access) noexcept nogil:
    cdef bint was_sparse = hll_is_sparse(access.data)
    if not become_dense(access):
        return 0
    return reply_integer(access.call.reply, was_sparse)


cdef Replied reply_unknown(Call *call) noexcept nogil:
    cdef char text[256]
    cdef int size = <int> min(call.argv[1].size, <size_t> 128)
    size = snprintf(text, sizeof(text), "ERR Unknown PFDEBUG subcommand '%.*s'", size, call.argv[1].data)
    return reply_error_slice(call.reply, slice_of(text, size))


cdef Replied pfdebug(Call *call) noexcept nogil:
    cdef Access access
    cdef Entry *entry = lookup_write_kind(call, 2, STRING)
    if call.failed:
        return 0
    if entry == NULL:
        return reply_error(call.reply, "ERR The specified key does not exist")
    if not check_recognized(call, entry):
        return 0
    open_or_create(&access, call, 2, entry)
    if equals_nocase(call.argv[1], "getreg"):
        return reply_registers(&access)
    if equals_nocase(call.argv[1], "decode"):
        return reply_runs(&access)
    if equals_nocase(call.argv[1], "encoding"):
        return reply_status(call.reply, "sparse" if hll_is_sparse(access.data) else "dense")
    return convert(&access) if equals_nocase(call.argv[1], "todense") else reply_unknown(call)


cdef Replied pfselftest(Call *call) noexcept nogil:
    cdef char text[128]
    cdef const char *wrong = hll_self_test()
    if wrong == NULL:
        return reply_ok(call.reply)
    return reply_error_slice(call.reply, slice_of(text, snprintf(text, sizeof(text), "TESTFAILED %s", wrong)))


HANDLERS = {
    "pfadd": native(pfadd),
    "pfcount": native(pfcount),
    "pfdebug": native(pfdebug),
    "pfmerge": native(pfmerge),
    "pfselftest": native(pfselftest),
}
