"""The table of scripts, the order in which they are forgotten, and their compilation."""

from libc.stdint cimport uint32_t
from libc.stdio cimport snprintf
from libc.string cimport memcpy, strlen

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_zalloc
from pyredis.lua.base_functions cimport compile_text
from pyredis.lua.interpreter cimport SCRIPT_PLAIN, Interpreter, Runnable
from pyredis.lua.lua_api cimport (
    LUA_OK,
    LUA_REGISTRYINDEX,
    luaL_ref,
    luaL_unref,
    lua_State,
    lua_cpcall,
    lua_settop,
    lua_tolstring,
    lua_touserdata,
)
from pyredis.types.table.hashtable cimport (
    TableType,
    hash_of,
    table_clear,
    table_get,
    table_init,
    table_insert,
    table_remove,
)

from pyredis.lua.shebang import ShebangError, parse_shebang

cdef enum:
    # In bytes; longer error texts are truncated.
    ERROR_ROOM = 512

ctypedef struct Compilation:
    Interpreter *lua
    Slice text
    int function
    bint failed

cdef char _error[ERROR_ROOM]


# ---- the table ----

cdef void script_key(const void *element, Slice *out) noexcept nogil:
    out[0] = slice_of((<const Script *> element).digest, DIGEST_SIZE)


cdef void script_destroy(void *element) noexcept nogil:
    cdef Script *script = <Script *> element
    mem_free(script.body, script.size)
    mem_free(script, sizeof(Script))


cdef TableType _type
_type.key = script_key
_type.destroy = script_destroy


cdef Scripts *scripts_new() noexcept nogil:
    cdef Scripts *scripts = <Scripts *> mem_zalloc(sizeof(Scripts))
    table_init(&scripts.table, &_type)
    return scripts


cdef void scripts_delete(Scripts *scripts) noexcept nogil:
    if scripts != NULL:
        scripts_clear(scripts)
        mem_free(scripts, sizeof(Scripts))


cdef void scripts_clear(Scripts *scripts) noexcept nogil:
    table_clear(&scripts.table)
    scripts.oldest = NULL
    scripts.newest = NULL
    scripts.forgettable = 0
    scripts.memory = 0


cdef inline bint lower_digest(Slice digest, char *out) noexcept nogil:
    cdef int index
    cdef char c
    if digest.size != DIGEST_SIZE:
        return False
    for index in range(DIGEST_SIZE):
        c = digest.data[index]
        out[index] = c | 0x20 if c'A' <= c <= c'Z' else c
    return True


cdef Script *scripts_find(Scripts *scripts, Slice digest) noexcept nogil:
    cdef char lower[DIGEST_SIZE]
    cdef Slice key
    if not lower_digest(digest, lower):
        return NULL
    key = slice_of(lower, DIGEST_SIZE)
    return <Script *> table_get(&scripts.table, key, hash_of(key))


# ---- forgetting ----

cdef void unlink_script(Scripts *scripts, Script *script) noexcept nogil:
    if script.older != NULL:
        script.older.newer = script.newer
    else:
        scripts.oldest = script.newer
    if script.newer != NULL:
        script.newer.older = script.older
    else:
        scripts.newest = script.older
    script.older = NULL
    script.newer = NULL
    scripts.forgettable -= 1


cdef void link_newest(Scripts *scripts, Script *script) noexcept nogil:
    script.older = scripts.newest
    script.newer = NULL
    if scripts.newest != NULL:
        scripts.newest.newer = script
    else:
        scripts.oldest = script
    scripts.newest = script
    scripts.forgettable += 1


cdef void scripts_used(Scripts *scripts, Script *script) noexcept nogil:
    if script.forgettable and script != scripts.newest:
        unlink_script(scripts, script)
        link_newest(scripts, script)


cdef void scripts_keep(Scripts *scripts, Script *script) noexcept nogil:
    if script.forgettable:
        unlink_script(scripts, script)
        script.forgettable = False


cdef inline size_t footprint(const Script *script) noexcept nogil:
    return mem_footprint(sizeof(Script)) + mem_footprint(script.size)


cdef void forget_oldest(Interpreter *lua, Scripts *scripts) noexcept nogil:
    cdef Script *script = scripts.oldest
    cdef Slice key = slice_of(script.digest, DIGEST_SIZE)
    unlink_script(scripts, script)
    table_remove(&scripts.table, key, hash_of(key))
    # Cannot raise, because the reference exists.
    luaL_unref(lua.main, LUA_REGISTRYINDEX, script.runnable.function)
    scripts.memory -= footprint(script)
    scripts.forgotten += 1
    script_destroy(script)


# ---- compiling ----

cdef int compile_job(lua_State *L) noexcept nogil:
    """Called in protected mode: makes a reference to the function, or copies the error message."""
    cdef Compilation *job = <Compilation *> lua_touserdata(L, 1)
    if compile_text(L, job.text.data, job.text.size, "@user_script") == LUA_OK:
        job.function = luaL_ref(L, LUA_REGISTRYINDEX)
        job.failed = False
    else:
        note_error(lua_tolstring(L, -1, NULL))
    return 0


cdef void note_error(const char *reason) noexcept nogil:
    snprintf(_error, ERROR_ROOM, "ERR Error compiling script (new function): %s", reason)


cdef bint read_shebang(Slice body, uint32_t *flags, size_t *skipped) noexcept with gil:
    try:
        flags[0], skipped[0] = parse_shebang(body.data[:body.size])
    except ShebangError as error:
        text = (b"ERR " + str(error).encode("utf-8", "surrogateescape"))[:ERROR_ROOM - 1] + b"\0"
        memcpy(_error, <const char *> text, len(text))
        return False
    return True


cdef bint compile_script(Interpreter *lua, Slice text, int *function) noexcept nogil:
    cdef Compilation job
    job.lua = lua
    job.text = text
    job.failed = True
    note_error("not enough memory")
    lua_cpcall(lua.main, compile_job, &job)
    lua_settop(lua.main, 1)
    function[0] = job.function
    return not job.failed


cdef Script *scripts_load(Interpreter *lua, Slice body, const char *digest, bint forgettable, Slice *error
                          ) noexcept nogil:
    cdef Scripts *scripts = <Scripts *> lua.scripts
    cdef Script *script
    cdef uint32_t flags = SCRIPT_PLAIN
    cdef size_t skipped = 0
    cdef int function = 0
    if body.size >= 2 and body.data[0] == c'#' and body.data[1] == c'!' and not read_shebang(body, &flags, &skipped):
        error[0] = slice_of(_error, strlen(_error))
        return NULL
    if not compile_script(lua, slice_of(body.data + skipped, body.size - skipped), &function):
        error[0] = slice_of(_error, strlen(_error))
        return NULL
    script = <Script *> mem_zalloc(sizeof(Script))
    memcpy(script.digest, digest, DIGEST_SIZE)
    script.body = <char *> mem_alloc(body.size)
    script.size = body.size
    memcpy(script.body, body.data, body.size)
    script.runnable = Runnable(slice_of(script.digest, DIGEST_SIZE), flags, function)
    insert_script(lua, scripts, script, forgettable)
    return script


cdef void insert_script(Interpreter *lua, Scripts *scripts, Script *script, bint forgettable) noexcept nogil:
    cdef Slice key = slice_of(script.digest, DIGEST_SIZE)
    script.forgettable = forgettable
    if forgettable:
        if scripts.forgettable >= EVALS_KEPT:
            forget_oldest(lua, scripts)
        link_newest(scripts, script)
    table_insert(&scripts.table, script, hash_of(key))
    scripts.memory += footprint(script)
