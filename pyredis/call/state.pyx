"""The owner of a ``Server`` struct."""


cdef class State:
    pass
