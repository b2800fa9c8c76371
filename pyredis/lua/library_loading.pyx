"""Loads libraries; the error texts are those of Redis."""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport strlen

from pyredis.ground.base cimport Slice, cycles_now, slice_of
from pyredis.lua.base_functions cimport compile_text
from pyredis.lua.interpreter cimport Interpreter, failure_add
from pyredis.lua.libraries cimport (
    Function,
    Libraries,
    Library,
    libraries_add,
    libraries_collision,
    libraries_find,
    libraries_take,
    library_delete,
    library_new,
)
from pyredis.lua.lua_api cimport (
    LUA_OK,
    LUA_TTABLE,
    lua_State,
    lua_cpcall,
    lua_isstring,
    lua_pcall,
    lua_settop,
    lua_tolstring,
    lua_touserdata,
    lua_type,
)
from pyredis.lua.registration cimport is_valid_name
from pyredis.lua.sandbox cimport sandbox_show
from pyredis.lua.script_errors cimport push_field

from pyredis.lua.shebang import ShebangError, parse_library

cdef enum:
    # The index of the error handler, which stays on the stack.
    HANDLER = 1

ctypedef struct Job:
    Interpreter *lua
    Slice text


# ---- error texts ----

cdef void failure_add_slice(Interpreter *lua, Slice text) noexcept nogil:
    failure_add(lua, text.data, text.size)


cdef void failure_add_text(Interpreter *lua, const char *text) noexcept nogil:
    failure_add(lua, text, strlen(text))


cdef void failure_begin(Interpreter *lua, const char *text) noexcept nogil:
    lua.failure_size = 0
    failure_add_text(lua, "ERR ")
    failure_add_text(lua, text)


# ---- the first line ----

cdef Library *new_library(Interpreter *lua, Slice code, size_t *skipped) noexcept with gil:
    """Reads the first line, and makes a library without functions; NULL after an error."""
    try:
        engine, name, skipped[0] = parse_library(code.data[:code.size])
    except ShebangError as error:
        return refuse_line(lua, str(error))
    data = name.encode("utf-8", "surrogateescape")
    if not is_valid_name(slice_of(<const char *> data, len(data))):
        return refuse_line(lua, "Library names can only contain letters, numbers, or underscores(_) and must be at "
                           "least one character long")
    if engine.lower() != "lua":
        return refuse_line(lua, f"Engine '{engine}' not found")
    return library_new(slice_of(<const char *> data, len(data)), code)


cdef Library *refuse_line(Interpreter *lua, str reason) noexcept:
    text = reason.encode("utf-8", "surrogateescape")
    failure_begin(lua, text)
    return NULL


# ---- running the text ----

cdef void note_raised(lua_State *L, Interpreter *lua) noexcept nogil:
    """Adds the text of the raised value, which is on top of the stack."""
    cdef size_t size
    cdef const char *data
    if lua_type(L, -1) == LUA_TTABLE:
        push_field(L, -1, "err")
    else:
        failure_add_text(lua, "ERR ")
    data = lua_tolstring(L, -1, &size) if lua_isstring(L, -1) else NULL
    failure_add_slice(lua, slice_of(data, size) if data != NULL else slice_of("unknown error", 13))


cdef int load_job(lua_State *L) noexcept nogil:
    """Called in protected mode. Leaves an error text only if it fails."""
    cdef Job *job = <Job *> lua_touserdata(L, 1)
    cdef Interpreter *lua = job.lua
    cdef int status
    if compile_text(L, job.text.data, job.text.size, "@user_function") != LUA_OK:
        failure_begin(lua, "Error compiling function: ")
        failure_add_text(lua, lua_tolstring(L, -1, NULL))
        return 0
    sandbox_show(lua, L, True)
    status = lua_pcall(L, 0, 0, 0)
    sandbox_show(lua, L, False)
    if status == LUA_OK:
        lua.failure_size = 0
        return 0
    failure_begin(lua, "Error registering functions: ")
    note_raised(L, lua)
    return 0


cdef void loading_begin(Interpreter *lua, bint limited) noexcept nogil:
    lua.load_left = <int64_t> (LOAD_MS * 1e6 / lua.server.ns_per_cycle) if limited else -1


cdef bint run_text(Interpreter *lua, Library *library, Slice text) noexcept nogil:
    cdef uint64_t begun = cycles_now()
    cdef Job job
    job.lua = lua
    job.text = text
    failure_begin(lua, "Error registering functions: ERR not enough memory")
    lua.loading = library
    lua.hooked = begun
    lua.load_end = begun + <uint64_t> lua.load_left if lua.load_left >= 0 else 0
    lua_cpcall(lua.main, load_job, &job)
    lua_settop(lua.main, HANDLER)
    lua.loading = NULL
    lua.load_end = 0
    if lua.load_left > 0:
        lua.load_left = max(lua.load_left - <int64_t> (cycles_now() - begun), 0)
    return lua.failure_size == 0


# ---- adding it ----

cdef bint may_add(Interpreter *lua, Libraries *libraries, const Library *library, const Library *old) noexcept nogil:
    """Checks a library that has been run; False after an error."""
    cdef Function *taken
    if library.first == NULL:
        failure_begin(lua, "No functions registered")
        return False
    taken = libraries_collision(libraries, library, old)
    if taken != NULL:
        failure_begin(lua, "Function ")
        failure_add_slice(lua, taken.runnable.name)
        failure_add_text(lua, " already exists")
        return False
    return True


cdef Library *library_load(Interpreter *lua, Libraries *libraries, Slice code, bint replace) noexcept nogil:
    cdef size_t skipped = 0
    cdef Library *library = new_library(lua, code, &skipped)
    cdef Library *old
    if library == NULL:
        return NULL
    old = libraries_find(libraries, library.name)
    if old != NULL and not replace:
        failure_begin(lua, "Library '")
        failure_add_slice(lua, library.name)
        failure_add_text(lua, "' already exists")
    elif run_text(lua, library, slice_of(code.data + skipped, code.size - skipped)) and \
            may_add(lua, libraries, library, old):
        if old != NULL:
            libraries_take(libraries, old)
            library_delete(lua, old)
        libraries_add(libraries, library)
        return library
    library_delete(lua, library)
    return NULL
