"""The sink that builds Lua values, and the writer of a Lua value as a reply."""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport (
    ARRAY,
    MAP,
    SET_REPLY,
    Aggregate,
    Reply,
    reply_big_number,
    reply_boolean,
    reply_close,
    reply_double,
    reply_error,
    reply_error_slice,
    reply_integer,
    reply_null,
    reply_open,
    reply_reserve,
    reply_slice,
    reply_total,
    reply_truncate,
    reply_verbatim,
)
from pyredis.ground.base cimport Slice, likely, parse_int64, slice_of, unlikely
from pyredis.lua.interpreter cimport CHECKPOINT_STEPS, Interpreter, checkpoint
from pyredis.lua.lua_api cimport (
    LUA_TBOOLEAN,
    LUA_TNIL,
    LUA_TNUMBER,
    LUA_TSTRING,
    LUA_TTABLE,
    luaL_checkstack,
    luaL_error,
    lua_Number,
    lua_State,
    lua_checkstack,
    lua_createtable,
    lua_insert,
    lua_newuserdata,
    lua_next,
    lua_pop,
    lua_pushboolean,
    lua_pushlstring,
    lua_pushnil,
    lua_pushnumber,
    lua_pushvalue,
    lua_rawgeti,
    lua_rawset,
    lua_rawseti,
    lua_setfield,
    lua_toboolean,
    lua_tolstring,
    lua_tonumber,
    lua_type,
)
from pyredis.lua.script_errors cimport push_field, push_reply_error
from pyredis.wire.reply_reader cimport NESTING, ReplyReader, ReplySink, read_written

# An aggregate that is being read: its table is on the stack. Below that of a map or set is the table that will hold it.
ctypedef struct Level:
    int kind
    int count                   # values received so far

ctypedef struct Target:
    lua_State *L
    int protocol
    int depth
    bint failed
    Level levels[NESTING]


# ---- replies as values ----

cdef inline int put(Target *target) noexcept nogil:
    """Moves the value on top of the stack into the innermost aggregate; outside of all, leaves it there."""
    cdef lua_State *L = target.L
    cdef Level *level
    if target.depth == 0:
        return 0
    level = &target.levels[target.depth - 1]
    level.count += 1
    if level.kind == SET_REPLY:
        lua_pushboolean(L, True)
        lua_rawset(L, -3)
    elif level.kind != MAP:
        lua_rawseti(L, -2, level.count)
    elif not level.count & 1:
        lua_rawset(L, -3)
    return 0


cdef int put_null(void *context) noexcept nogil:
    cdef Target *target = <Target *> context
    if target.protocol == 2:
        lua_pushboolean(target.L, False)
    else:
        lua_pushnil(target.L)
    return put(target)


cdef int put_integer(void *context, int64_t value) noexcept nogil:
    cdef Target *target = <Target *> context
    lua_pushnumber(target.L, <lua_Number> value)
    return put(target)


cdef int put_bulk(void *context, Slice bytes) noexcept nogil:
    cdef Target *target = <Target *> context
    lua_pushlstring(target.L, bytes.data, bytes.size)
    return put(target)


cdef inline void wrap(lua_State *L, const char *name) noexcept nogil:
    """Puts a table with one field in place of the value on top of the stack."""
    lua_createtable(L, 0, 1)
    lua_insert(L, -2)
    lua_setfield(L, -2, name)


cdef int put_number(void *context, double value) noexcept nogil:
    cdef Target *target = <Target *> context
    lua_pushnumber(target.L, value)
    wrap(target.L, "double")
    return put(target)


cdef int put_boolean(void *context, bint value) noexcept nogil:
    cdef Target *target = <Target *> context
    lua_pushboolean(target.L, value)
    return put(target)


cdef int put_big_number(void *context, Slice digits) noexcept nogil:
    cdef Target *target = <Target *> context
    lua_pushlstring(target.L, digits.data, digits.size)
    wrap(target.L, "big_number")
    return put(target)


cdef int put_status(void *context, Slice text) noexcept nogil:
    cdef Target *target = <Target *> context
    lua_pushlstring(target.L, text.data, text.size)
    wrap(target.L, "ok")
    return put(target)


cdef int put_error(void *context, Slice text) noexcept nogil:
    cdef Target *target = <Target *> context
    target.failed = target.failed or target.depth == 0
    push_reply_error(target.L, text)
    return put(target)


cdef int put_verbatim(void *context, Slice format, Slice text) noexcept nogil:
    cdef Target *target = <Target *> context
    lua_createtable(target.L, 0, 2)
    lua_pushlstring(target.L, text.data, text.size)
    lua_setfield(target.L, -2, "string")
    lua_pushlstring(target.L, format.data, format.size)
    lua_setfield(target.L, -2, "format")
    wrap(target.L, "verbatim_string")
    return put(target)


cdef int begin_aggregate(void *context, int kind, size_t count) noexcept nogil:
    cdef Target *target = <Target *> context
    cdef Level *level = &target.levels[target.depth]
    luaL_checkstack(target.L, 4, "the reply is nested too deeply")
    target.depth += 1
    level.kind = kind
    level.count = 0
    # The entire reply is in the buffer, so the count is true.
    if kind == MAP or kind == SET_REPLY:
        lua_createtable(target.L, 0, 1)
        lua_createtable(target.L, 0, <int> count)
    else:
        lua_createtable(target.L, <int> count, 0)
    return 0


cdef int end_aggregate(void *context, int kind) noexcept nogil:
    cdef Target *target = <Target *> context
    target.depth -= 1
    if kind == MAP:
        lua_setfield(target.L, -2, "map")
    elif kind == SET_REPLY:
        lua_setfield(target.L, -2, "set")
    return put(target)


cdef ReplySink _stack
_stack.null = put_null
_stack.integer = put_integer
_stack.number = put_number
_stack.boolean = put_boolean
_stack.big_number = put_big_number
_stack.bulk = put_bulk
_stack.simple = put_status
_stack.error = put_error
_stack.verbatim = put_verbatim
_stack.begin = begin_aggregate
_stack.end = end_aggregate


cdef bint push_short(lua_State *L, const Reply *reply, size_t begin) noexcept nogil:
    """Pushes a reply of the most frequent kinds, which are one short line: an integer, a status. False for others."""
    cdef const char *text = reply.data + begin
    cdef size_t size = reply.size - begin
    cdef int64_t value
    if text[0] == c':' and size <= 24 and parse_int64(text + 1, size - 3, &value):
        lua_pushnumber(L, <lua_Number> value)
        return True
    if text[0] == c'+':
        lua_pushlstring(L, text + 1, size - 3)
        wrap(L, "ok")
        return True
    return False


cdef bint push_reply(lua_State *L, Interpreter *lua, Reply *reply, size_t begin) noexcept nogil:
    cdef ReplyReader reader
    cdef Target target
    if likely(reply.piece_count == 0) and push_short(L, reply, begin):
        reply.size = begin
        return False
    target.L = L
    target.protocol = lua.client.protocol
    target.depth = 0
    target.failed = False
    read_written(&reader, reply, begin, &_stack, &target)
    reply_truncate(reply, begin)
    return target.failed


# ---- values as replies ----

cdef void close_aggregate(Reply *reply, size_t offset, Aggregate kind, size_t count) noexcept nogil:
    """Closes an aggregate. Its header moves the elements, so the offset of an error among them is corrected."""
    cdef size_t before = reply.size
    reply_close(reply, offset, kind, count)
    if reply.last_error >= offset:
        reply.last_error += reply.size - before


ctypedef struct Writing:
    lua_State *L
    Interpreter *lua
    Reply *reply
    size_t begin
    size_t values


cdef inline Slice text_at(lua_State *L, int index) noexcept nogil:
    cdef size_t size
    cdef const char *data = lua_tolstring(L, index, &size)
    return slice_of(data, size)


cdef inline bint is_text(lua_State *L, int index) noexcept nogil:
    return lua_type(L, index) == LUA_TSTRING


cdef int64_t truncated(lua_Number value) noexcept nogil:
    """Converts a number as C does on x86: one that does not fit, and NaN, become the least integer."""
    if -9223372036854775808.0 <= value < 9223372036854775808.0:
        return <int64_t> value
    return <int64_t> (<uint64_t> 1 << 63)


cdef void write_boolean(Writing *writing, bint value) noexcept nogil:
    if writing.lua.client.protocol == 3:
        reply_boolean(writing.reply, value)
    elif value:
        reply_integer(writing.reply, 1)
    else:
        reply_null(writing.reply)


cdef bint write_line(Writing *writing, const char *name) noexcept nogil:
    """Writes a table with the field `err` or `ok`; False if it has no such string."""
    cdef Slice text
    push_field(writing.L, -1, name)
    if not is_text(writing.L, -1):
        lua_pop(writing.L, 1)
        return False
    text = text_at(writing.L, -1)
    if name[0] == c'o':
        write_status(writing.reply, text)
    else:
        write_error(writing, text)
    lua_pop(writing.L, 1)
    return True


cdef void write_status(Reply *reply, Slice text) noexcept nogil:
    """Writes a status, with blanks in place of line ends, which would end the reply."""
    cdef size_t index
    cdef char *out = reply_reserve(reply, text.size + 3)
    out[0] = c'+'
    memcpy(out + 1, text.data, text.size)
    for index in range(1, text.size + 1):
        if out[index] == c'\r' or out[index] == c'\n':
            out[index] = c' '
    memcpy(out + 1 + text.size, "\r\n", 2)
    reply.size += text.size + 3


cdef void write_error(Writing *writing, Slice text) noexcept nogil:
    cdef bint counted
    push_field(writing.L, -2, "ignore_error_stats_update")
    counted = lua_toboolean(writing.L, -1)
    lua_pop(writing.L, 1)
    writing.lua.failure_counted = counted
    write_error_text(writing.reply, text, counted)


cdef bint write_double(Writing *writing) noexcept nogil:
    push_field(writing.L, -1, "double")
    if lua_type(writing.L, -1) != LUA_TNUMBER:
        lua_pop(writing.L, 1)
        return False
    reply_double(writing.reply, lua_tonumber(writing.L, -1))
    lua_pop(writing.L, 1)
    return True


cdef bint write_pairs(Writing *writing, bint map) noexcept nogil:
    """Writes a table with the field `map`, or `set`, whose keys are the members; False if it has no such table."""
    cdef lua_State *L = writing.L
    cdef size_t count = 0
    cdef size_t offset
    push_field(L, -1, "map" if map else "set")
    if lua_type(L, -1) != LUA_TTABLE:
        lua_pop(L, 1)
        return False
    offset = reply_open(writing.reply)
    lua_pushnil(L)
    while lua_next(L, -2):
        # The key stays for lua_next: a copy of it is written.
        lua_pushvalue(L, -2)
        write_one(writing)
        if map:
            write_one(writing)
        else:
            lua_pop(L, 1)
        count += 1
    close_aggregate(writing.reply, offset, MAP if map else SET_REPLY, count)
    lua_pop(L, 1)
    return True


cdef bint write_big_number(Writing *writing) noexcept nogil:
    cdef Slice digits
    cdef char *copy
    cdef size_t index
    push_field(writing.L, -1, "big_number")
    if not is_text(writing.L, -1):
        lua_pop(writing.L, 1)
        return False
    digits = text_at(writing.L, -1)
    copy = <char *> lua_newuserdata(writing.L, digits.size + 1)
    for index in range(digits.size):
        copy[index] = c' ' if digits.data[index] == c'\r' or digits.data[index] == c'\n' else digits.data[index]
    reply_big_number(writing.reply, slice_of(copy, digits.size))
    lua_pop(writing.L, 2)
    return True


cdef bint write_verbatim(Writing *writing) noexcept nogil:
    """Writes a table with `verbatim_string`; its format is cut or padded to three bytes. False if it has none."""
    cdef lua_State *L = writing.L
    cdef char format[4]
    cdef Slice given
    push_field(L, -1, "verbatim_string")
    if lua_type(L, -1) == LUA_TTABLE:
        push_field(L, -1, "string")
        push_field(L, -2, "format")
        if is_text(L, -1) and is_text(L, -2):
            memcpy(format, "   ", 4)
            given = text_at(L, -1)
            memcpy(format, given.data, min(given.size, <size_t> 3))
            reply_verbatim(writing.reply, format, text_at(L, -2))
            lua_pop(L, 3)
            return True
        lua_pop(L, 2)
    lua_pop(L, 1)
    return False


cdef void write_array(Writing *writing) noexcept nogil:
    cdef size_t offset = reply_open(writing.reply)
    cdef int count = 0
    while True:
        lua_rawgeti(writing.L, -1, count + 1)
        if lua_type(writing.L, -1) == LUA_TNIL:
            break
        write_one(writing)
        count += 1
    lua_pop(writing.L, 1)
    close_aggregate(writing.reply, offset, ARRAY, count)


cdef void write_table(Writing *writing) noexcept nogil:
    if write_line(writing, "err") or write_line(writing, "ok") or write_double(writing) or \
            write_pairs(writing, True) or write_pairs(writing, False) or write_big_number(writing) or \
            write_verbatim(writing):
        return
    write_array(writing)


cdef void bound(Writing *writing) noexcept nogil:
    """Limits the size of the reply: a small table can make a huge one, because it may contain a table many times."""
    writing.values += 1
    if unlikely(writing.values % CHECKPOINT_STEPS == 0):
        checkpoint(writing.L, writing.lua)
    if unlikely(<int64_t> (reply_total(writing.reply) - writing.begin) > writing.lua.limit):
        luaL_error(writing.L, "the reply is too large")


cdef void write_one(Writing *writing) noexcept nogil:
    cdef lua_State *L = writing.L
    cdef int type = lua_type(L, -1)
    bound(writing)
    if not lua_checkstack(L, 5):
        # Instead of a value that is nested too deeply.
        reply_error(writing.reply, "ERR reached lua stack limit")
    elif type == LUA_TSTRING:
        reply_slice(writing.reply, text_at(L, -1))
    elif type == LUA_TNUMBER:
        reply_integer(writing.reply, truncated(lua_tonumber(L, -1)))
    elif type == LUA_TBOOLEAN:
        write_boolean(writing, lua_toboolean(L, -1))
    elif type == LUA_TTABLE:
        write_table(writing)
    else:
        reply_null(writing.reply)
    lua_pop(L, 1)


cdef void write_value(lua_State *L, Interpreter *lua, Reply *reply) noexcept nogil:
    cdef Writing writing
    writing.L = L
    writing.lua = lua
    writing.reply = reply
    writing.begin = reply_total(reply)
    writing.values = 0
    write_one(&writing)


cdef void write_error_text(Reply *reply, Slice text, bint counted) noexcept nogil:
    reply_error_slice(reply, text)
    # The server counted this error when a command replied it.
    reply.errors -= counted
