"""Replies that the socket does not accept at once, sent from the memory they are in.

A small reply is copied out of the reply buffer; the pieces of a large one keep their blocks alive until they are sent.
The content of sealed blocks is sent by reference to its pages, through the server's ``PagePipe``.
"""

from pyredis._core cimport Core
from pyredis._resp cimport Reply
from pyredis.ground.blob cimport Blob
from pyredis.ground.memory cimport Account
from pyredis.shell.cipher cimport Cipher

cdef extern from "page_pipe.h" nogil:
    ctypedef struct Pipe:
        pass

cdef enum:
    # Most bytes sent to one client before others have their turn: a value of a megabyte and what is around it.
    SEND_SLICE = (1 << 20) + 65536


# Sends by reference, for one server. `Server.seals` says whether the system is believed to permit that.
cdef class PagePipe:
    cdef Pipe pipe
    cdef Core core


# Bytes that do not move while this object exists; it exports them as a buffer.
cdef class Part:
    cdef const char *data
    cdef size_t size
    cdef Blob *blob             # a reference is held; NULL if `owner` has the bytes
    cdef size_t counted         # bytes of a copy, which count as used memory as long as it exists
    cdef Account *memory        # the account to which the block or the copy is charged
    cdef object owner

    cdef bint is_sealed(self) noexcept


# The replies of a batch, detached from the reply buffer.
cdef class Parcel:
    cdef list parts
    cdef readonly size_t size

    cdef int append(self, Part part, size_t *skip) except -1
    cdef size_t copied(self) except? 0


cdef class Outgoing:
    cdef object parts           # deque of Part
    cdef size_t offset          # bytes of the first part that are sent already
    cdef readonly size_t size   # bytes not sent yet

    cdef int add(self, Parcel parcel) except -1
    cdef int add_part(self, Part part) except -1
    # Bytes of copies; the others are references to blocks.
    cdef size_t copied(self) except? 0
    # Whether the next bytes are those of a stored value.
    cdef bint begins_with_value(self) except -1
    # Sends up to SEND_SLICE bytes. Returns how many: 0 if the socket accepts none, -1 if it has failed.
    cdef ssize_t send(self, int fd, PagePipe pages) except -2
    # Encrypts and removes up to `most` bytes.
    cdef int encrypt(self, Cipher cipher, size_t most) except -1
    # Removes and returns the next bytes, at most `most`, for the transport to send. If `pages` can send them by
    # reference, they are only a few.
    cdef object take(self, size_t most, PagePipe pages)
    cdef int pass_over(self, size_t size) except -1


# A copy of these bytes.
cdef Part copy_of(const char *data, size_t size)
# Sends up to SEND_SLICE bytes of the reply buffer from `begin` on, pieces included. Returns how many: 0 if the socket
# accepts none, -1 if it has failed.
cdef ssize_t send_reply(int fd, PagePipe pages, const Reply *reply, size_t begin) noexcept
# Encrypts up to `most` bytes of the reply buffer from `begin` on, pieces included. Returns how many.
cdef size_t encrypt_reply(const Reply *reply, size_t begin, Cipher cipher, size_t most) noexcept
# Removes the reply buffer's bytes from `begin` on, pieces included, and returns them without the first `sent`.
cdef Parcel parcel_of(Reply *reply, size_t begin, size_t sent)
