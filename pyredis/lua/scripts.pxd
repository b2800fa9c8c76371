"""The scripts that the server knows, by their digests.

A script from EVAL may be forgotten: of these, the ``EVALS_KEPT`` most recently used are kept. A script from SCRIPT LOAD
stays until SCRIPT FLUSH. A script's function is in Lua's registry.
"""

from libc.stdint cimport uint64_t

from pyredis.ground.base cimport Slice
from pyredis.lua.digests cimport DIGEST_SIZE
from pyredis.lua.interpreter cimport Interpreter, Runnable
from pyredis.types.table.hashtable cimport Table

cdef enum:
    EVALS_KEPT = 500

ctypedef struct Script:
    char digest[DIGEST_SIZE]
    char *body
    size_t size
    Runnable runnable           # its name is the digest
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
# Forgets all scripts. The interpreter's state, which has their functions, must be closed.
cdef void scripts_clear(Scripts *scripts) noexcept nogil
# Returns the script with that digest, in upper or lower case, or NULL.
cdef Script *scripts_find(Scripts *scripts, Slice digest) noexcept nogil
# Called when EVAL or EVALSHA uses a script: a forgettable one becomes the last to be forgotten.
cdef void scripts_used(Scripts *scripts, Script *script) noexcept nogil
# Called when SCRIPT LOAD names a script: it is no longer forgettable.
cdef void scripts_keep(Scripts *scripts, Script *script) noexcept nogil
# Compiles and stores a script that is not known yet. If that fails, returns NULL; the text of the error reply is in
# `error`, valid until the next call.
cdef Script *scripts_load(Interpreter *lua, Slice body, const char *digest, bint forgettable, Slice *error
                          ) noexcept nogil
