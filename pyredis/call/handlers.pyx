"""Capsules of native handlers, the arguments of those in Python, and how these refuse or postpone a reply."""

from cpython.pycapsule cimport PyCapsule_New

from pyredis.ground.base cimport Slice

cdef enum:
    EXCERPT = 4096

cdef const char *CAPSULE = "pyredis.handler"

# Returned by a Python handler that has written its reply itself, or will reply later.
NO_REPLY = object()


class CommandError(Exception):
    """Raised by a Python handler; its text, which begins with the code, is the error reply."""


cdef object native(Handler handler):
    return PyCapsule_New(<void *> handler, CAPSULE, NULL)


cdef list argument_list(Call *call):
    return [call.argv[index].data[:call.argv[index].size] for index in range(call.argc)]


cdef object client_object(Client *client):
    return <object> client.owner if client.owner != NULL else None


class Excerpt(bytes):
    """The beginning of an argument too large to be copied for the slow log; ``missing`` bytes are left out."""


cdef object excerpt(Slice argument):
    if argument.size <= EXCERPT:
        return argument.data[:argument.size]
    beginning = Excerpt(argument.data[:EXCERPT])
    beginning.missing = argument.size - EXCERPT
    return beginning
