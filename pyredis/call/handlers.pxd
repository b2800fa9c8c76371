"""Handlers as objects: native ones in capsules for a family's HANDLERS, and what those in Python are called with."""

from pyredis.call.call cimport Call, Handler
from pyredis.call.client cimport Client
from pyredis.ground.base cimport Slice

# Wraps a native handler for a family's HANDLERS.
cdef object native(Handler handler)
# What a Python handler is called with: the Connection, or None for the loader.
cdef object client_object(Client *client)
cdef list argument_list(Call *call)
# An argument for the slow log, or its beginning where it is large.
cdef object excerpt(Slice argument)
