"""Converts replies to Python objects.

| reply                         | object                                                               |
|-------------------------------|----------------------------------------------------------------------|
| null, null bulk, null array   | ``None``                                                             |
| integer, big number           | ``int``                                                              |
| double                        | ``float``                                                            |
| boolean                       | ``bool``                                                             |
| bulk, simple string           | ``bytes``                                                            |
| verbatim string               | ``bytes``: the text without its format                               |
| error, bulk error             | ``ReplyError``                                                       |
| array                         | ``list``                                                             |
| map                           | ``dict``; of equal keys the last one is kept                         |
| set                           | ``set``                                                              |
| push                          | ``Push``, a ``list`` that can be distinguished from a reply          |
| attribute                     | nothing: it is read and dropped                                      |

Simple strings are bytes and not str, as in redis-py without decoding: a script may return either form of string, and a
caller should not need to know which.

Unhashable objects are frozen if they are keys of a map or members of a set: a list becomes a tuple, a set a frozenset,
a map a tuple of its (key, value) pairs, recursively. Keys and members are compared by Python's equality, so 1, 1.0 and
true are the same.

A big number of more digits than ``sys.get_int_max_str_digits()`` raises ValueError, as ``int`` does.
"""

from cpython.object cimport PyObject

from pyredis._resp cimport Reply

# An aggregate that is not complete.
ctypedef struct Container:
    PyObject *items         # a reference to a list, dict or set
    PyObject *key           # a reference to the key whose value is next, NULL if a key or an element is next
    int kind
    Py_ssize_t filled       # elements of a list so far
    Py_ssize_t slots        # elements that a list was created with

cdef enum:
    FEW_CONTAINERS = 8

# The state of a conversion. It must not move, and all functions need the interpreter's lock.
ctypedef struct ObjectTarget:
    PyObject *reply         # a reference; NULL until the reply is complete
    Container *containers   # the incomplete ones, outermost first
    size_t depth
    size_t capacity
    bint decode             # strings are str, decoded from UTF-8, and not bytes
    Container few[FEW_CONTAINERS]

cdef void target_init(ObjectTarget *target, bint decode) noexcept
# Drops everything under way.
cdef void target_clear(ObjectTarget *target) noexcept
# Returns the reply written from offset `begin` on; an error is returned like any other object, not raised. `form` is
# that of ``wire/plain_replies``. Raises UnicodeDecodeError for a string that is to be decoded and is not UTF-8.
cdef object written_object(const Reply *reply, size_t begin, int form)
