"""Gathers the parts of a reply for one system call, and keeps what is left."""

from collections import deque

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING
from libc.errno cimport EAGAIN, EINTR, errno

from pyredis._resp cimport Piece, Reply, reply_hand_over
from pyredis.ground.base cimport Slice
from pyredis.ground.blob cimport BLOB_AFTER, blob_framed, blob_is_sealed, blob_release
from pyredis.ground.memory cimport Account, mem_account, mem_count, mem_enter
from pyredis.shell.cipher cimport Cipher

cdef extern from "page_pipe.h" nogil:
    # Sets `works`, and clears it for good once the system turns out not to permit references.
    void pipe_init(Pipe *pipe, bint *works)
    void pipe_close(Pipe *pipe)
    void pipe_give_up(Pipe *pipe)

cdef extern from "vectors.h" nogil:
    enum:
        REFERRED_LEAST

    ctypedef struct Vectors:
        int count
        size_t size             # bytes in all
        size_t most             # bytes that may still be added

    void vectors_begin(Vectors *vectors, size_t most)
    # False if no more can be added.
    bint vectors_add(Vectors *vectors, const char *data, size_t size, bint sealed)
    ssize_t vectors_send(const Vectors *vectors, int fd, Pipe *pipe)


cdef class PagePipe:

    def __cinit__(self, Core core):
        self.core = core
        pipe_init(&self.pipe, &core.server.seals)

    def __dealloc__(self):
        pipe_close(&self.pipe)

    def give_up(self):
        pipe_give_up(&self.pipe)


# A piece as it is sent: a complete sealed block also contains the header and the end of its bulk.
cdef struct Span:
    Slice bytes
    bint sealed
    size_t before               # bytes of the reply buffer before the piece that the block contains too
    size_t after                # the same, after the piece


cdef inline Span span_of(const Piece *piece) noexcept nogil:
    cdef Span span
    span.bytes = piece.bytes
    span.sealed = blob_is_sealed(piece.blob)
    span.before = span.after = 0
    if span.sealed and piece.bytes.size == piece.blob.size:
        span.bytes = blob_framed(piece.blob)
        span.before = piece.blob.before
        span.after = BLOB_AFTER
    return span


cdef ssize_t send_vectors(const Vectors *vectors, int fd, PagePipe pages) noexcept:
    cdef ssize_t sent = vectors_send(vectors, fd, &pages.pipe)
    if sent < 0 and (errno == EAGAIN or errno == EINTR):
        return 0
    return sent


cdef ssize_t send_reply(int fd, PagePipe pages, const Reply *reply, size_t begin) noexcept:
    cdef Vectors vectors
    cdef Span span
    cdef size_t index, place, at = begin
    vectors_begin(&vectors, SEND_SLICE)
    for index in range(reply.piece_count):
        span = span_of(&reply.pieces[index])
        place = reply.pieces[index].at
        vectors_add(&vectors, reply.data + at, place - span.before - at, False)
        at = place + span.after
        if not vectors_add(&vectors, span.bytes.data, span.bytes.size, span.sealed):
            return send_vectors(&vectors, fd, pages)
    vectors_add(&vectors, reply.data + at, reply.size - at, False)
    return send_vectors(&vectors, fd, pages)


cdef bint encrypt_span(Cipher cipher, const char *data, size_t size, size_t *most) noexcept:
    """Encrypts at most ``most`` bytes, by which it reduces that; false if there is no room for more."""
    cdef size_t taken = min(size, most[0])
    cipher.add(data, taken)
    most[0] -= taken
    return most[0] > 0


cdef size_t encrypt_reply(const Reply *reply, size_t begin, Cipher cipher, size_t most) noexcept:
    cdef size_t left = most, at = begin, index, place
    cdef Slice bytes
    for index in range(reply.piece_count):
        place = reply.pieces[index].at
        bytes = reply.pieces[index].bytes
        if not encrypt_span(cipher, reply.data + at, place - at, &left):
            break
        at = place
        if not encrypt_span(cipher, bytes.data, bytes.size, &left):
            break
    if left:
        encrypt_span(cipher, reply.data + at, reply.size - at, &left)
    cipher.end()
    return most - left


cdef class Part:

    def __dealloc__(self):
        cdef Account *interrupted
        if self.memory == NULL:
            return
        interrupted = mem_enter(self.memory)
        if self.blob != NULL:
            blob_release(self.blob)
        mem_count(-<ssize_t> self.counted)
        mem_enter(interrupted)

    cdef bint is_sealed(self) noexcept:
        return self.blob != NULL and blob_is_sealed(self.blob)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, <void *> self.data, self.size, True, flags)


cdef Part copy_of(const char *data, size_t size):
    cdef Part part = Part.__new__(Part)
    cdef bytes copied = data[:size]
    part.owner = copied
    part.data = PyBytes_AS_STRING(copied)
    part.size = part.counted = size
    part.memory = mem_account()
    mem_count(size)
    return part


cdef size_t copied_bytes(parts) except? 0:
    cdef Part part
    cdef size_t size = 0
    for part in parts:
        size += part.counted
    return size


cdef Part kept(const Piece *piece, const Span *span):
    """Returns the piece as a part, which takes over the piece's reference to the block."""
    cdef Part part = Part.__new__(Part)
    part.blob = piece.blob
    part.memory = mem_account()
    part.data = span.bytes.data
    part.size = span.bytes.size
    return part


cdef class Parcel:

    cdef int append(self, Part part, size_t *skip) except -1:
        """Adds the part without its first ``skip`` bytes, and reduces ``skip`` by the bytes left out."""
        cdef size_t passed = min(part.size, skip[0])
        skip[0] -= passed
        part.data += passed
        part.size -= passed
        if part.size:
            self.parts.append(part)
            self.size += part.size
        return 0

    cdef size_t copied(self) except? 0:
        return copied_bytes(self.parts)


cdef Parcel parcel_of(Reply *reply, size_t begin, size_t sent):
    cdef Parcel parcel = Parcel.__new__(Parcel)
    cdef size_t index, place, at = begin, end = reply.size, count = reply.piece_count
    cdef Span span
    parcel.parts = []
    reply_hand_over(reply, begin)
    for index in range(count):
        span = span_of(&reply.pieces[index])
        place = reply.pieces[index].at
        parcel.append(copy_of(reply.data + at, place - span.before - at), &sent)
        parcel.append(kept(&reply.pieces[index], &span), &sent)
        at = place + span.after
    parcel.append(copy_of(reply.data + at, end - at), &sent)
    return parcel


cdef class Outgoing:

    def __cinit__(self):
        self.parts = deque()

    cdef int add(self, Parcel parcel) except -1:
        self.parts.extend(parcel.parts)
        self.size += parcel.size
        return 0

    cdef int add_part(self, Part part) except -1:
        self.parts.append(part)
        self.size += part.size
        return 0

    cdef size_t copied(self) except? 0:
        return copied_bytes(self.parts)

    cdef bint begins_with_value(self) except -1:
        return len(self.parts) > 0 and (<Part> self.parts[0]).blob != NULL

    cdef ssize_t send(self, int fd, PagePipe pages) except -2:
        cdef Vectors vectors
        cdef Part part
        cdef size_t offset = self.offset
        cdef ssize_t sent
        vectors_begin(&vectors, SEND_SLICE)
        for part in self.parts:
            if not vectors_add(&vectors, part.data + offset, part.size - offset, part.is_sealed()):
                break
            offset = 0
        sent = send_vectors(&vectors, fd, pages)
        if sent > 0:
            self.pass_over(sent)
        return sent

    cdef int encrypt(self, Cipher cipher, size_t most) except -1:
        cdef Part part
        cdef size_t offset = self.offset, left = most
        for part in self.parts:
            if not encrypt_span(cipher, part.data + offset, part.size - offset, &left):
                break
            offset = 0
        cipher.end()
        return self.pass_over(most - left)

    cdef int pass_over(self, size_t size) except -1:
        """Removes the next ``size`` bytes: they are sent, or something else sends them."""
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

    cdef object take(self, size_t most, PagePipe pages):
        cdef Part part = self.parts[0]
        cdef bint by_reference = pages is not None and pages.core.server.seals and part.is_sealed()
        cdef size_t size = min(<size_t> REFERRED_LEAST if by_reference else most, part.size - self.offset)
        view = memoryview(part)[self.offset:self.offset + size]
        self.pass_over(size)
        return view
