"""A backtracking matcher, and the functions around it.

A pattern ends at its first NUL byte, as in Lua 5.1; ``%z`` matches that byte.
"""

from libc.stddef cimport ptrdiff_t
from libc.string cimport memchr, memcmp, memcpy, strpbrk

from pyredis.ground.base cimport unlikely
from pyredis.lua.interpreter cimport Interpreter, checkpoint, upvalue_interpreter
from pyredis.lua.lua_api cimport (
    LUA_TFUNCTION,
    LUA_TNUMBER,
    LUA_TSTRING,
    LUA_TTABLE,
    luaL_argerror,
    luaL_checklstring,
    luaL_checkstack,
    luaL_error,
    luaL_optinteger,
    lua_CFunction,
    lua_Integer,
    lua_State,
    lua_call,
    lua_getfield,
    lua_gettable,
    lua_insert,
    lua_isstring,
    lua_newuserdata,
    lua_pop,
    lua_pushcclosure,
    lua_pushinteger,
    lua_pushlightuserdata,
    lua_pushlstring,
    lua_pushnil,
    lua_pushvalue,
    lua_replace,
    lua_setfield,
    lua_settop,
    lua_toboolean,
    lua_tointeger,
    lua_tolstring,
    lua_type,
    lua_typename,
    lua_upvalueindex,
)

cdef enum:
    MOST_CAPTURES = 32
    MATCH_DEPTH = 200
    # Steps between two checkpoints: about a millisecond.
    CHECKPOINT = 1 << 18
    # The size of a capture that has not ended, and of one that is a position.
    OPEN = -1
    POSITION = -2
    # Bytes compared in one step.
    STRIDE = 64

ctypedef struct Capture:
    const char *start
    ptrdiff_t size

ctypedef struct Matcher:
    lua_State *L
    Interpreter *lua
    const char *text
    const char *end
    int depth
    int level                   # captures begun
    size_t steps
    Capture captures[MOST_CAPTURES]


cdef void begin_matcher(Matcher *matcher, lua_State *L, const char *text, size_t size) noexcept nogil:
    matcher.L = L
    matcher.lua = upvalue_interpreter(L)
    matcher.text = text
    matcher.end = text + size
    matcher.depth = 0
    matcher.level = 0
    matcher.steps = 0


cdef inline void count_steps(Matcher *matcher, size_t steps) noexcept nogil:
    matcher.steps += steps
    if unlikely(matcher.steps >= CHECKPOINT):
        matcher.steps = 0
        checkpoint(matcher.L, matcher.lua)


# ---- classes ----

cdef inline bint is_letter(unsigned char c) noexcept nogil:
    return c'a' <= (c | 0x20) <= c'z'


cdef inline bint is_digit(unsigned char c) noexcept nogil:
    return c'0' <= c <= c'9'


cdef inline bint is_printed(unsigned char c) noexcept nogil:
    return 33 <= c <= 126


cdef bint in_class(unsigned char c, unsigned char name) noexcept nogil:
    """Whether the byte is in the class ``%name``; a name that is not that of a class stands for itself."""
    cdef unsigned char kind = name | 0x20
    cdef bint found
    if not is_letter(name):
        return name == c
    if kind == c'a':
        found = is_letter(c)
    elif kind == c'c':
        found = c < 32 or c == 127
    elif kind == c'd':
        found = is_digit(c)
    elif kind == c'l':
        found = c'a' <= c <= c'z'
    elif kind == c'p':
        found = is_printed(c) and not is_letter(c) and not is_digit(c)
    elif kind == c's':
        found = c == 32 or 9 <= c <= 13
    elif kind == c'u':
        found = c'A' <= c <= c'Z'
    elif kind == c'w':
        found = is_letter(c) or is_digit(c)
    elif kind == c'x':
        found = is_digit(c) or c'a' <= (c | 0x20) <= c'f'
    elif kind == c'z':
        found = c == 0
    else:
        return name == c
    return found if name & 0x20 else not found


cdef bint in_set(unsigned char c, const char *set, const char *last) noexcept nogil:
    """Whether the byte is in the set whose ``[`` is at ``set`` and whose ``]`` is at ``last``."""
    cdef bint negated = set[1] == c'^'
    set += 1 + negated
    while set < last:
        if set[0] == c'%':
            if in_class(c, <unsigned char> set[1]):
                return not negated
            set += 2
        elif set[1] == c'-' and set + 2 < last:
            if <unsigned char> set[0] <= c <= <unsigned char> set[2]:
                return not negated
            set += 3
        else:
            if <unsigned char> set[0] == c:
                return not negated
            set += 1
    return negated


cdef const char *item_end(Matcher *matcher, const char *item) noexcept nogil:
    """Returns the end of a single item of the pattern: a byte, a class or a set."""
    if item[0] == c'%':
        if item[1] == 0:
            luaL_error(matcher.L, "malformed pattern (ends with '%%')")
        return item + 2
    if item[0] != c'[':
        return item + 1
    item += 2 if item[1] == c'^' else 1
    while True:
        if item[0] == 0:
            luaL_error(matcher.L, "malformed pattern (missing ']')")
        item += 2 if item[0] == c'%' and item[1] != 0 else 1
        if item[0] == c']':
            return item + 1


cdef inline bint matches_item(unsigned char c, const char *item, const char *item_end) noexcept nogil:
    if item[0] == c'.':
        return True
    if item[0] == c'%':
        return in_class(c, <unsigned char> item[1])
    if item[0] == c'[':
        return in_set(c, item, item_end - 1)
    return <unsigned char> item[0] == c


# ---- captures ----

cdef const char *begin_capture(Matcher *matcher, const char *at, const char *pattern, ptrdiff_t size) noexcept nogil:
    cdef const char *found
    if matcher.level >= MOST_CAPTURES:
        luaL_error(matcher.L, "too many captures")
    matcher.captures[matcher.level].start = at
    matcher.captures[matcher.level].size = size
    matcher.level += 1
    found = match(matcher, at, pattern)
    if found == NULL:
        matcher.level -= 1
    return found


cdef const char *end_capture(Matcher *matcher, const char *at, const char *pattern) noexcept nogil:
    cdef int index = matcher.level - 1
    cdef const char *found
    while index >= 0 and matcher.captures[index].size != OPEN:
        index -= 1
    if index < 0:
        luaL_error(matcher.L, "invalid pattern capture")
    matcher.captures[index].size = at - matcher.captures[index].start
    found = match(matcher, at, pattern)
    if found == NULL:
        matcher.captures[index].size = OPEN
    return found


cdef const char *match_again(Matcher *matcher, const char *at, unsigned char digit) noexcept nogil:
    """Matches ``%1``, the text of a capture again; returns the end of the match, or NULL."""
    cdef int index = digit - c'1'
    cdef size_t size
    if index < 0 or index >= matcher.level or matcher.captures[index].size == OPEN:
        luaL_error(matcher.L, "invalid capture index")
    size = <size_t> matcher.captures[index].size
    if <size_t> (matcher.end - at) < size or memcmp(matcher.captures[index].start, at, size) != 0:
        return NULL
    count_steps(matcher, size // STRIDE)
    return at + size


# ---- matching ----

cdef const char *match_balanced(Matcher *matcher, const char *at, const char *pair) noexcept nogil:
    cdef int depth = 1
    if pair[0] == 0 or pair[1] == 0:
        luaL_error(matcher.L, "unbalanced pattern")
    if at >= matcher.end or at[0] != pair[0]:
        return NULL
    at += 1
    while at < matcher.end:
        count_steps(matcher, 1)
        if at[0] == pair[1]:
            depth -= 1
            if depth == 0:
                return at + 1
        elif at[0] == pair[0]:
            depth += 1
        at += 1
    return NULL


cdef bint at_frontier(Matcher *matcher, const char *at, const char *set, const char *set_end) noexcept nogil:
    cdef unsigned char before = 0 if at == matcher.text else <unsigned char> (at - 1)[0]
    # At the end of the text, this reads the NUL that follows every Lua string.
    return not in_set(before, set, set_end - 1) and in_set(<unsigned char> at[0], set, set_end - 1)


cdef const char *match_most(Matcher *matcher, const char *at, const char *item, const char *item_end) noexcept nogil:
    cdef ptrdiff_t count = 0
    cdef const char *found
    while at + count < matcher.end and matches_item(<unsigned char> at[count], item, item_end):
        count_steps(matcher, 1)
        count += 1
    while count >= 0:
        count_steps(matcher, 1)
        found = match(matcher, at + count, item_end + 1)
        if found != NULL:
            return found
        count -= 1
    return NULL


cdef const char *match_least(Matcher *matcher, const char *at, const char *item, const char *item_end) noexcept nogil:
    cdef const char *found
    while True:
        count_steps(matcher, 1)
        found = match(matcher, at, item_end + 1)
        if found != NULL:
            return found
        if at >= matcher.end or not matches_item(<unsigned char> at[0], item, item_end):
            return NULL
        at += 1


cdef const char *match(Matcher *matcher, const char *at, const char *pattern) noexcept nogil:
    """Matches the rest of a pattern at a place of the text; returns the end of the match, or NULL."""
    cdef const char *found
    matcher.depth += 1
    if unlikely(matcher.depth > MATCH_DEPTH):
        luaL_error(matcher.L, "pattern too complex")
    found = match_items(matcher, at, pattern)
    matcher.depth -= 1
    return found


cdef const char *match_items(Matcher *matcher, const char *at, const char *pattern) noexcept nogil:
    cdef const char *after
    cdef const char *found
    cdef bint matched
    while pattern[0] != 0:
        count_steps(matcher, 1)
        if pattern[0] == c'(':
            if pattern[1] == c')':
                return begin_capture(matcher, at, pattern + 2, POSITION)
            return begin_capture(matcher, at, pattern + 1, OPEN)
        if pattern[0] == c')':
            return end_capture(matcher, at, pattern + 1)
        if pattern[0] == c'$' and pattern[1] == 0:
            return at if at == matcher.end else NULL
        if pattern[0] == c'%' and pattern[1] == c'b':
            at = match_balanced(matcher, at, pattern + 2)
            pattern += 4
        elif pattern[0] == c'%' and pattern[1] == c'f':
            if pattern[2] != c'[':
                luaL_error(matcher.L, "missing '[' after '%%f' in pattern")
            after = item_end(matcher, pattern + 2)
            if not at_frontier(matcher, at, pattern + 2, after):
                return NULL
            pattern = after
        elif pattern[0] == c'%' and is_digit(<unsigned char> pattern[1]):
            at = match_again(matcher, at, <unsigned char> pattern[1])
            pattern += 2
        else:
            after = item_end(matcher, pattern)
            if after[0] == c'*':
                return match_most(matcher, at, pattern, after)
            if after[0] == c'-':
                return match_least(matcher, at, pattern, after)
            matched = at < matcher.end and matches_item(<unsigned char> at[0], pattern, after)
            if after[0] == c'+':
                return match_most(matcher, at + 1, pattern, after) if matched else NULL
            if after[0] == c'?':
                found = match(matcher, at + 1, after + 1) if matched else NULL
                if found != NULL:
                    return found
                pattern = after + 1
                continue
            if not matched:
                return NULL
            at += 1
            pattern = after
        if at == NULL:
            return NULL
    return at


# ---- results ----

cdef void push_capture(Matcher *matcher, int index, const char *start, const char *end) noexcept nogil:
    """Pushes a capture. Without captures, the first is the entire match."""
    cdef Capture *capture = &matcher.captures[index]
    if index >= matcher.level:
        if index != 0:
            luaL_error(matcher.L, "invalid capture index")
        lua_pushlstring(matcher.L, start, end - start)
    elif capture.size == POSITION:
        lua_pushinteger(matcher.L, capture.start - matcher.text + 1)
    else:
        if capture.size == OPEN:
            luaL_error(matcher.L, "unfinished capture")
        lua_pushlstring(matcher.L, capture.start, <size_t> capture.size)


cdef int push_captures(Matcher *matcher, const char *start, const char *end) noexcept nogil:
    """Pushes all captures, and returns how many. Without any, pushes the entire match unless `start` is NULL."""
    cdef int count = 1 if matcher.level == 0 and start != NULL else matcher.level
    cdef int index
    luaL_checkstack(matcher.L, count, "too many captures")
    for index in range(count):
        push_capture(matcher, index, start, end)
    return count


# ---- string.find and string.match ----

cdef const char *find_plain(Matcher *matcher, const char *at, const char *wanted, size_t size) noexcept nogil:
    if size == 0:
        return at
    while <size_t> (matcher.end - at) >= size:
        at = <const char *> memchr(at, wanted[0], matcher.end - at - size + 1)
        if at == NULL:
            return NULL
        if memcmp(at, wanted, size) == 0:
            return at
        count_steps(matcher, 1 + size // STRIDE)
        at += 1
    return NULL


cdef size_t first_place(lua_State *L, size_t size) noexcept nogil:
    """Returns the offset of the position in the third argument; negative positions count from the end."""
    cdef lua_Integer place = luaL_optinteger(L, 3, 1)
    if place < 0:
        place += <lua_Integer> size + 1
    if place < 1:
        return 0
    return min(<size_t> place - 1, size)


cdef bint is_plain(lua_State *L, const char *pattern) noexcept nogil:
    return lua_toboolean(L, 4) or strpbrk(pattern, "^$*+?.([%-") == NULL


cdef int search_text(lua_State *L, bint positions) noexcept nogil:
    cdef size_t size, pattern_size
    cdef const char *text = luaL_checklstring(L, 1, &size)
    cdef const char *pattern = luaL_checklstring(L, 2, &pattern_size)
    cdef const char *at = text + first_place(L, size)
    cdef const char *end
    cdef bint anchored = False
    cdef Matcher matcher
    begin_matcher(&matcher, L, text, size)
    if positions and is_plain(L, pattern):
        at = find_plain(&matcher, at, pattern, pattern_size)
        if at != NULL:
            lua_pushinteger(L, at - text + 1)
            lua_pushinteger(L, at - text + <ptrdiff_t> pattern_size)
            return 2
        lua_pushnil(L)
        return 1
    if pattern[0] == c'^':
        anchored = True
        pattern += 1
    while True:
        matcher.level = 0
        end = match(&matcher, at, pattern)
        if end != NULL:
            if not positions:
                return push_captures(&matcher, at, end)
            lua_pushinteger(L, at - text + 1)
            lua_pushinteger(L, end - text)
            return 2 + push_captures(&matcher, NULL, NULL)
        at += 1
        if anchored or at > matcher.end:
            lua_pushnil(L)
            return 1


cdef int string_find(lua_State *L) noexcept nogil:
    return search_text(L, True)


cdef int string_match(lua_State *L) noexcept nogil:
    return search_text(L, False)


# ---- string.gmatch ----

cdef int next_match(lua_State *L) noexcept nogil:
    """The upvalues after the first: the text, the pattern, and the offset at which the next search begins."""
    cdef size_t size
    cdef const char *text = lua_tolstring(L, lua_upvalueindex(2), &size)
    cdef const char *pattern = lua_tolstring(L, lua_upvalueindex(3), NULL)
    cdef const char *at = text + <size_t> lua_tointeger(L, lua_upvalueindex(4))
    cdef const char *end
    cdef Matcher matcher
    begin_matcher(&matcher, L, text, size)
    while at <= matcher.end:
        matcher.level = 0
        end = match(&matcher, at, pattern)
        if end != NULL:
            # After an empty match, the next search begins one byte later.
            lua_pushinteger(L, end - text + (end == at))
            lua_replace(L, lua_upvalueindex(4))
            return push_captures(&matcher, at, end)
        at += 1
    return 0


cdef int string_gmatch(lua_State *L) noexcept nogil:
    luaL_checklstring(L, 1, NULL)
    luaL_checklstring(L, 2, NULL)
    lua_settop(L, 2)
    lua_pushlightuserdata(L, upvalue_interpreter(L))
    lua_insert(L, 1)
    lua_pushinteger(L, 0)
    lua_pushcclosure(L, next_match, 4)
    return 1


# ---- string.gsub ----

# The result of gsub, in a userdata at index OUTPUT of the stack.
ctypedef struct Output:
    char *data
    size_t size
    size_t capacity

cdef enum:
    REPLACEMENT = 3
    OUTPUT = 5


cdef void add_bytes(lua_State *L, Output *output, const char *data, size_t size) noexcept nogil:
    cdef char *grown
    if unlikely(output.size + size > output.capacity):
        output.capacity = 2 * (output.size + size)
        grown = <char *> lua_newuserdata(L, output.capacity)
        memcpy(grown, output.data, output.size)
        lua_replace(L, OUTPUT)
        output.data = grown
    memcpy(output.data + output.size, data, size)
    output.size += size


cdef void add_top(lua_State *L, Output *output) noexcept nogil:
    """Adds the string or number on top of the stack, and pops it."""
    cdef size_t size
    cdef const char *data = lua_tolstring(L, -1, &size)
    add_bytes(L, output, data, size)
    lua_pop(L, 1)


cdef void add_template(Matcher *matcher, Output *output, const char *start, const char *end) noexcept nogil:
    """Adds a replacement string, in which ``%0`` is the match and ``%1`` to ``%9`` are captures."""
    cdef lua_State *L = matcher.L
    cdef size_t size, index = 0
    cdef const char *template = lua_tolstring(L, REPLACEMENT, &size)
    while index < size:
        if template[index] != c'%':
            add_bytes(L, output, template + index, 1)
        else:
            index += 1
            if not is_digit(<unsigned char> template[index]):
                add_bytes(L, output, template + index, 1)
            elif template[index] == c'0':
                add_bytes(L, output, start, end - start)
            else:
                push_capture(matcher, template[index] - c'1', start, end)
                add_top(L, output)
        index += 1


cdef void add_replacement(Matcher *matcher, Output *output, const char *start, const char *end) noexcept nogil:
    cdef lua_State *L = matcher.L
    cdef int type = lua_type(L, REPLACEMENT)
    if type == LUA_TSTRING or type == LUA_TNUMBER:
        add_template(matcher, output, start, end)
        return
    if type == LUA_TFUNCTION:
        lua_pushvalue(L, REPLACEMENT)
        lua_call(L, push_captures(matcher, start, end), 1)
    else:
        push_capture(matcher, 0, start, end)
        lua_gettable(L, REPLACEMENT)
    if not lua_toboolean(L, -1):
        lua_pop(L, 1)
        add_bytes(L, output, start, end - start)
    elif lua_isstring(L, -1):
        add_top(L, output)
    else:
        luaL_error(L, "invalid replacement value (a %s)", lua_typename(L, lua_type(L, -1)))


cdef int string_gsub(lua_State *L) noexcept nogil:
    cdef size_t size
    cdef const char *text = luaL_checklstring(L, 1, &size)
    cdef const char *pattern = luaL_checklstring(L, 2, NULL)
    cdef int type = lua_type(L, REPLACEMENT)
    cdef lua_Integer most = <int> luaL_optinteger(L, 4, <lua_Integer> size + 1)
    cdef lua_Integer count = 0
    cdef bint anchored = pattern[0] == c'^'
    cdef const char *at = text
    cdef const char *end
    cdef Matcher matcher
    cdef Output output
    if type not in (LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, LUA_TFUNCTION):
        return luaL_argerror(L, REPLACEMENT, "string/function/table expected")
    lua_settop(L, 4)
    output.capacity = size + 64
    output.size = 0
    output.data = <char *> lua_newuserdata(L, output.capacity)
    begin_matcher(&matcher, L, text, size)
    pattern += anchored
    while count < most:
        matcher.level = 0
        end = match(&matcher, at, pattern)
        if end != NULL:
            count += 1
            add_replacement(&matcher, &output, at, end)
        if end != NULL and end > at:
            at = end
        elif at < matcher.end:
            add_bytes(L, &output, at, 1)
            at += 1
        else:
            break
        if anchored:
            break
    add_bytes(L, &output, at, matcher.end - at)
    lua_pushlstring(L, output.data, output.size)
    lua_pushinteger(L, count)
    return 2


# ---- the table ----

cdef void set_function(lua_State *L, void *interpreter, const char *name, lua_CFunction function) noexcept nogil:
    lua_pushlightuserdata(L, interpreter)
    lua_pushcclosure(L, function, 1)
    lua_setfield(L, -2, name)


cdef void set_pattern_functions(lua_State *L, void *interpreter) noexcept nogil:
    set_function(L, interpreter, "find", string_find)
    set_function(L, interpreter, "match", string_match)
    set_function(L, interpreter, "gmatch", string_gmatch)
    lua_getfield(L, -1, "gmatch")
    lua_setfield(L, -2, "gfind")
    set_function(L, interpreter, "gsub", string_gsub)
