"""The clients of a server, oldest first: a linked list that its members carry in themselves."""

from libc.stdint cimport int64_t

from pyredis.call.client_state cimport ClientState


# A client that can be in one list. The list's references are borrowed: remove a client before it is deallocated.
cdef class Listed(ClientState):
    cdef void *older
    cdef void *newer


cdef class ClientList:
    cdef void *oldest
    cdef void *newest
    cdef Py_ssize_t count

    cdef void add(self, Listed item) noexcept
    # Does nothing for a client that is not listed.
    cdef void remove(self, Listed item) noexcept
    cdef Listed find(self, int64_t identity)
