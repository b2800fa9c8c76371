"""Encodes the arguments of a request from Python objects, without a copy if the object's own bytes can be used.

The encoding is that of redis-py: ``bytes`` and anything that exports a buffer as they are, ``str`` as UTF-8, ``int``
and ``float`` as Python prints them. A bool or None raises TypeError, because its intended encoding would be a guess,
and so does a sequence that is itself one string.
"""

from cpython.object cimport PyObject

from pyredis.ground.base cimport Slice

cdef enum:
    FEW_ARGUMENTS = 16
    NUMBER_SPACE = 192      # bytes for integers that are formatted without creating an object

# Must not move. The slices are valid until it is released, whatever happens to the objects meanwhile.
ctypedef struct ObjectArguments:
    Slice *items
    size_t count
    PyObject *held          # a tuple of the objects that own the slices' bytes; NULL if the caller holds it
    PyObject *made          # a list of the bytes objects created here, NULL if there are none
    size_t number_bytes
    Slice few[FEW_ARGUMENTS]
    char numbers[NUMBER_SPACE]

# Encodes `sequence`, which the caller must hold while the slices are used. Raises TypeError for an object that cannot
# be an argument, ValueError for an empty sequence and for an argument longer than `longest` bytes. The arguments must
# be released afterwards, even after an error.
cdef int encode_arguments(ObjectArguments *arguments, object sequence, size_t longest) except -1
cdef void release_arguments(ObjectArguments *arguments) noexcept
