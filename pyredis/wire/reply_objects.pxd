"""Replies as Python objects.

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
| map                           | ``dict``; of equal keys the last one counts                          |
| set                           | ``set``                                                              |
| push                          | ``Push``, a ``list`` that can be distinguished from a reply          |
| attribute                     | nothing: it is read and dropped                                      |

Simple strings are bytes and not str, as redis-py returns them where it decodes nothing: a script may return either
form of string, and a caller should not need to know which.

What Python cannot hash is frozen where it is a key of a map or a member of a set: a list becomes a tuple, a set a
frozenset, a map a tuple of its (key, value) pairs, and so on inside them. Python's own equality decides what a key or
a member is, so 1, 1.0 and true are one.

A big number of more digits than ``sys.get_int_max_str_digits()`` raises ValueError, as ``int`` does.
"""

from cpython.object cimport PyObject

from pyredis._resp cimport Reply

# An aggregate of which elements are still to come.
ctypedef struct Container:
    PyObject *items         # held: a list, dict or set
    PyObject *key           # held: the key whose value is next, NULL where a key or an element is
    int kind
    Py_ssize_t filled       # elements of a list so far
    Py_ssize_t slots        # of a list, that it was made with

cdef enum:
    FEW_CONTAINERS = 8

# What objects are made in. It must stay where it is, and all functions need the interpreter's lock.
ctypedef struct ObjectTarget:
    PyObject *reply         # held; NULL until the reply is whole
    Container *containers   # those that are open, outermost first
    size_t depth
    size_t capacity
    Container few[FEW_CONTAINERS]

cdef void target_init(ObjectTarget *target) noexcept
# Drops what is under way.
cdef void target_clear(ObjectTarget *target) noexcept
# The reply that was written from offset `begin` on; an error is returned as any other object is.
cdef object written_object(const Reply *reply, size_t begin)
