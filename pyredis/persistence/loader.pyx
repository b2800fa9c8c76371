"""Loads an append-only file: its commands are executed as a client's would be, in slices of time.

The file is mapped and parsed in place. A unit is a command or a transaction. A file has a torn tail if its last
complete unit is followed by the beginning of another one, or by zeros, which a file system may leave after a power
loss. Anything else that is not a command is damage, and is reported with its offset. Lines that begin with ``#`` are
annotations (``#TS:<unix seconds>``) and are skipped between commands.
"""

from libc.stdint cimport int64_t
from libc.string cimport memchr, memcmp

from pyredis._core cimport Core
from pyredis._resp cimport PARSE_ERROR, Parser, Reply, parser_init, reply_truncate
from pyredis.call.client cimport CLIENT_CLOSE_NOW, CLIENT_LOADER, CLIENT_MULTI, Client, client_discard, client_init
from pyredis.call.state cimport Server, enter
from pyredis.dispatch.batch cimport serve
from pyredis.ground.base cimport monotonic_ns
from pyredis.ground.memory cimport Account, mem_enter

import mmap
import os

cdef enum:
    SLICE = 256 << 10
    # Bytes: the pages of executed commands are released in pieces of this size.
    RELEASE = 16 << 20


class DamagedFile(Exception):
    """The file has no command at ``offset``, or one that cannot be executed."""

    def __init__(self, path, offset, reason):
        super().__init__(f"{path}: {reason} at offset {offset}")
        self.path = path
        self.offset = offset
        self.reason = reason


cdef class AofLoader:
    """Executes the commands of one file. Call ``step`` until it returns False; only then read ``torn``."""

    cdef Core core
    cdef Client client
    cdef Parser parser
    cdef object map
    cdef char *data
    cdef size_t size                # without the zeros at the end
    cdef size_t released
    cdef size_t window              # the offset up to which this slice may parse
    cdef readonly str path
    cdef readonly size_t file_size
    cdef readonly size_t valid_size  # the end of the last complete unit
    cdef readonly object annotated  # seconds of the last timestamp annotation, or None

    def __cinit__(self, Core core, path):
        cdef unsigned char[::1] view
        self.core = core
        enter(core)
        self.path = os.fspath(path)
        self.file_size = os.path.getsize(path)
        client_init(&self.client, &core.server.keyspace)
        self.client.flags |= CLIENT_LOADER
        parser_init(&self.parser, <size_t> 1 << 40)
        if self.file_size == 0:
            return
        with open(path, "rb") as file:
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        view = self.map
        self.data = <char *> &view[0]
        self.size = self.file_size
        while self.size > 0 and self.data[self.size - 1] == 0:
            self.size -= 1

    def __del__(self):
        self.discard()

    cdef void discard(self) noexcept:
        cdef Account *interrupted = mem_enter(self.core.server.memory)
        client_discard(&self.client)
        mem_enter(interrupted)

    @property
    def torn(self):
        """Whether the file ends in something other than a complete unit. Meaningful only at the end."""
        return self.valid_size < self.file_size

    @property
    def loaded_bytes(self):
        return self.parser.at

    def close(self):
        """Unmaps the file. Must be called at the end, even after an error."""
        self.discard()
        self.data = NULL
        if self.map is not None:
            self.map.close()
            self.map = None

    def step(self, int64_t budget_us):
        """Executes for about ``budget_us`` microseconds. False when no complete unit is left. Raises DamagedFile."""
        cdef int64_t deadline = monotonic_ns() + budget_us * 1000
        enter(self.core)
        while self.parser.at < self.size:
            if not self.load_slice():
                return False
            if monotonic_ns() > deadline:
                break
        self.release_pages()
        return self.parser.at < self.size

    cdef bint load_slice(self) except -1:
        """Executes the commands of one window. False when only a torn tail is left."""
        cdef Server *server = &self.core.server
        cdef size_t before = self.parser.at
        cdef size_t replies = server.reply.size
        cdef int status
        if self.data[before] == c'#':
            return self.skip_annotation()
        self.window = max(self.window, before + SLICE)
        status = serve(server, &self.client, &self.parser, self.data, min(self.window, self.size), <size_t> -1)
        if self.client.flags & CLIENT_CLOSE_NOW:
            reason = self.refusal(replies)
            reply_truncate(&server.reply, replies)
            raise DamagedFile(self.path, self.client.mark - self.data, reason)
        reply_truncate(&server.reply, replies)
        if status == PARSE_ERROR:
            raise DamagedFile(self.path, self.parser.begin, "bad file format")
        self.start_over()
        self.note_valid()
        if self.parser.at > before:
            return True
        if self.data[before] != c'*' and self.data[before] != c'#':
            raise DamagedFile(self.path, before, "bad file format")
        if self.window >= self.size:
            return False
        self.window += self.window - before
        return True

    cdef str refusal(self, size_t replies):
        """Returns the reason for a command that was refused; the replies of its slice begin at ``replies``."""
        cdef Reply *reply = &self.core.server.reply
        cdef bytes error = reply.data[max(replies, reply.last_error):reply.size].partition(b"\r")[0]
        return f"command that cannot be executed: {error[1:].decode('utf-8', 'backslashreplace')}"

    cdef int start_over(self) except -1:
        """Resets the parser to the start of a request cut off by the window: others use the scratch meanwhile."""
        if self.parser.remaining > 0:
            self.parser.at = self.parser.begin
        self.parser.begin = self.parser.at
        self.parser.remaining = 0
        self.parser.bulk = -1
        return 0

    cdef int note_valid(self) except -1:
        if self.client.flags & CLIENT_MULTI:
            self.valid_size = self.client.mark - self.data
        else:
            self.valid_size = self.parser.at
        return 0

    cdef bint skip_annotation(self) except -1:
        cdef char *start = self.data + self.parser.at
        cdef char *end = <char *> memchr(start, c'\n', self.size - self.parser.at)
        if end == NULL:
            return False
        if end - start > 4 and memcmp(start, "#TS:", 4) == 0:
            text = start[4:min(end - start, 32)].strip()
            self.annotated = int(text) if text.isdigit() else None
        self.parser.at = end + 1 - self.data
        self.parser.begin = self.parser.at
        if not self.client.flags & CLIENT_MULTI:
            self.valid_size = self.parser.at
        return True

    cdef int release_pages(self) except -1:
        cdef size_t end = self.parser.at // RELEASE * RELEASE
        if end > self.released and hasattr(self.map, "madvise"):
            self.map.madvise(mmap.MADV_DONTNEED, self.released, end - self.released)
            self.released = end
        return 0
