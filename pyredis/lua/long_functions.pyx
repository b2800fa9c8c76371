"""The functions. Each has the Interpreter as its first upvalue."""

from libc.string cimport memcpy

from pyredis.ground.base cimport unlikely
from pyredis.lua.interpreter cimport Interpreter, checkpoint, upvalue_interpreter
from pyredis.lua.lua_api cimport (
    LUA_TFUNCTION,
    LUA_TNIL,
    LUA_TSTRING,
    LUA_TTABLE,
    luaL_checkinteger,
    luaL_checklstring,
    luaL_checkstack,
    luaL_checktype,
    luaL_error,
    luaL_optinteger,
    luaL_optlstring,
    lua_CFunction,
    lua_State,
    lua_call,
    lua_isstring,
    lua_lessthan,
    lua_newuserdata,
    lua_objlen,
    lua_pop,
    lua_pushcclosure,
    lua_pushlightuserdata,
    lua_pushlstring,
    lua_pushnil,
    lua_pushvalue,
    lua_rawgeti,
    lua_rawseti,
    lua_replace,
    lua_setfield,
    lua_settop,
    lua_toboolean,
    lua_tolstring,
    lua_type,
    lua_typename,
)

cdef enum:
    # Steps between two checkpoints: less than a millisecond.
    STEPS = 10000
    # In bytes. That many are copied, or compared, in about the time of one step; a checkpoint follows each chunk.
    STRIDE = 1024
    CHUNK = 1 << 20
    # Results up to this size, in bytes, are made on the C stack.
    SMALL = 1024


ctypedef struct Pace:
    lua_State *L
    Interpreter *lua
    size_t steps                # since the last checkpoint


cdef void begin_pace(Pace *pace, lua_State *L) noexcept nogil:
    pace.L = L
    pace.lua = upvalue_interpreter(L)
    pace.steps = 0


cdef inline void count_steps(Pace *pace, size_t steps) noexcept nogil:
    pace.steps += steps
    if unlikely(pace.steps >= STEPS):
        pace.steps = 0
        checkpoint(pace.L, pace.lua)


# ---- table.sort ----

cdef inline bint is_less(Pace *pace, int first, int second) noexcept nogil:
    """Whether a value on the stack comes before another, by the function at index 2 if there is one.

    The places are below the top; the values stay there.
    """
    cdef lua_State *L = pace.L
    cdef bint less
    count_steps(pace, 1 + lua_objlen(L, first) // STRIDE if lua_type(L, first) == LUA_TSTRING else 1)
    if lua_type(L, 2) == LUA_TNIL:
        return lua_lessthan(L, first, second)
    lua_pushvalue(L, 2)
    lua_pushvalue(L, first - 1)
    lua_pushvalue(L, second - 2)
    lua_call(L, 2, 1)
    less = lua_toboolean(L, -1)
    lua_pop(L, 1)
    return less


cdef inline void store_two(lua_State *L, int place, int second_place) noexcept nogil:
    """Pops two values: the top one goes to the first place of the table, the other to the second."""
    lua_rawseti(L, 1, place)
    lua_rawseti(L, 1, second_place)


cdef bint put_in_order(Pace *pace, int low, int high) noexcept nogil:
    """Exchanges two elements if the second comes before the first."""
    cdef lua_State *L = pace.L
    lua_rawgeti(L, 1, low)
    lua_rawgeti(L, 1, high)
    if is_less(pace, -1, -2):
        store_two(L, low, high)
        return True
    lua_pop(L, 2)
    return False


cdef int divide(Pace *pace, int low, int high) noexcept nogil:
    """Moves the elements that come before the pivot to its left; returns its place.

    The pivot is on top of the stack and at ``high - 1``. The elements at ``low`` and ``high`` are bounds.
    """
    cdef lua_State *L = pace.L
    cdef int left = low, right = high - 1
    while True:
        left += 1
        lua_rawgeti(L, 1, left)
        while is_less(pace, -1, -2):
            if left > high:
                luaL_error(L, "invalid order function for sorting")
            lua_pop(L, 1)
            left += 1
            lua_rawgeti(L, 1, left)
        right -= 1
        lua_rawgeti(L, 1, right)
        while is_less(pace, -3, -1):
            if right < low:
                luaL_error(L, "invalid order function for sorting")
            lua_pop(L, 1)
            right -= 1
            lua_rawgeti(L, 1, right)
        if right < left:
            lua_pop(L, 3)
            break
        store_two(L, left, right)
    lua_rawgeti(L, 1, high - 1)
    lua_rawgeti(L, 1, left)
    store_two(L, high - 1, left)
    return left


cdef void sort_range(Pace *pace, int low, int high) noexcept nogil:
    """Sorts the elements from ``low`` to ``high`` by a quicksort whose pivot is the median of three.

    The order of equal elements, and what an inconsistent function does, depend on each comparison, so these are the
    comparisons of Lua 5.1. The smaller half is sorted first, which bounds the recursion by the logarithm.
    """
    cdef lua_State *L = pace.L
    cdef int middle
    while low < high:
        put_in_order(pace, low, high)
        if high - low == 1:
            return
        middle = low + (high - low) // 2
        if not put_in_order(pace, low, middle):
            put_in_order(pace, middle, high)
        if high - low == 2:
            return
        lua_rawgeti(L, 1, middle)
        lua_pushvalue(L, -1)
        lua_rawgeti(L, 1, high - 1)
        store_two(L, middle, high - 1)
        middle = divide(pace, low, high)
        if middle - low < high - middle:
            sort_range(pace, low, middle - 1)
            low = middle + 1
        else:
            sort_range(pace, middle + 1, high)
            high = middle - 1


cdef int table_sort(lua_State *L) noexcept nogil:
    cdef Pace pace
    luaL_checktype(L, 1, LUA_TTABLE)
    # Three values and a call at every level of the recursion, which is at most 32.
    luaL_checkstack(L, 40, "")
    if lua_type(L, 2) > LUA_TNIL:
        luaL_checktype(L, 2, LUA_TFUNCTION)
    lua_settop(L, 2)
    begin_pace(&pace, L)
    sort_range(&pace, 1, <int> lua_objlen(L, 1))
    return 0


# ---- table.concat ----

# A growing text: first in a small buffer on the C stack, then in a userdata at an index of Lua's stack.
ctypedef struct Text:
    char *data
    size_t size
    size_t capacity

cdef enum:
    # The indexes of table.concat's arguments, and of its text.
    SEPARATOR = 2
    FIRST = 3
    LAST = 4
    HOME = 5


cdef void add_bytes(Pace *pace, Text *text, const char *data, size_t size) noexcept nogil:
    cdef char *grown
    if unlikely(text.size + size > text.capacity):
        text.capacity = 2 * (text.size + size)
        grown = <char *> lua_newuserdata(pace.L, text.capacity)
        memcpy(grown, text.data, text.size)
        lua_replace(pace.L, HOME)
        text.data = grown
    memcpy(text.data + text.size, data, size)
    text.size += size
    count_steps(pace, 1 + size // STRIDE)


cdef void add_element(Pace *pace, Text *text, int place) noexcept nogil:
    cdef lua_State *L = pace.L
    cdef size_t size
    cdef const char *data
    lua_rawgeti(L, 1, place)
    if not lua_isstring(L, -1):
        luaL_error(L, "invalid value (%s) at index %d in table for 'concat'", lua_typename(L, lua_type(L, -1)), place)
    data = lua_tolstring(L, -1, &size)
    # The element stays below the userdata that may be made.
    add_bytes(pace, text, data, size)
    lua_settop(L, HOME)


cdef int table_concat(lua_State *L) noexcept nogil:
    cdef char small[SMALL]
    cdef size_t separator_size
    cdef const char *separator = luaL_optlstring(L, SEPARATOR, "", &separator_size)
    cdef int place, last
    cdef Pace pace
    cdef Text text
    luaL_checktype(L, 1, LUA_TTABLE)
    place = <int> luaL_optinteger(L, FIRST, 1)
    last = <int> luaL_checkinteger(L, LAST) if lua_type(L, LAST) > LUA_TNIL else <int> lua_objlen(L, 1)
    lua_settop(L, HOME)
    begin_pace(&pace, L)
    text.data = small
    text.size = 0
    text.capacity = SMALL
    while place < last:
        add_element(&pace, &text, place)
        add_bytes(&pace, &text, separator, separator_size)
        place += 1
    if place == last:
        add_element(&pace, &text, place)
    lua_pushlstring(L, text.data, text.size)
    return 1


# ---- table.remove ----

cdef int table_remove(lua_State *L) noexcept nogil:
    cdef int last, place
    cdef Pace pace
    luaL_checktype(L, 1, LUA_TTABLE)
    last = <int> lua_objlen(L, 1)
    place = <int> luaL_optinteger(L, 2, last)
    if not 1 <= place <= last:
        return 0
    begin_pace(&pace, L)
    lua_rawgeti(L, 1, place)
    while place < last:
        lua_rawgeti(L, 1, place + 1)
        lua_rawseti(L, 1, place)
        place += 1
        count_steps(&pace, 1)
    lua_pushnil(L)
    lua_rawseti(L, 1, last)
    return 1


# ---- strings ----

cdef inline char *make_room(lua_State *L, char *small, size_t size) noexcept nogil:
    """Returns room for a result: ``small``, or a userdata that is left on the stack."""
    return small if size <= SMALL else <char *> lua_newuserdata(L, size)


cdef int string_rep(lua_State *L) noexcept nogil:
    cdef char small[SMALL]
    cdef Pace pace
    cdef size_t size, total, done, more
    cdef const char *text = luaL_checklstring(L, 1, &size)
    cdef int count = <int> luaL_checkinteger(L, 2)
    cdef char *out
    if count <= 0 or size == 0:
        lua_pushlstring(L, "", 0)
        return 1
    begin_pace(&pace, L)
    if size > <size_t> pace.lua.limit // <size_t> count:
        return luaL_error(L, "not enough memory")
    total = size * count
    out = make_room(L, small, total)
    memcpy(out, text, size)
    done = size
    while done < total:
        # What has been copied is copied again, up to a chunk at once.
        more = min(done, total - done)
        if more > CHUNK:
            more = max(<size_t> CHUNK // size * size, min(size, total - done))
        memcpy(out + done, out, more)
        done += more
        count_steps(&pace, 1 + more // STRIDE)
    lua_pushlstring(L, out, total)
    return 1


cdef inline char upper_case(char c) noexcept nogil:
    return c - 32 if c'a' <= c <= c'z' else c


cdef inline char lower_case(char c) noexcept nogil:
    return c + 32 if c'A' <= c <= c'Z' else c


cdef enum Change:
    UPPER
    LOWER
    REVERSE


cdef void change_chunk(char *out, const char *text, size_t size, size_t begin, size_t end, Change change
                       ) noexcept nogil:
    cdef size_t index
    if change == UPPER:
        for index in range(begin, end):
            out[index] = upper_case(text[index])
    elif change == LOWER:
        for index in range(begin, end):
            out[index] = lower_case(text[index])
    else:
        for index in range(begin, end):
            out[index] = text[size - 1 - index]


cdef inline int change_string(lua_State *L, Change change) noexcept nogil:
    """Letters are those of ASCII, whatever the locale."""
    cdef char small[SMALL]
    cdef Pace pace
    cdef size_t size, at = 0, end
    cdef const char *text = luaL_checklstring(L, 1, &size)
    cdef char *out = make_room(L, small, size)
    begin_pace(&pace, L)
    while at < size:
        end = min(size, at + CHUNK)
        change_chunk(out, text, size, at, end, change)
        count_steps(&pace, 1 + (end - at) // STRIDE)
        at = end
    lua_pushlstring(L, out, size)
    return 1


cdef int string_upper(lua_State *L) noexcept nogil:
    return change_string(L, UPPER)


cdef int string_lower(lua_State *L) noexcept nogil:
    return change_string(L, LOWER)


cdef int string_reverse(lua_State *L) noexcept nogil:
    return change_string(L, REVERSE)


# ---- the tables ----

cdef void set_function(lua_State *L, void *interpreter, const char *name, lua_CFunction function) noexcept nogil:
    lua_pushlightuserdata(L, interpreter)
    lua_pushcclosure(L, function, 1)
    lua_setfield(L, -2, name)


cdef void set_long_table_functions(lua_State *L, void *interpreter) noexcept nogil:
    set_function(L, interpreter, "sort", table_sort)
    set_function(L, interpreter, "concat", table_concat)
    set_function(L, interpreter, "remove", table_remove)


cdef void set_long_string_functions(lua_State *L, void *interpreter) noexcept nogil:
    set_function(L, interpreter, "rep", string_rep)
    set_function(L, interpreter, "upper", string_upper)
    set_function(L, interpreter, "lower", string_lower)
    set_function(L, interpreter, "reverse", string_reverse)
