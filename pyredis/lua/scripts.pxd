"""The scripts that the server knows, by their digests.

One that EVAL brought may be forgotten: of these, the ``EVALS_KEPT`` used last are kept. One that SCRIPT LOAD brought
stays until SCRIPT FLUSH. A script's function is in Lua's registry.
"""

from libc.stdint cimport uint32_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.lua.digests cimport DIGEST_SIZE
from pyredis.lua.interpreter cimport Interpreter
from pyredis.types.table.hashtable cimport Table

cdef enum:
    EVALS_KEPT = 500

ctypedef struct Script:
    char digest[DIGEST_SIZE]
    char *body
    size_t size
    uint32_t flags              # ScriptFlag
    int function                # its reference
    bint forgettable
    Script *older               # among the forgettable ones, by last use
    Script *newer

ctypedef struct Scripts:
    Table table
    Script *oldest
    Script *newest
    size_t forgettable
    size_t memory               # bytes of texts and table
    uint64_t forgotten          # since the start, or CONFIG RESETSTAT

cdef Scripts *scripts_new() noexcept nogil
cdef void scripts_delete(Scripts *scripts) noexcept nogil
# Forgets all; the interpreter's state must be closed, which has the functions.
cdef void scripts_clear(Scripts *scripts) noexcept nogil
# The script with that digest, in any case, or NULL.
cdef Script *scripts_find(Scripts *scripts, Slice digest) noexcept nogil
# EVAL has used it: if it is forgettable, it becomes the last of those to be forgotten.
cdef void scripts_used(Scripts *scripts, Script *script) noexcept nogil
# SCRIPT LOAD has named it: it is not forgettable any more.
cdef void scripts_keep(Scripts *scripts, Script *script) noexcept nogil
# Compiles a script that is not known yet. NULL where it cannot: why not is in `error`, valid until the next call.
cdef Script *scripts_load(Interpreter *lua, Slice body, const char *digest, bint forgettable, Slice *error
                          ) noexcept nogil
