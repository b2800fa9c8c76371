"""What a command that runs a script or function may do, as far as that declares it.

Dispatch needs this for few calls, so it imports this module late, and takes the function from a capsule.
"""

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport uint32_t

from pyredis.call.command cimport CMD_DENYOOM, CMD_MAY_REPLICATE, CMD_NAMES_FUNCTION, CMD_WRITE, Command
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice
from pyredis.lua.interpreter cimport (
    SCRIPT_ALLOW_OOM,
    SCRIPT_NO_WRITES,
    SCRIPT_PLAIN,
    function_interpreter_of,
    interpreter_of,
)
from pyredis.lua.libraries cimport Function, Libraries, libraries_function
from pyredis.lua.scripts cimport Script, Scripts, scripts_find

from pyredis.lua.shebang import PLAIN, ShebangError, parse_shebang


cdef uint32_t declared_in(Slice text) noexcept with gil:
    try:
        flags, _ = parse_shebang(text.data[:text.size])
    except ShebangError:
        flags = PLAIN
    return flags


cdef uint32_t declared_by_script(Server *server, Slice script) noexcept nogil:
    """Returns a script's flags (``ScriptFlag``). Nothing that begins like a first line is a digest."""
    cdef Script *known = NULL
    if script.size >= 2 and script.data[0] == c'#' and script.data[1] == c'!':
        return declared_in(script)
    if interpreter_of(server) != NULL:
        known = scripts_find(<Scripts *> interpreter_of(server).scripts, script)
    return known.runnable.flags if known != NULL else SCRIPT_PLAIN


cdef uint32_t declared_by_function(Server *server, Slice name) noexcept nogil:
    cdef Function *known = NULL
    if function_interpreter_of(server) != NULL:
        known = libraries_function(<Libraries *> function_interpreter_of(server).libraries, name)
    return known.runnable.flags if known != NULL else SCRIPT_PLAIN


cdef uint32_t script_call_flags(Server *server, const Command *command, Slice name) noexcept nogil:
    """Returns the flags (``CommandFlag``) of a command, changed as the script or function that it runs declares.

    ``name`` is the command's first argument: a text or a digest, or a function's name. A script without such a line
    changes nothing, nor does one with an invalid line, nor what is unknown.
    """
    cdef uint32_t flags = command.flags
    cdef uint32_t declared = (
        declared_by_function(server, name) if flags & CMD_NAMES_FUNCTION else declared_by_script(server, name))
    if declared & SCRIPT_PLAIN:
        return flags
    flags &= ~<uint32_t> (CMD_DENYOOM | CMD_WRITE | CMD_MAY_REPLICATE)
    if not declared & (SCRIPT_ALLOW_OOM | SCRIPT_NO_WRITES):
        flags |= CMD_DENYOOM
    if not declared & SCRIPT_NO_WRITES:
        flags |= CMD_WRITE
    return flags


FUNCTION = PyCapsule_New(<void *> script_call_flags, "pyredis.script_flags", NULL)
