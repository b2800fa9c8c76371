"""FCALL, FCALL_RO and FUNCTION.

Commands that only look at libraries work without an interpreter; the first library makes it.
"""

from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from pyredis._resp cimport (
    ARRAY,
    MAP,
    SET_REPLY,
    Replied,
    reply_aggregate,
    reply_array,
    reply_bulk,
    reply_close,
    reply_error,
    reply_error_slice,
    reply_integer,
    reply_null,
    reply_ok,
    reply_open,
    reply_slice,
    reply_status,
)
from pyredis.call.call cimport Call
from pyredis.call.changes cimport changed_all
from pyredis.call.client cimport CLIENT_CLOSE_NOW, CLIENT_LOADER
from pyredis.call.errors cimport refuse_subcommand
from pyredis.call.handlers cimport native
from pyredis.call.monitoring cimport monitor_show_now
from pyredis.commands.scripting.function_payload cimport (
    Payload,
    payload_add,
    payload_end,
    payload_free,
    payload_next,
    payload_open,
)
from pyredis.ground.base cimport Slice, cycles_now, equals_nocase, literal, parse_int64, slice_of
from pyredis.ground.glob cimport glob_match
from pyredis.lua.interpreter cimport (
    SCRIPT_ALLOW_CROSS_SLOT,
    SCRIPT_ALLOW_OOM,
    SCRIPT_ALLOW_STALE,
    SCRIPT_NO_CLUSTER,
    SCRIPT_NO_WRITES,
    Interpreter,
    busy_text,
    function_interpreter_of,
    interpreter_settle,
    running_interpreter,
)
from pyredis.lua.libraries cimport (
    Function,
    Libraries,
    Library,
    libraries_add,
    libraries_collision,
    libraries_delete,
    libraries_find,
    libraries_function,
    libraries_new,
    libraries_remove_all,
    libraries_take,
    library_delete,
)
from pyredis.lua.library_loading cimport failure_add_slice, failure_add_text, failure_begin, library_load, loading_begin
from pyredis.lua.running cimport script_kill, script_run
from pyredis.lua.starting cimport function_interpreter_ready, functions_forget
from pyredis.types.table.hashtable cimport table_size

from pyredis.commands.help import help_lines

cdef extern from "<string.h>" nogil:
    size_t strnlen(const char *text, size_t most)

cdef enum:
    # Indexes of the arguments of FCALL and of FUNCTION's subcommands.
    NAME = 1
    COUNT = 2
    FIRST_KEY = 3
    FIRST = 2

# What FUNCTION RESTORE does with the libraries that exist.
cdef enum Policy:
    APPEND
    REPLACE
    FLUSH
    UNKNOWN


cdef inline Libraries *libraries_of(Call *call) noexcept nogil:
    """Returns the libraries, or NULL if there has never been one."""
    cdef Interpreter *lua = function_interpreter_of(call.server)
    return <Libraries *> lua.libraries if lua != NULL else NULL


cdef inline Library *first_library(Call *call) noexcept nogil:
    cdef Libraries *libraries = libraries_of(call)
    return libraries.first if libraries != NULL else NULL


cdef inline void depend_on_libraries(Call *call) noexcept nogil:
    """Makes the reply wait, under ``appendfsync always``, for the last change of libraries."""
    call.server.wait_offset = max(call.server.wait_offset, call.server.barrier)


# ---- FCALL ----

cdef Replied fcall_any(Call *call, bint read_only) noexcept nogil:
    cdef Interpreter *lua = function_interpreter_of(call.server)
    cdef Function *function = NULL
    cdef int64_t keys
    monitor_show_now(call)
    if lua != NULL:
        function = libraries_function(<Libraries *> lua.libraries, call.argv[NAME])
    if function == NULL:
        return reply_error(call.reply, "ERR Function not found")
    if not parse_int64(call.argv[COUNT].data, call.argv[COUNT].size, &keys):
        return reply_error(call.reply, "ERR Bad number of keys provided")
    if keys > call.argc - FIRST_KEY:
        return reply_error(call.reply, "ERR Number of keys can't be greater than number of args")
    if keys < 0:
        return reply_error(call.reply, "ERR Number of keys can't be negative")
    depend_on_libraries(call)
    return script_run(call, lua, &function.runnable, FIRST_KEY, <int> keys, read_only)


cdef Replied fcall(Call *call) noexcept nogil:
    return fcall_any(call, False)


cdef Replied fcall_ro(Call *call) noexcept nogil:
    return fcall_any(call, True)


# ---- FUNCTION LOAD, DELETE, FLUSH ----

cdef void refuse_load(Call *call, Interpreter *lua) noexcept nogil:
    """Replies with the interpreter's error. A file whose libraries cannot be loaded must not be used: a rewrite would
    lose them."""
    if lua != NULL:
        reply_error_slice(call.reply, slice_of(lua.failure, lua.failure_size))
    if call.client.flags & CLIENT_LOADER:
        call.client.flags |= CLIENT_CLOSE_NOW


cdef void begin_loading(Call *call, Interpreter *lua) noexcept nogil:
    loading_begin(lua, not call.client.flags & CLIENT_LOADER)


cdef Replied refuse_option(Call *call, const char *text, Slice option) noexcept with gil:
    message = b"ERR " + text + option.data[:strnlen(option.data, option.size)]
    return reply_error_slice(call.reply, slice_of(<const char *> message, len(message)))


cdef Replied function_load(Call *call) noexcept nogil:
    cdef Interpreter *lua
    cdef Library *library
    cdef int index
    for index in range(FIRST, call.argc - 1):
        if not equals_nocase(call.argv[index], "replace"):
            return refuse_option(call, "Unknown option given: ", call.argv[index])
    if not function_interpreter_ready(call):
        refuse_load(call, NULL)
        return 0
    lua = function_interpreter_of(call.server)
    begin_loading(call, lua)
    library = library_load(lua, <Libraries *> lua.libraries, call.argv[call.argc - 1], call.argc > FIRST + 1)
    interpreter_settle(lua)
    if library == NULL:
        refuse_load(call, lua)
        return 0
    changed_all(call, 1)
    return reply_slice(call.reply, library.name)


cdef Replied function_delete(Call *call) noexcept nogil:
    cdef Libraries *libraries = libraries_of(call)
    cdef Library *library = libraries_find(libraries, call.argv[FIRST]) if libraries != NULL else NULL
    if library == NULL:
        return reply_error(call.reply, "ERR Library not found")
    libraries_take(libraries, library)
    library_delete(function_interpreter_of(call.server), library)
    interpreter_settle(function_interpreter_of(call.server))
    changed_all(call, 1)
    return reply_ok(call.reply)


cdef Replied function_flush(Call *call) noexcept nogil:
    """ASYNC is the same as SYNC: the memory of libraries is released in a moment."""
    if call.argc > FIRST + 1:
        return refuse_subcommand(call)
    if call.argc == FIRST + 1 and not equals_nocase(call.argv[FIRST], "sync") and \
            not equals_nocase(call.argv[FIRST], "async"):
        return reply_error(call.reply, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
    if libraries_of(call) != NULL:
        functions_forget(call.server)
    changed_all(call, 1)
    return reply_ok(call.reply)


# ---- FUNCTION KILL, STATS ----

cdef Replied function_kill(Call *call) noexcept nogil:
    return script_kill(call, True)


cdef void reply_running(Call *call, const Interpreter *lua) noexcept nogil:
    """Replies with the name, the command and the duration of the function that runs."""
    cdef double ns = (cycles_now() - lua.begun) * call.server.ns_per_cycle
    cdef int index
    reply_aggregate(call.reply, MAP, 3)
    reply_slice(call.reply, literal("name"))
    reply_slice(call.reply, lua.runnable.name)
    reply_slice(call.reply, literal("command"))
    reply_array(call.reply, lua.call.argc)
    for index in range(lua.call.argc):
        reply_slice(call.reply, lua.call.argv[index])
    reply_slice(call.reply, literal("duration_ms"))
    reply_integer(call.reply, <int64_t> (ns / 1000000))


cdef Replied function_stats(Call *call) noexcept nogil:
    cdef Interpreter *lua = running_interpreter(call.server)
    cdef Libraries *libraries = libraries_of(call)
    if lua != NULL and not lua.functions:
        return reply_error(call.reply, busy_text(lua))
    depend_on_libraries(call)
    reply_aggregate(call.reply, MAP, 2)
    reply_slice(call.reply, literal("running_script"))
    if lua != NULL:
        reply_running(call, lua)
    else:
        reply_null(call.reply)
    reply_slice(call.reply, literal("engines"))
    reply_aggregate(call.reply, MAP, 1)
    reply_slice(call.reply, literal("LUA"))
    reply_aggregate(call.reply, MAP, 2)
    reply_slice(call.reply, literal("libraries_count"))
    reply_integer(call.reply, table_size(&libraries.named) if libraries != NULL else 0)
    reply_slice(call.reply, literal("functions_count"))
    return reply_integer(call.reply, table_size(&libraries.functions) if libraries != NULL else 0)


# ---- FUNCTION LIST ----

cdef const char *_flag_names[5]
_flag_names = ["no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"]
cdef uint32_t _flag_bits[5]
_flag_bits = [SCRIPT_NO_WRITES, SCRIPT_ALLOW_OOM, SCRIPT_ALLOW_STALE, SCRIPT_NO_CLUSTER, SCRIPT_ALLOW_CROSS_SLOT]


cdef void reply_flags(Call *call, uint32_t flags) noexcept nogil:
    cdef size_t begin = reply_open(call.reply)
    cdef size_t count = 0
    cdef int index
    for index in range(5):
        if flags & _flag_bits[index]:
            reply_status(call.reply, _flag_names[index])
            count += 1
    reply_close(call.reply, begin, SET_REPLY, count)


cdef void reply_function(Call *call, const Function *function) noexcept nogil:
    reply_aggregate(call.reply, MAP, 3)
    reply_slice(call.reply, literal("name"))
    reply_slice(call.reply, function.runnable.name)
    reply_slice(call.reply, literal("description"))
    if function.described:
        reply_slice(call.reply, function.description)
    else:
        reply_null(call.reply)
    reply_slice(call.reply, literal("flags"))
    reply_flags(call, function.runnable.flags)


cdef void reply_library(Call *call, Library *library, bint with_code) noexcept nogil:
    cdef Function *function = library.first
    reply_aggregate(call.reply, MAP, 4 if with_code else 3)
    reply_slice(call.reply, literal("library_name"))
    reply_slice(call.reply, library.name)
    reply_slice(call.reply, literal("engine"))
    reply_slice(call.reply, literal("LUA"))
    reply_slice(call.reply, literal("functions"))
    reply_array(call.reply, table_size(&library.functions))
    while function != NULL:
        reply_function(call, function)
        function = function.next
    if with_code:
        reply_slice(call.reply, literal("library_code"))
        reply_slice(call.reply, library.code)


cdef bint list_options(Call *call, bint *with_code, Slice *pattern) noexcept nogil:
    """Reads the options; returns False after replying with an error. Without a pattern, its `data` is NULL."""
    cdef int index = FIRST
    with_code[0] = False
    pattern[0] = slice_of(NULL, 0)
    while index < call.argc:
        if not with_code[0] and equals_nocase(call.argv[index], "withcode"):
            with_code[0] = True
        elif pattern.data == NULL and equals_nocase(call.argv[index], "libraryname"):
            index += 1
            if index == call.argc:
                reply_error(call.reply, "ERR library name argument was not given")
                return False
            pattern[0] = call.argv[index]
        else:
            refuse_option(call, "Unknown argument ", call.argv[index])
            return False
        index += 1
    return True


cdef Replied function_list(Call *call) noexcept nogil:
    cdef Library *library = first_library(call)
    cdef Slice pattern
    cdef bint with_code
    cdef size_t begin, count = 0
    if not list_options(call, &with_code, &pattern):
        return 0
    depend_on_libraries(call)
    begin = reply_open(call.reply)
    while library != NULL:
        if pattern.data == NULL or glob_match(pattern, library.name, True):
            reply_library(call, library, with_code)
            count += 1
        library = library.after
    return reply_close(call.reply, begin, ARRAY, count)


# ---- FUNCTION DUMP, RESTORE ----

cdef Replied function_dump(Call *call) noexcept nogil:
    cdef Library *library = first_library(call)
    cdef Payload payload
    memset(&payload, 0, sizeof(Payload))
    while library != NULL:
        payload_add(&payload, library.code)
        library = library.after
    payload_end(&payload)
    depend_on_libraries(call)
    reply_bulk(call.reply, payload.data, payload.size)
    payload_free(&payload)
    return 0


cdef Policy policy_of(Call *call) noexcept nogil:
    if call.argc == FIRST + 1 or equals_nocase(call.argv[FIRST + 1], "append"):
        return APPEND
    if equals_nocase(call.argv[FIRST + 1], "replace"):
        return REPLACE
    return FLUSH if equals_nocase(call.argv[FIRST + 1], "flush") else UNKNOWN


cdef bint load_payload(Interpreter *lua, Libraries *libraries, Payload *payload) noexcept nogil:
    """Loads all libraries of a payload; after an error, the interpreter has its text."""
    cdef const char *error
    cdef Slice code
    while True:
        error = payload_next(payload, &code)
        if error != NULL:
            lua.failure_size = 0
            failure_add_text(lua, error)
            return False
        if code.data == NULL:
            return True
        if library_load(lua, libraries, code, False) == NULL:
            return False


cdef bint taken(Interpreter *lua, const char *what, Slice name) noexcept nogil:
    failure_begin(lua, what)
    failure_add_slice(lua, name)
    failure_add_text(lua, " already exists")
    return True


cdef bint collides(Interpreter *lua, Libraries *libraries, Libraries *added) noexcept nogil:
    """Whether the added libraries cannot join the others; if so, the interpreter has the text of the error."""
    cdef Library *library = added.first
    cdef Function *function
    while library != NULL:
        if libraries_find(libraries, library.name) != NULL:
            return taken(lua, "Library ", library.name)
        library = library.after
    library = added.first
    while library != NULL:
        function = libraries_collision(libraries, library, NULL)
        if function != NULL:
            return taken(lua, "Function ", function.runnable.name)
        library = library.after
    return False


cdef void move_all(Libraries *source, Libraries *target) noexcept nogil:
    cdef Library *library
    while source.first != NULL:
        library = source.first
        libraries_take(source, library)
        libraries_add(target, library)


cdef void set_aside(Libraries *libraries, Libraries *added, Libraries *aside) noexcept nogil:
    """Moves the libraries that have the names of added ones."""
    cdef Library *library = added.first
    cdef Library *old
    while library != NULL:
        old = libraries_find(libraries, library.name)
        if old != NULL:
            libraries_take(libraries, old)
            libraries_add(aside, old)
        library = library.after


cdef bint join(Interpreter *lua, Libraries *libraries, Libraries *added, Policy policy) noexcept nogil:
    """Adds all libraries, or none of them."""
    cdef Libraries *aside = libraries_new()
    cdef bint joined
    if policy == FLUSH:
        move_all(libraries, aside)
    elif policy == REPLACE:
        set_aside(libraries, added, aside)
    joined = not collides(lua, libraries, added)
    move_all(added if joined else aside, libraries)
    libraries_remove_all(lua, aside)
    libraries_delete(aside)
    return joined


cdef bint restore(Call *call, Interpreter *lua, Payload *payload, Policy policy) noexcept nogil:
    cdef Libraries *added = libraries_new()
    cdef bint restored
    begin_loading(call, lua)
    restored = load_payload(lua, added, payload) and join(lua, <Libraries *> lua.libraries, added, policy)
    libraries_remove_all(lua, added)
    libraries_delete(added)
    interpreter_settle(lua)
    return restored


cdef Replied function_restore(Call *call) noexcept nogil:
    cdef Payload payload
    cdef Policy policy
    cdef bint restored
    if call.argc > FIRST + 2:
        return refuse_subcommand(call)
    policy = policy_of(call)
    if policy == UNKNOWN:
        return reply_error(call.reply,
                           "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
    memset(&payload, 0, sizeof(Payload))
    if not payload_open(&payload, call.argv[FIRST]):
        return reply_error(call.reply, "ERR DUMP payload version or checksum are wrong")
    if not function_interpreter_ready(call):
        refuse_load(call, NULL)
        return 0
    restored = restore(call, function_interpreter_of(call.server), &payload, policy)
    payload_free(&payload)
    if not restored:
        refuse_load(call, function_interpreter_of(call.server))
        return 0
    changed_all(call, 1)
    return reply_ok(call.reply)


HANDLERS = {
    "fcall": native(fcall),
    "fcall_ro": native(fcall_ro),
    "function_delete": native(function_delete),
    "function_dump": native(function_dump),
    "function_flush": native(function_flush),
    "function_help": lambda client, arguments: help_lines("FUNCTION", arguments[0]),
    "function_kill": native(function_kill),
    "function_list": native(function_list),
    "function_load": native(function_load),
    "function_restore": native(function_restore),
    "function_stats": native(function_stats),
}
