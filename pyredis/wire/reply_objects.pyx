"""The sink that creates Python objects, and a reader for protocol clients.

The functions of the sink need the interpreter's lock, which all their callers hold; their types do not say so,
because the functions of other sinks are called without it.
"""

from libc.stdint cimport int64_t

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_SetItem
from cpython.list cimport PyList_Append, PyList_New, PyList_SET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.set cimport PySet_Add
from cpython.unicode cimport PyUnicode_DecodeUTF8

from pyredis._resp cimport ARRAY, PUSH, SET_REPLY, Reply
from pyredis.ground.base cimport Slice, unlikely
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_realloc
from pyredis.ground.turns cimport offer_turn
from pyredis.wire.plain_replies cimport DECODED, NOT_PLAIN, plain_object
from pyredis.wire.reply_reader cimport (
    ATTRIBUTE,
    READ_MORE,
    READ_REPLY,
    READ_STOPPED,
    ReadStatus,
    ReplyReader,
    ReplySink,
    read_reply,
    read_written,
    reader_init,
)

from pyredis.replies import Push

cdef enum:
    # A list is created with as many slots as declared, but no more than this: a declared length cannot be trusted.
    MOST_SLOTS = 1024

cdef bytes _OK = b"OK"
cdef str _OK_TEXT = "OK"


class MalformedReply(ValueError):
    """Bytes that are not a reply; ``offset`` counts from the first byte ever fed."""

    def __init__(self, text, offset):
        super().__init__(f"{text} at offset {offset}")
        self.text = text
        self.offset = offset


class ReplyError(Exception):
    """An error reply: its entire text, and the ``code`` that it begins with, such as ``WRONGTYPE``."""

    @property
    def code(self):
        return self.args[0].partition(" ")[0]

    @property
    def text(self):
        """The text after the code."""
        return self.args[0].partition(" ")[2]


# ---- places ----

cdef void target_init(ObjectTarget *target, bint decode) noexcept:
    target.reply = NULL
    target.decode = decode
    target.containers = target.few
    target.depth = 0
    target.capacity = FEW_CONTAINERS


cdef void release_room(ObjectTarget *target) noexcept:
    if target.containers != target.few:
        mem_free(target.containers, target.capacity * sizeof(Container))
        target.containers = target.few
        target.capacity = FEW_CONTAINERS


cdef void target_clear(ObjectTarget *target) noexcept:
    while target.depth:
        target.depth -= 1
        Py_XDECREF(target.containers[target.depth].items)
        Py_XDECREF(target.containers[target.depth].key)
    Py_XDECREF(target.reply)
    target.reply = NULL
    release_room(target)


cdef object take_reply(ObjectTarget *target):
    """Returns the reply, and removes it from the target."""
    cdef object reply = <object> target.reply
    Py_DECREF(reply)
    target.reply = NULL
    if unlikely(target.containers != target.few):
        release_room(target)
    return reply


cdef Container *open_container(ObjectTarget *target) noexcept:
    cdef size_t size = target.capacity * sizeof(Container)
    if target.depth == target.capacity:
        if target.containers == target.few:
            target.containers = <Container *> mem_alloc(2 * size)
            for index in range(FEW_CONTAINERS):
                target.containers[index] = target.few[index]
        else:
            target.containers = <Container *> mem_realloc(target.containers, size, 2 * size)
        target.capacity *= 2
    target.depth += 1
    return &target.containers[target.depth - 1]


cdef object frozen(object value):
    """Returns the same value in a hashable form."""
    if isinstance(value, list):
        return tuple([frozen(item) for item in <list> value])
    if isinstance(value, dict):
        return tuple([(key, frozen(item)) for key, item in (<dict> value).items()])
    if isinstance(value, set):
        return frozenset(value)
    return value


cdef int put_paired(Container *container, object value) except -1:
    cdef object key
    if container.key == NULL:
        value = frozen(value)
        Py_INCREF(value)
        container.key = <PyObject *> value
        return 0
    key = <object> container.key
    Py_DECREF(key)
    container.key = NULL
    return PyDict_SetItem(<object> container.items, key, value)


cdef int put_into(Container *container, object value) except -1:
    offer_turn()
    if container.kind == SET_REPLY:
        return PySet_Add(<object> container.items, frozen(value))
    if container.kind != ARRAY and container.kind != PUSH:
        return put_paired(container, value)
    if container.filled >= container.slots:
        return PyList_Append(<object> container.items, value)
    Py_INCREF(value)
    PyList_SET_ITEM(<object> container.items, container.filled, value)
    container.filled += 1
    return 0


cdef inline int put(void *target, object value) except -1:
    """Puts a value into the innermost container, or makes it the reply."""
    cdef ObjectTarget *objects = <ObjectTarget *> target
    if objects.depth:
        return put_into(&objects.containers[objects.depth - 1], value)
    Py_INCREF(value)
    objects.reply = <PyObject *> value
    return 0


# ---- the sink ----

cdef int put_null(void *target) except -1:
    return put(target, None)


cdef int put_integer(void *target, int64_t value) except -1:
    return put(target, value)


cdef int put_number(void *target, double value) except -1:
    return put(target, value)


cdef int put_boolean(void *target, bint value) except -1:
    return put(target, True if value else False)


cdef int put_big_number(void *target, Slice digits) except -1:
    return put(target, int(digits.data[:digits.size]))


cdef int put_bytes(void *target, Slice value) except -1:
    if (<ObjectTarget *> target).decode:
        return put(target, PyUnicode_DecodeUTF8(value.data, value.size, NULL))
    return put(target, PyBytes_FromStringAndSize(value.data, value.size))


cdef int put_simple(void *target, Slice text) except -1:
    if text.size == 2 and text.data[0] == c'O' and text.data[1] == c'K':
        return put(target, _OK_TEXT if (<ObjectTarget *> target).decode else _OK)
    return put_bytes(target, text)


cdef int put_error(void *target, Slice text) except -1:
    return put(target, ReplyError(text.data[:text.size].decode("utf-8", "surrogateescape")))


cdef int put_verbatim(void *target, Slice format, Slice text) except -1:
    return put_bytes(target, text)


cdef object new_items(int kind, Py_ssize_t slots):
    if kind == ARRAY:
        return PyList_New(slots)
    if kind == PUSH:
        return Push()
    return set() if kind == SET_REPLY else {}


cdef int begin_container(void *target, int kind, size_t count) except -1:
    cdef Py_ssize_t slots = min(count, <size_t> MOST_SLOTS) if kind == ARRAY else 0
    cdef object items = new_items(kind, slots)
    cdef Container *container = open_container(<ObjectTarget *> target)
    Py_INCREF(items)
    container.items = <PyObject *> items
    container.key = NULL
    container.kind = kind
    container.filled = 0
    container.slots = slots
    return 0


cdef int end_container(void *target, int kind) except -1:
    cdef ObjectTarget *objects = <ObjectTarget *> target
    cdef object items
    objects.depth -= 1
    items = <object> objects.containers[objects.depth].items
    Py_DECREF(items)
    return put(target, items) if kind != ATTRIBUTE else 0


cdef ReplySink _objects
_objects.null = <int (*)(void *) noexcept nogil> <void *> put_null
_objects.integer = <int (*)(void *, int64_t) noexcept nogil> <void *> put_integer
_objects.number = <int (*)(void *, double) noexcept nogil> <void *> put_number
_objects.boolean = <int (*)(void *, bint) noexcept nogil> <void *> put_boolean
_objects.big_number = <int (*)(void *, Slice) noexcept nogil> <void *> put_big_number
_objects.bulk = <int (*)(void *, Slice) noexcept nogil> <void *> put_bytes
_objects.simple = <int (*)(void *, Slice) noexcept nogil> <void *> put_simple
_objects.error = <int (*)(void *, Slice) noexcept nogil> <void *> put_error
_objects.verbatim = <int (*)(void *, Slice, Slice) noexcept nogil> <void *> put_verbatim
_objects.begin = <int (*)(void *, int, size_t) noexcept nogil> <void *> begin_container
_objects.end = <int (*)(void *, int) noexcept nogil> <void *> end_container


# ---- the reply that a command has written ----

cdef int refuse(ReadStatus status, const char *error, size_t offset) except? -1:
    """Raises the error that ended reading: the sink's own exception, or MalformedReply."""
    if status == READ_STOPPED:
        return -1
    if status == READ_MORE:
        raise MalformedReply("the reply is incomplete", offset)
    raise MalformedReply(error.decode(), offset)


cdef object written_object(const Reply *reply, size_t begin, int form):
    cdef ObjectTarget target
    cdef ReplyReader reader
    cdef ReadStatus status
    value = plain_object(reply, begin, form)
    if value is not NOT_PLAIN:
        return value
    target_init(&target, form & DECODED)
    status = read_written(&reader, reply, begin, &_objects, &target)
    if unlikely(status != READ_REPLY):
        target_clear(&target)
        refuse(status, reader.error, reader.at - begin)
    return take_reply(&target)


# ---- for Python ----

cdef class ReplyParser:
    """The reader with a buffer of its own, for protocol clients and tests.

    ``feed(data)`` returns the replies that are now complete, errors included. It raises ``MalformedReply``; the parser
    must not be used after that. With ``decode``, strings are str.
    """

    cdef ReplyReader _reader
    cdef ObjectTarget _target
    cdef bytearray _buffer
    cdef size_t _dropped        # bytes fed before those in the buffer
    cdef size_t _ended          # bytes fed up to the end of the last complete reply
    cdef bint _broken

    def __cinit__(self, bint decode=False):
        reader_init(&self._reader)
        target_init(&self._target, decode)
        self._buffer = bytearray()

    def __dealloc__(self):
        target_clear(&self._target)

    @property
    def under_way(self):
        """Whether a reply has been fed in part."""
        return self._dropped + len(self._buffer) > self._ended

    def feed(self, data):
        cdef ReadStatus status
        cdef char *start
        cdef list replies = []
        if self._broken:
            raise ValueError("an earlier reply was malformed")
        self._buffer += data
        start = self._buffer
        self._broken = True
        while True:
            status = read_reply(&self._reader, &_objects, &self._target, start, len(self._buffer))
            if status != READ_REPLY:
                break
            replies.append(take_reply(&self._target))
            self._ended = self._dropped + self._reader.at
        if status != READ_MORE:
            refuse(status, self._reader.error, self._dropped + self._reader.at)
        self._broken = False
        self._forget()
        return replies

    cdef int _forget(self) except -1:
        """Drops the bytes that have been read."""
        self._dropped += self._reader.at
        del self._buffer[:self._reader.at]
        self._reader.at = 0
        return 0
