"""The commands on databases as wholes, and the reading of a database's number, which other families use too."""

from pyredis.call.call cimport Call
from pyredis.keyspace.keyspace cimport Database

# The database that argument `index` numbers; NULL after an error reply.
cdef Database *database_argument(Call *call, int index) noexcept nogil
