"""Ids, entries and streams in a handler; the contracts are in ``stream_access.pxd``.

Registers the stream type with the keyspace.
"""

from libc cimport errno
from libc.stdint cimport int64_t, uint64_t
from libc.stdio cimport snprintf
from libc.string cimport memchr, memcpy, strlen

from pyredis._resp cimport Replied, Reply, reply_array, reply_bulk, reply_error, reply_error_slice, reply_slice
from pyredis.call.call cimport Call, key_hash
from pyredis.call.lookups cimport lookup_read_kind, lookup_write_kind
from pyredis.ground.base cimport Slice, likely, parse_int64, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport STREAM, Entry, ValueType, entry_pointer, keyspace_set_value, value_type_register
from pyredis.types.stream.consumer_groups cimport Group, group_find
from pyredis.types.stream.id_index cimport ID_TEXT, StreamId, format_id, greatest_id, least_id, lower_id, raise_id
from pyredis.types.stream.stream cimport (
    ELEMENT_DIGITS,
    Stream,
    StreamEntry,
    StreamIterator,
    stream_copy,
    stream_effort,
    stream_encoding,
    stream_free_some,
    stream_iterate,
    stream_memory,
    stream_new,
    stream_next,
    stream_next_pair,
)

cdef extern from "<stdlib.h>" nogil:
    unsigned long long strtoull(const char *text, char **end, int base)

cdef enum:
    # An argument of this many bytes or more is never an id.
    ID_ARGUMENT = 128


# ---- ids in arguments ----

cdef bint parse_plain_number(const char *text, size_t size, uint64_t *number) noexcept nogil:
    """Reads a text that consists of digits only, few enough for 64 bits."""
    cdef size_t index
    if not 0 < size < 20:
        return False
    number[0] = 0
    for index in range(size):
        if not c'0' <= text[index] <= c'9':
            return False
        number[0] = number[0] * 10 + (text[index] - c'0')
    return True


cdef bint parse_number(const char *text, uint64_t *number) noexcept nogil:
    """Reads what Redis accepts as a number of 64 bits: all that ``strtoull`` accepts, except negative integers."""
    cdef int64_t signed_number
    cdef char *end
    if parse_plain_number(text, strlen(text), number):
        return True
    if parse_int64(text, strlen(text), &signed_number):
        return False
    errno.errno = 0
    number[0] = strtoull(text, &end, 10)
    return errno.errno == 0 and text[0] != 0 and end[0] == 0


cdef bint parse_unusual_id(Slice text, uint64_t missing, StreamId *id, bint *wildcard) noexcept nogil:
    """Reads an id by the full rules: the text ends at a zero byte, and its first dash divides it."""
    cdef char copy[ID_ARGUMENT]
    cdef char *dash
    if text.size >= sizeof(copy):
        return False
    memcpy(copy, text.data, text.size)
    copy[text.size] = 0
    dash = <char *> memchr(copy, c'-', strlen(copy))
    if dash != NULL:
        dash[0] = 0
    id.seq = missing
    if not parse_number(copy, &id.ms):
        return False
    if dash == NULL:
        return True
    if wildcard != NULL and dash[1] == c'*' and dash[2] == 0:
        wildcard[0] = True
        id.seq = 0
        return True
    return parse_number(dash + 1, &id.seq)


cdef bint parse_id(Slice text, uint64_t missing, StreamId *id, bint *wildcard) noexcept nogil:
    cdef const char *dash = <const char *> memchr(text.data, c'-', text.size) if text.size else NULL
    cdef size_t before = <size_t> (dash - text.data) if dash != NULL else 0
    if dash != NULL and parse_plain_number(text.data, before, &id.ms) and \
            parse_plain_number(dash + 1, text.size - before - 1, &id.seq):
        return True
    return parse_unusual_id(text, missing, id, wildcard)


cdef Replied reply_invalid_id(Call *call) noexcept nogil:
    call.failed = True
    return reply_error(call.reply, "ERR Invalid stream ID specified as stream command argument")


cdef bint id_argument(Call *call, int index, StreamId *id) noexcept nogil:
    if likely(parse_id(call.argv[index], 0, id, NULL)):
        return True
    reply_invalid_id(call)
    return False


cdef bint is_text(Slice text, char single) noexcept nogil:
    return text.size == 1 and text.data[0] == single


cdef bint end_argument(Call *call, int index, uint64_t missing, StreamId *id, bint *exclusive) noexcept nogil:
    cdef Slice text = call.argv[index]
    exclusive[0] = text.size > 1 and text.data[0] == c'('
    if exclusive[0]:
        text = slice_of(text.data + 1, text.size - 1)
    elif is_text(text, c'-'):
        id[0] = least_id()
        return True
    elif is_text(text, c'+'):
        id[0] = greatest_id()
        return True
    if parse_id(text, missing, id, NULL):
        return True
    reply_invalid_id(call)
    return False


cdef bint first_argument(Call *call, int index, StreamId *id) noexcept nogil:
    cdef bint exclusive
    if not end_argument(call, index, 0, id, &exclusive):
        return False
    if exclusive and not raise_id(id):
        reply_error(call.reply, "ERR invalid start ID for the interval")
        return False
    return True


cdef bint last_argument(Call *call, int index, StreamId *id) noexcept nogil:
    cdef bint exclusive
    if not end_argument(call, index, <uint64_t> -1, id, &exclusive):
        return False
    if exclusive and not lower_id(id):
        reply_error(call.reply, "ERR invalid end ID for the interval")
        return False
    return True


cdef bint number_argument(Call *call, int index, int64_t *value, const char *error) noexcept nogil:
    if parse_int64(call.argv[index].data, call.argv[index].size, value):
        return True
    reply_error(call.reply, error)
    return False


# ---- ids and entries in replies ----

cdef Replied reply_id(Reply *reply, StreamId id) noexcept nogil:
    cdef char text[ID_TEXT]
    return reply_bulk(reply, text, format_id(text, id, c'-'))


cdef Replied reply_entry(Reply *reply, StreamEntry *entry) noexcept nogil:
    cdef Slice name, value
    cdef char name_digits[ELEMENT_DIGITS]
    cdef char value_digits[ELEMENT_DIGITS]
    reply_array(reply, 2)
    reply_id(reply, entry.id)
    reply_array(reply, 2 * entry.pairs)
    while stream_next_pair(entry, &name, &value, name_digits, value_digits):
        reply_slice(reply, name)
        reply_slice(reply, value)
    return 0


cdef bint reply_entry_of(Reply *reply, Stream *stream, StreamId id) noexcept nogil:
    cdef StreamIterator iterator
    stream_iterate(stream, id, id, &iterator)
    if not stream_next(&iterator):
        return False
    reply_entry(reply, &iterator.entry)
    return True


# ---- streams of keys ----

cdef Stream *stream_of(const Entry *entry) noexcept nogil:
    return <Stream *> entry_pointer(entry) if entry != NULL else NULL


cdef Stream *read_stream(Call *call, int index) noexcept nogil:
    return stream_of(lookup_read_kind(call, index, STREAM))


cdef Stream *write_stream(Call *call, int index) noexcept nogil:
    return stream_of(lookup_write_kind(call, index, STREAM))


cdef Stream *consumed_stream(Call *call, int index) noexcept nogil:
    return write_stream(call, index) if read_stream(call, index) != NULL else NULL


cdef Stream *create_stream(Call *call, int index) noexcept nogil:
    cdef Stream *stream = stream_new()
    keyspace_set_value(&call.server.keyspace, call.database, call.argv[index], key_hash(call, index), NULL, STREAM,
                       stream, -1)
    return stream


cdef Group *find_group(const Stream *stream, Slice name) noexcept nogil:
    return group_find(stream.groups, name) if stream.groups != NULL else NULL


cdef Replied reply_no_key_or_group(Call *call) noexcept nogil:
    return reply_formatted(call, "NOGROUP No such key '%.*s' or consumer group '%.*s'", call.argv[1], call.argv[2])


cdef Replied reply_no_group(Call *call) noexcept nogil:
    return reply_formatted(
        call, "NOGROUP No such consumer group '%.*s' for key name '%.*s'", call.argv[3], call.argv[2])


cdef Replied reply_formatted(Call *call, const char *format, Slice first, Slice second) noexcept nogil:
    """Replies with an error that quotes two arguments, each up to its first zero byte."""
    cdef size_t room = strlen(format) + first.size + second.size
    cdef char *text = <char *> mem_alloc(room)
    cdef int size = snprintf(text, room, format, <int> first.size, first.data, <int> second.size, second.data)
    reply_error_slice(call.reply, slice_of(text, size))
    mem_free(text, room)
    return 0


value_type_register(STREAM, ValueType(
    release=stream_free_some,
    effort=stream_effort,
    copy=stream_copy,
    footprint=stream_memory,
    encoding=stream_encoding,
    prefetch_place=NULL,
    prefetch_part=NULL,
))
