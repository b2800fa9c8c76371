"""Handlers as objects: capsules of native ones for a family's HANDLERS, and the arguments of those in Python."""

from pyredis.call.call cimport Call, Handler
from pyredis.call.client cimport Client
from pyredis.ground.base cimport Slice

# Wraps a native handler for a family's HANDLERS.
cdef object native(Handler handler)
# The client that a Python handler is called with: the Connection or DirectClient, or None for the loader.
cdef object client_object(Client *client)
cdef list argument_list(Call *call)
# An argument for the slow log; only its beginning if it is large.
cdef object excerpt(Slice argument)
