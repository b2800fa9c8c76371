"""Quoting the words of a command, and sending the line."""

from libc.stdint cimport int64_t, uint8_t
from libc.stdio cimport snprintf
from libc.string cimport memcpy

from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_LOADER, CLIENT_SCRIPT, CLIENT_UNIX, Client
from pyredis.call.command cimport CMD_ADMIN, CMD_HOLDS_SECRETS, CMD_SKIP_MONITOR, top_name
from pyredis.call.handlers cimport argument_list, client_object
from pyredis.call.outbox cimport SEND_LINE, outbox_send_shared
from pyredis.call.state cimport Server
from pyredis.ground.base cimport Slice, likely, slice_of
from pyredis.ground.blob cimport Blob, blob_data, blob_new, blob_release
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport keyspace_time_us

cdef enum:
    HIDDEN = CMD_ADMIN | CMD_SKIP_MONITOR
    # A path of a unix socket has at most 108 bytes.
    HEADER = 256


# ---- quoting ----

cdef char letter_of(uint8_t byte) noexcept nogil:
    """The letter that follows the backslash for this byte; 0 for a byte that has none."""
    if byte == c'\\' or byte == c'"':
        return byte
    if byte == c'\n':
        return c'n'
    if byte == c'\r':
        return c'r'
    if byte == c'\t':
        return c't'
    if byte == 7:
        return c'a'
    return c'b' if byte == 8 else 0


cdef inline bint is_plain(uint8_t byte) noexcept nogil:
    return 0x20 <= byte < 0x7f and byte != c'\\' and byte != c'"'


cdef size_t quoted_size(Slice text) noexcept nogil:
    cdef size_t size = text.size + 2, index
    cdef uint8_t byte
    for index in range(text.size):
        byte = <uint8_t> text.data[index]
        if not is_plain(byte):
            size += 1 if letter_of(byte) else 3
    return size


cdef char *write_byte(char *out, uint8_t byte) noexcept nogil:
    cdef const char *digits = "0123456789abcdef"
    cdef char letter = letter_of(byte)
    out[0] = c'\\'
    if letter:
        out[1] = letter
        return out + 2
    out[1] = c'x'
    out[2] = digits[byte >> 4]
    out[3] = digits[byte & 15]
    return out + 4


cdef char *write_quoted(char *out, Slice text) noexcept nogil:
    cdef size_t index
    cdef uint8_t byte
    out[0] = c'"'
    out += 1
    for index in range(text.size):
        byte = <uint8_t> text.data[index]
        if likely(is_plain(byte)):
            out[0] = byte
            out += 1
        else:
            out = write_byte(out, byte)
    out[0] = c'"'
    return out + 1


cdef void quote(MonitorWords *words, int count, const Slice *texts) noexcept nogil:
    cdef int index
    cdef char *out
    words.size = 1
    for index in range(count):
        words.size += quoted_size(texts[index]) + 1
    words.data = out = <char *> mem_alloc(words.size)
    for index in range(count):
        out = write_quoted(out, texts[index])
        out[0] = c' '
        out += 1
    memcpy(out - 1, "\r\n", 2)


cdef void quote_redacted(Call *call, MonitorWords *words) noexcept with gil:
    from pyredis.call.redaction import redact

    cdef list texts = redact(argument_list(call), top_name(call.command))
    cdef bytes text
    cdef int index
    cdef size_t size = call.argc * sizeof(Slice)
    cdef Slice *slices = <Slice *> mem_alloc(size)
    for index in range(call.argc):
        text = texts[index]
        slices[index] = slice_of(text, len(text))
    quote(words, call.argc, slices)
    mem_free(slices, size)


# ---- the line ----

cdef int write_header(char *out, Call *call) noexcept with gil:
    """Returns how many bytes it has written."""
    cdef int64_t now = keyspace_time_us(&call.server.keyspace)
    cdef bytes source = source_of(call.client)
    return snprintf(out, HEADER, "+%lld.%06lld [%d %s] ", <long long> (now // 1000000), <long long> (now % 1000000),
                    <int> call.client.database.id, <const char *> source)


cdef bytes source_of(Client *client):
    if client.flags & CLIENT_SCRIPT:
        return b"lua"
    address = client_object(client).address
    if client.flags & CLIENT_UNIX:
        address = f"unix:{address.removesuffix(':0')}"
    return address.encode("utf-8", "surrogateescape")


cdef void monitor_note(Call *call, MonitorWords *words) noexcept nogil:
    words.data = NULL
    if call.command.flags & HIDDEN or call.woken or call.client.flags & CLIENT_LOADER:
        return
    if call.command.flags & CMD_HOLDS_SECRETS:
        quote_redacted(call, words)
    else:
        quote(words, call.argc, call.argv)


cdef void monitor_show(Call *call, MonitorWords *words) noexcept nogil:
    cdef char header[HEADER]
    cdef size_t size
    cdef Blob *line
    if words.data == NULL:
        return
    size = write_header(header, call)
    line = blob_new(size + words.size, size + words.size)
    memcpy(blob_data(line), header, size)
    memcpy(blob_data(line) + size, words.data, words.size)
    mem_free(words.data, words.size)
    send_line(call.server, &line)
    blob_release(line)


cdef void send_line(Server *server, Blob **line) noexcept nogil:
    cdef size_t index
    for index in range(server.monitors.count):
        outbox_send_shared(&server.outbox, server.monitors.clients[index], line, server.wait_offset, SEND_LINE)


cdef void monitor_show_now(Call *call) noexcept nogil:
    cdef MonitorWords words
    if likely(call.server.monitors.count == 0):
        return
    quote(&words, call.argc, call.argv)
    monitor_show(call, &words)
