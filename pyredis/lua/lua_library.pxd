"""What the libraries for scripts share: setting functions in their table, and a buffer for the text that they make.

An error in Lua jumps out of a C function, so a library owns no block that only it would free. A `LuaBuffer` keeps its
bytes in a userdata that is an upvalue of the running function: it belongs to Lua, its size counts as the scripts'
memory, and the next call of the function uses it again. That is safe because no function that has a buffer ever runs
Lua code: all access to tables is raw, and nothing that a script can make has a ``__gc``. A checkpoint may suspend the
script, but no other script runs before it continues.
"""

from libc.stddef cimport size_t
from libc.string cimport memcpy

from pyredis.ground.base cimport unlikely
from pyredis.lua.interpreter cimport CHECKPOINT_STEPS, checkpoint_here
from pyredis.lua.lua_api cimport lua_CFunction, lua_State, lua_objlen, lua_touserdata

cdef enum:
    # In bytes. A larger buffer is left to the collector when the call ends, or, after an error, when the next begins.
    KEPT_BUFFER = 65536

ctypedef struct LuaBuffer:
    lua_State *L
    int home            # the pseudo-index of the upvalue that holds the userdata, or nil
    char *data
    size_t size
    size_t room
    size_t counted      # elements since the last checkpoint

# Needs one free place on the stack. Called only by `buffer_begin` and `buffer_reserve`.
cdef void buffer_grow(LuaBuffer *buffer, size_t more) noexcept nogil
# Ends the use of a buffer.
cdef void buffer_end(LuaBuffer *buffer) noexcept nogil
# Pushes the buffer's content as a string, and ends its use.
cdef void buffer_push(LuaBuffer *buffer) noexcept nogil
# Leaves the userdata to the collector.
cdef void buffer_drop(lua_State *L, int home) noexcept nogil
# Sets a field of a table to a function. Pops its upvalues, as many as `upvalues`, which are above the table.
cdef void set_function(lua_State *L, const char *name, lua_CFunction function, int upvalues) noexcept nogil


cdef inline void count_element(lua_State *L, size_t *counted) noexcept nogil:
    """Counts an element of a value, with a checkpoint after many. Needs one free place on the stack."""
    counted[0] += 1
    if unlikely(counted[0] >= CHECKPOINT_STEPS):
        counted[0] = 0
        checkpoint_here(L)


cdef inline void buffer_reserve(LuaBuffer *buffer, size_t more) noexcept nogil:
    """Makes room for ``more`` bytes after the buffer's content."""
    if unlikely(buffer.room - buffer.size < more):
        buffer_grow(buffer, more)


cdef inline void buffer_begin(LuaBuffer *buffer, lua_State *L, int home) noexcept nogil:
    buffer.L = L
    buffer.home = home
    buffer.data = <char *> lua_touserdata(L, home)
    buffer.room = lua_objlen(L, home) if buffer.data != NULL else 0
    buffer.size = 0
    buffer.counted = 0
    if unlikely(buffer.data == NULL or buffer.room > KEPT_BUFFER):
        buffer.room = 0
        buffer_grow(buffer, 1)


cdef inline void buffer_add(LuaBuffer *buffer, const char *data, size_t size) noexcept nogil:
    buffer_reserve(buffer, size)
    memcpy(buffer.data + buffer.size, data, size)
    buffer.size += size


cdef inline void buffer_put(LuaBuffer *buffer, char byte) noexcept nogil:
    buffer_reserve(buffer, 1)
    buffer.data[buffer.size] = byte
    buffer.size += 1
