"""Gathering the parts of a reply for one system call, and keeping what is left."""

from collections import deque

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.errno cimport EAGAIN, EINTR, errno

from pyredis._resp cimport Piece, Reply, reply_hand_over
from pyredis.ground.blob cimport blob_release
from pyredis.ground.memory cimport Account, mem_account, mem_enter

cdef extern from "vectors.h" nogil:
    enum:
        VECTORS

    ctypedef struct Vectors:
        int count
        size_t size             # bytes in all
        size_t most             # bytes that still may be added

    void vectors_begin(Vectors *vectors, size_t most)
    # False once no more can be added.
    bint vectors_add(Vectors *vectors, const char *data, size_t size)
    ssize_t vectors_send(const Vectors *vectors, int fd)


cdef ssize_t send_vectors(const Vectors *vectors, int fd) noexcept nogil:
    cdef ssize_t sent = vectors_send(vectors, fd)
    if sent < 0 and (errno == EAGAIN or errno == EINTR):
        return 0
    return sent


cdef ssize_t send_reply(int fd, const Reply *reply, size_t begin) noexcept nogil:
    cdef Vectors vectors
    cdef const Piece *piece
    cdef size_t index, at = begin
    vectors_begin(&vectors, SEND_SLICE)
    for index in range(reply.piece_count):
        piece = &reply.pieces[index]
        vectors_add(&vectors, reply.data + at, piece.at - at)
        at = piece.at
        if not vectors_add(&vectors, piece.bytes.data, piece.bytes.size):
            return send_vectors(&vectors, fd)
    vectors_add(&vectors, reply.data + at, reply.size - at)
    return send_vectors(&vectors, fd)


cdef class Part:

    def __dealloc__(self):
        cdef Account *interrupted
        if self.blob != NULL:
            interrupted = mem_enter(self.memory)
            blob_release(self.blob)
            mem_enter(interrupted)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, <void *> self.data, self.size, True, flags)


cdef Part copied(bytes data):
    cdef Part part = Part.__new__(Part)
    part.owner = data
    part.data = PyBytes_AS_STRING(data)
    part.size = PyBytes_GET_SIZE(data)
    return part


cdef Part kept(const Piece *piece):
    """The piece's reference is the part's from now on."""
    cdef Part part = Part.__new__(Part)
    part.blob = piece.blob
    part.memory = mem_account()
    part.data = piece.bytes.data
    part.size = piece.bytes.size
    return part


cdef class Parcel:

    cdef int append(self, Part part, size_t *skip) except -1:
        """Adds what is left of the part after the first ``skip`` bytes of the whole."""
        cdef size_t passed = min(part.size, skip[0])
        skip[0] -= passed
        part.data += passed
        part.size -= passed
        if part.size:
            self.parts.append(part)
            self.size += part.size
        return 0


cdef Parcel parcel_of(Reply *reply, size_t begin, size_t sent):
    cdef Parcel parcel = Parcel.__new__(Parcel)
    cdef size_t index, at = begin, end = reply.size, count = reply.piece_count
    parcel.parts = []
    reply_hand_over(reply, begin)
    for index in range(count):
        parcel.append(copied(reply.data[at:reply.pieces[index].at]), &sent)
        parcel.append(kept(&reply.pieces[index]), &sent)
        at = reply.pieces[index].at
    parcel.append(copied(reply.data[at:end]), &sent)
    return parcel


cdef class Outgoing:

    def __cinit__(self):
        self.parts = deque()

    cdef int add(self, Parcel parcel) except -1:
        self.parts.extend(parcel.parts)
        self.size += parcel.size
        return 0

    cdef int add_bytes(self, bytes data) except -1:
        self.parts.append(copied(data))
        self.size += PyBytes_GET_SIZE(data)
        return 0

    cdef ssize_t send(self, int fd) except -2:
        cdef Vectors vectors
        cdef Part part
        cdef size_t offset = self.offset
        cdef ssize_t sent
        vectors_begin(&vectors, SEND_SLICE)
        for part in self.parts:
            if not vectors_add(&vectors, part.data + offset, part.size - offset):
                break
            offset = 0
        sent = send_vectors(&vectors, fd)
        if sent > 0:
            self.pass_over(sent)
        return sent

    cdef int pass_over(self, size_t size) except -1:
        """So many bytes are sent, or somebody else's to send."""
        cdef Part part
        self.size -= size
        self.offset += size
        while self.parts:
            part = self.parts[0]
            if self.offset < part.size:
                break
            self.offset -= part.size
            self.parts.popleft()
        return 0

    cdef object take(self, size_t most):
        cdef Part part = self.parts[0]
        cdef size_t size = min(most, part.size - self.offset)
        view = memoryview(part)[self.offset:self.offset + size]
        self.pass_over(size)
        return view
