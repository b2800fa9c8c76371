"""EVAL, EVALSHA, their read-only forms, and SCRIPT."""

from libc.stdint cimport int64_t

from pyredis._resp cimport Replied, reply_array, reply_bulk, reply_error, reply_error_slice, reply_integer, reply_ok
from pyredis.call.call cimport Call
from pyredis.call.errors cimport integer_argument
from pyredis.call.handlers cimport native
from pyredis.call.monitoring cimport monitor_show_now
from pyredis.ground.base cimport Slice, equals_nocase, slice_of, unlikely
from pyredis.lua.digests cimport DIGEST_SIZE, hex_digest
from pyredis.lua.interpreter cimport Interpreter, interpreter_close, interpreter_of
from pyredis.lua.running cimport script_kill, script_run
from pyredis.lua.scripts cimport Script, Scripts, scripts_clear, scripts_find, scripts_keep, scripts_load, scripts_used
from pyredis.lua.starting cimport interpreter_ready

from pyredis.commands.help import help_lines
from pyredis.commands.scripting.functions import HANDLERS as FUNCTIONS

cdef enum:
    # Indexes of the arguments of EVAL and its variants.
    SCRIPT = 1
    COUNT = 2
    FIRST_KEY = 3


cdef inline Scripts *scripts_of(Call *call) noexcept nogil:
    return <Scripts *> interpreter_of(call.server).scripts


# ---- EVAL ----

cdef int key_count(Call *call) noexcept nogil:
    """Returns the number of keys, or -1 after replying with an error."""
    cdef int64_t count
    if not integer_argument(call, COUNT, &count):
        return -1
    if count > call.argc - FIRST_KEY:
        reply_error(call.reply, "ERR Number of keys can't be greater than number of args")
        return -1
    if count < 0:
        reply_error(call.reply, "ERR Number of keys can't be negative")
        return -1
    return <int> count


cdef Script *load(Call *call, Slice body, const char *digest, bint forgettable) noexcept nogil:
    """Compiles and stores a script; if that fails, replies with the error and returns NULL."""
    cdef Slice error
    cdef Script *script = scripts_load(interpreter_of(call.server), body, digest, forgettable, &error)
    if script == NULL:
        reply_error_slice(call.reply, error)
    return script


cdef Replied eval_text(Call *call, bint read_only) noexcept nogil:
    cdef char digest[DIGEST_SIZE]
    cdef Slice body = call.argv[SCRIPT]
    cdef Script *script
    cdef int keys
    monitor_show_now(call)
    keys = key_count(call)
    if keys < 0 or not interpreter_ready(call):
        return 0
    hex_digest(body, digest)
    script = scripts_find(scripts_of(call), slice_of(digest, DIGEST_SIZE))
    if script == NULL:
        script = load(call, body, digest, True)
        if script == NULL:
            return 0
    scripts_used(scripts_of(call), script)
    return script_run(call, interpreter_of(call.server), &script.runnable, FIRST_KEY, keys, read_only)


cdef Replied reply_no_script(Call *call) noexcept nogil:
    return reply_error(call.reply, "NOSCRIPT No matching script. Please use EVAL.")


cdef Replied eval_digest(Call *call, bint read_only) noexcept nogil:
    cdef Script *script
    cdef int keys
    monitor_show_now(call)
    # Whatever is no digest is refused before the number of keys, as in Redis.
    if unlikely(call.argv[SCRIPT].size != DIGEST_SIZE):
        return reply_no_script(call)
    keys = key_count(call)
    if keys < 0 or not interpreter_ready(call):
        return 0
    script = scripts_find(scripts_of(call), call.argv[SCRIPT])
    if unlikely(script == NULL):
        return reply_no_script(call)
    scripts_used(scripts_of(call), script)
    return script_run(call, interpreter_of(call.server), &script.runnable, FIRST_KEY, keys, read_only)


cdef Replied eval_command(Call *call) noexcept nogil:
    return eval_text(call, False)


cdef Replied eval_ro(Call *call) noexcept nogil:
    return eval_text(call, True)


cdef Replied evalsha(Call *call) noexcept nogil:
    return eval_digest(call, False)


cdef Replied evalsha_ro(Call *call) noexcept nogil:
    return eval_digest(call, True)


# ---- SCRIPT ----

cdef Replied script_load(Call *call) noexcept nogil:
    cdef char digest[DIGEST_SIZE]
    cdef Script *script
    if not interpreter_ready(call):
        return 0
    hex_digest(call.argv[2], digest)
    script = scripts_find(scripts_of(call), slice_of(digest, DIGEST_SIZE))
    if script == NULL:
        script = load(call, call.argv[2], digest, False)
        if script == NULL:
            return 0
    scripts_keep(scripts_of(call), script)
    return reply_bulk(call.reply, digest, DIGEST_SIZE)


cdef bint knows(Call *call, Slice digest) noexcept nogil:
    return interpreter_of(call.server) != NULL and scripts_find(scripts_of(call), digest) != NULL


cdef Replied script_exists(Call *call) noexcept nogil:
    cdef int index
    reply_array(call.reply, call.argc - 2)
    for index in range(2, call.argc):
        reply_integer(call.reply, knows(call, call.argv[index]))
    return 0


cdef Replied script_flush(Call *call) noexcept nogil:
    """ASYNC is the same as SYNC: the memory of a few hundred scripts is released in a moment."""
    cdef Interpreter *lua = interpreter_of(call.server)
    if call.argc > 3 or (call.argc == 3 and not equals_nocase(call.argv[2], "sync") and
                         not equals_nocase(call.argv[2], "async")):
        return reply_error(call.reply, "ERR SCRIPT FLUSH only support SYNC|ASYNC option")
    if lua != NULL:
        interpreter_close(lua)
        scripts_clear(<Scripts *> lua.scripts)
    return reply_ok(call.reply)


cdef Replied script_debug(Call *call) noexcept nogil:
    if equals_nocase(call.argv[2], "no"):
        return reply_ok(call.reply)
    if equals_nocase(call.argv[2], "yes") or equals_nocase(call.argv[2], "sync"):
        return reply_error(call.reply, "ERR SCRIPT DEBUG is not supported: there is no debugger")
    return reply_error(call.reply, "ERR Use SCRIPT DEBUG YES/SYNC/NO")


cdef Replied script_kill_command(Call *call) noexcept nogil:
    return script_kill(call, False)


HANDLERS = {
    **FUNCTIONS,
    "eval": native(eval_command),
    "eval_ro": native(eval_ro),
    "evalsha": native(evalsha),
    "evalsha_ro": native(evalsha_ro),
    "script_debug": native(script_debug),
    "script_exists": native(script_exists),
    "script_flush": native(script_flush),
    "script_help": lambda client, arguments: help_lines("SCRIPT", arguments[0]),
    "script_kill": native(script_kill_command),
    "script_load": native(script_load),
}
