"""Replies that the socket does not take at once, sent from the memory they stand in.

A small reply is copied out of the reply buffer; the pieces of a large one keep their blocks alive until they are sent.
What stands in sealed blocks goes by reference to its pages, through the server's ``PagePipe``.
"""

from pyredis._core cimport Core
from pyredis._resp cimport Reply
from pyredis.ground.blob cimport Blob
from pyredis.ground.memory cimport Account

cdef extern from "page_pipe.h" nogil:
    ctypedef struct Pipe:
        pass

cdef enum:
    # Bytes that one client is sent before others have their turn: a value of a megabyte and what is around it.
    SEND_SLICE = (1 << 20) + 65536


# A server's way to send by reference. `Server.seals` says whether the system is thought to permit it.
cdef class PagePipe:
    cdef Pipe pipe
    cdef Core core


# Bytes that stay where they are as long as this object lives; it exports them as a buffer.
cdef class Part:
    cdef const char *data
    cdef size_t size
    cdef Blob *blob             # held; NULL where `owner` has the bytes
    cdef Account *memory        # of the server that the block counts for
    cdef object owner

    cdef bint is_sealed(self) noexcept


# What a batch has replied, detached from the reply buffer.
cdef class Parcel:
    cdef list parts
    cdef readonly size_t size

    cdef int append(self, Part part, size_t *skip) except -1


cdef class Outgoing:
    cdef object parts           # deque of Part
    cdef size_t offset          # bytes of the first one that are sent
    cdef readonly size_t size   # bytes not sent yet

    cdef int add(self, Parcel parcel) except -1
    cdef int add_bytes(self, bytes data) except -1
    # Sends up to SEND_SLICE bytes. Returns how many, 0 where the socket takes none; -1 where it has failed.
    cdef ssize_t send(self, int fd, PagePipe pages) except -2
    # The next bytes, at most `most`, for somebody else to send; few of those that `pages` can send by reference.
    cdef object take(self, size_t most, PagePipe pages)
    cdef int pass_over(self, size_t size) except -1


# Sends up to SEND_SLICE of the bytes that stand in the reply buffer from `begin` on, pieces included. Returns how many,
# 0 where the socket takes none, -1 where it has failed.
cdef ssize_t send_reply(int fd, PagePipe pages, const Reply *reply, size_t begin) noexcept
# Takes those bytes out of the reply buffer, but for the first `sent`.
cdef Parcel parcel_of(Reply *reply, size_t begin, size_t sent)
