"""What a command that runs a script may do, as far as the script's first line says.

Dispatch needs this for few calls, so it imports this module late, and takes the function from a capsule.
"""

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport uint32_t

from pyredis.call.command cimport CMD_DENYOOM, CMD_MAY_REPLICATE, CMD_WRITE
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice
from pyredis.lua.interpreter cimport SCRIPT_ALLOW_OOM, SCRIPT_NO_WRITES, SCRIPT_PLAIN, interpreter_of
from pyredis.lua.scripts cimport Script, Scripts, scripts_find

from pyredis.lua.shebang import PLAIN, ShebangError, parse_shebang


cdef uint32_t declared_in(Slice text) noexcept with gil:
    try:
        flags, _ = parse_shebang(text.data[:text.size])
    except ShebangError:
        flags = PLAIN
    return flags


cdef uint32_t declared(Server *server, Slice script) noexcept nogil:
    """Returns the script's flags (``ScriptFlag``). Nothing that begins like a first line is a digest."""
    cdef Script *known = NULL
    if script.size >= 2 and script.data[0] == c'#' and script.data[1] == c'!':
        return declared_in(script)
    if interpreter_of(server) != NULL:
        known = scripts_find(<Scripts *> interpreter_of(server).scripts, script)
    return known.flags if known != NULL else SCRIPT_PLAIN


cdef uint32_t script_call_flags(Server *server, uint32_t flags, Slice script) noexcept nogil:
    """Returns the flags (``CommandFlag``) of EVAL, or one of its variants, changed as the script declares.

    ``script`` is the command's first argument: a text or a digest. A script without such a line changes nothing, nor
    does one with an invalid line, nor an unknown digest.
    """
    cdef uint32_t of_script = declared(server, script)
    if of_script & SCRIPT_PLAIN:
        return flags
    flags &= ~<uint32_t> (CMD_DENYOOM | CMD_WRITE | CMD_MAY_REPLICATE)
    if not of_script & (SCRIPT_ALLOW_OOM | SCRIPT_NO_WRITES):
        flags |= CMD_DENYOOM
    if not of_script & SCRIPT_NO_WRITES:
        flags |= CMD_WRITE
    return flags


FUNCTION = PyCapsule_New(<void *> script_call_flags, "pyredis.script_flags", NULL)
