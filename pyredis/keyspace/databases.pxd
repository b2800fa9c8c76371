"""Operations on entire databases: flushing, swapping, and maintenance in slices; also destroying a keyspace."""

from libc.stdint cimport int64_t

from pyredis.keyspace.keyspace cimport Database, Entry, Keyspace

cdef void keyspace_destroy(Keyspace *keyspace) noexcept nogil
cdef void keyspace_flush(Keyspace *keyspace, Database *database, bint lazy) noexcept nogil
cdef void keyspace_swap(Keyspace *keyspace, Database *a, Database *b) noexcept nogil
# A random live entry, as evenly chosen as the table allows; NULL in an empty database.
cdef Entry *keyspace_random(Keyspace *keyspace, Database *database) noexcept nogil

# ---- in slices ----

# Removes expired keys for up to `budget_us`; true when it stopped because the time was up.
cdef bint keyspace_expire_cycle(Keyspace *keyspace, int64_t budget_us) noexcept nogil
# Resizes tables and releases garbage for up to `budget_us`; true when there is more to do.
cdef bint keyspace_tidy(Keyspace *keyspace, int64_t budget_us) noexcept nogil
