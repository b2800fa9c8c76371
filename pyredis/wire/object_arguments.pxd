"""The arguments of a request made of Python objects, without a copy where the object's own bytes will do.

They are encoded as redis-py encodes them: ``bytes`` and anything that exports a buffer as they are, ``str`` as UTF-8,
``int`` and ``float`` as Python prints them. A bool or None is refused with TypeError, for what was meant by it is a
guess, and so is a sequence that is itself one string.
"""

from cpython.object cimport PyObject

from pyredis.ground.base cimport Slice

cdef enum:
    FEW_ARGUMENTS = 16
    NUMBER_SPACE = 192      # bytes of digits that need no object

# It must stay where it is. The slices are valid until it is released, whatever becomes of the objects meanwhile.
ctypedef struct ObjectArguments:
    Slice *items
    size_t count
    PyObject *held          # a tuple with the objects whose bytes the slices are; NULL where the caller holds it
    PyObject *made          # a list of the bytes objects made here, NULL without any
    size_t number_bytes
    Slice few[FEW_ARGUMENTS]
    char numbers[NUMBER_SPACE]

# Encodes `sequence`, which the caller holds for as long as the slices are used. Raises TypeError for what is not an
# argument, ValueError for none at all and for one longer than `longest`. Afterwards, and after an error as well, the
# arguments are to be released.
cdef int encode_arguments(ObjectArguments *arguments, object sequence, size_t longest) except -1
cdef void release_arguments(ObjectArguments *arguments) noexcept
