"""The texts of shared error replies."""

from libc.stdint cimport int64_t, uint64_t
from libc.stdio cimport snprintf

from pyredis._resp cimport Replied, reply_error
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_CLOSE_NOW, CLIENT_LOADER
from pyredis.ground.base cimport Slice, likely, parse_int64

cdef extern from "<ctype.h>" nogil:
    int toupper(int byte)

cdef extern from *:
    """
    #include <stdlib.h>

    static bool has_room(size_t size) {
        /* A compiler may leave out an allocation that nobody uses. */
        void *volatile block = malloc(size);
        bool found = block != NULL;
        free(block);
        return found;
    }
    """
    bint has_room(size_t size) nogil

cdef enum:
    # No machine has so much memory, in bytes. The sanitizers' allocator ends the process if it is asked for more.
    MOST_MEMORY = 1099511627776


cdef Replied reply_syntax_error(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR syntax error")


cdef Replied reply_not_integer(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR value is not an integer or out of range")


cdef Replied reply_not_float(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR value is not a valid float")


cdef Replied reply_out_of_range(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR value is out of range")


cdef Replied reply_invalid_expiry(Call *call) noexcept nogil:
    cdef char text[96]
    call.failed = True
    snprintf(text, sizeof(text), "ERR invalid expire time in '%s' command", &call.command.name[0])
    return reply_error(call.reply, text)


cdef Replied reply_wrong_type(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "WRONGTYPE Operation against a key holding the wrong kind of value")


cdef Replied reply_no_such_key(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR no such key")


cdef Replied reply_wrong_arity(Call *call) noexcept nogil:
    cdef char text[128]
    call.failed = True
    snprintf(text, sizeof(text), "ERR wrong number of arguments for '%s' command", &call.command.name[0])
    return reply_error(call.reply, text)


cdef Replied refuse_subcommand(Call *call) noexcept nogil:
    """The command has the name that the client uses: it may have been renamed."""
    cdef char text[384]
    cdef char command[128]
    cdef Slice name = call.argv[1]
    cdef int size = <int> min(call.argv[0].size, sizeof(command))
    cdef int index
    for index in range(size):
        command[index] = <char> toupper(<unsigned char> call.argv[0].data[index])
    call.failed = True
    snprintf(text, sizeof(text), "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %.*s HELP.",
             <int> min(name.size, <size_t> 128), name.data, size, command)
    return reply_error(call.reply, text)


cdef bint integer_argument(Call *call, int index, int64_t *value) noexcept nogil:
    if likely(parse_int64(call.argv[index].data, call.argv[index].size, value)):
        return True
    reply_not_integer(call)
    return False


cdef bint accepts_in_file(Call *call, uint64_t size) noexcept nogil:
    if not call.client.flags & CLIENT_LOADER:
        return False
    if size < <uint64_t> MOST_MEMORY and has_room(size):
        return True
    call.client.flags |= CLIENT_CLOSE_NOW
    return False
