"""A client of the same process whose replies and messages are one sequence of bytes, as those of a socket are.

It is for client libraries that bring their own parser: requests are sent as objects, replies are read as RESP. Like a
socket it executes requests in the order in which they were sent, one after the other: what is sent while a command
waits for keys is executed after that command.
"""

from pyredis.shell.local_client cimport LocalClient


cdef class LocalStream(LocalClient):
    cdef object backlog                 # deque of requests, sent while a command waits; their arguments are bytes
    cdef bytes begun                    # bytes of which a reader has taken the first part; None if there are none
    cdef Py_ssize_t taken               # the size of that part

    cdef int accept_request(self, object words) except -1
    cdef int run_request(self, object words) except -1
    cdef bytes take_all(self)
