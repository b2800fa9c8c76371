"""The commands on entire databases, and the parsing of a database index, which other families use as well."""

from pyredis.call.call cimport Call
from pyredis.keyspace.keyspace cimport Database

# Returns the database whose number is argument `index`; NULL after replying with an error.
cdef Database *database_argument(Call *call, int index) noexcept nogil
