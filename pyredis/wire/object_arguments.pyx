"""Encoding the arguments; ``object_arguments.pxd`` has the contract."""

from libc.stdint cimport int64_t

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE

from pyredis._resp cimport MAX_ARGUMENTS
from pyredis.ground.base cimport Slice, format_int64, likely, slice_of, unlikely
from pyredis.ground.memory cimport mem_alloc, mem_free

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    long long PyLong_AsLongLongAndOverflow(object number, int *overflow) except? -1

cdef enum:
    LONGEST_NUMBER = 20


cdef int keep_made(ObjectArguments *arguments, bytes made, Slice *argument) except -1:
    """Keeps a bytes object that exists only for this request, and stores its slice."""
    cdef list kept
    if arguments.made == NULL:
        kept = [made]
        Py_INCREF(kept)
        arguments.made = <PyObject *> kept
    else:
        (<list> <object> arguments.made).append(made)
    argument[0] = slice_of(PyBytes_AS_STRING(made), PyBytes_GET_SIZE(made))
    return 0


cdef int encode_integer(ObjectArguments *arguments, object number, Slice *argument) except -1:
    cdef int overflow = 0
    cdef int64_t value = PyLong_AsLongLongAndOverflow(number, &overflow)
    cdef char *out = arguments.numbers + arguments.number_bytes
    if unlikely(overflow or arguments.number_bytes + LONGEST_NUMBER > NUMBER_SPACE):
        return keep_made(arguments, int.__repr__(number).encode(), argument)
    argument[0] = slice_of(out, format_int64(out, value))
    arguments.number_bytes += argument.size
    return 0


cdef int encode_other(ObjectArguments *arguments, object value, Slice *argument) except -1:
    """Encodes an object that is neither bytes nor str."""
    if isinstance(value, bool) or value is None:
        raise TypeError(f"{value} is not an argument of a command: convert it to bytes, str, int or float")
    if isinstance(value, int):
        return encode_integer(arguments, value, argument)
    if isinstance(value, float):
        return keep_made(arguments, float.__repr__(value).encode(), argument)
    try:
        made = memoryview(value).tobytes()
    except TypeError:
        raise TypeError(f"an argument of a command is bytes, str, int or float, not {type(value).__name__}") from None
    return keep_made(arguments, made, argument)


cdef inline int encode(ObjectArguments *arguments, object value, Slice *argument) except -1:
    cdef Py_ssize_t size
    if likely(isinstance(value, bytes)):
        argument[0] = slice_of(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
        return 0
    if isinstance(value, str):
        argument.data = PyUnicode_AsUTF8AndSize(value, &size)
        argument.size = size
        return 0
    return encode_other(arguments, value, argument)


cdef tuple held_tuple(ObjectArguments *arguments, object sequence):
    """Returns a tuple of the same objects, and holds it, because code that runs meanwhile may change the sequence."""
    cdef tuple held
    if isinstance(sequence, (str, bytes, bytearray, memoryview)):
        raise TypeError("the arguments of a command are a sequence of them, not one string")
    held = tuple(sequence)
    Py_INCREF(held)
    arguments.held = <PyObject *> held
    return held


cdef int encode_arguments(ObjectArguments *arguments, object sequence, size_t longest) except -1:
    cdef tuple objects
    cdef size_t index
    arguments.items = arguments.few
    arguments.count = 0
    arguments.held = NULL
    arguments.made = NULL
    arguments.number_bytes = 0
    objects = <tuple> sequence if type(sequence) is tuple else held_tuple(arguments, sequence)
    arguments.count = PyTuple_GET_SIZE(objects)
    if unlikely(arguments.count == 0 or arguments.count > MAX_ARGUMENTS):
        raise ValueError("a request has at least one argument, its command, and fewer than 2 ** 31")
    if arguments.count > FEW_ARGUMENTS:
        arguments.items = <Slice *> mem_alloc(arguments.count * sizeof(Slice))
    for index in range(arguments.count):
        encode(arguments, <object> PyTuple_GET_ITEM(objects, index), &arguments.items[index])
        if unlikely(arguments.items[index].size > longest):
            raise ValueError("an argument is longer than proto-max-bulk-len")
    return 0


cdef void release_arguments(ObjectArguments *arguments) noexcept:
    if arguments.items != arguments.few:
        mem_free(arguments.items, arguments.count * sizeof(Slice))
    Py_XDECREF(arguments.held)
    Py_XDECREF(arguments.made)
