"""How the values of a kind are enumerated for a snapshot: all parts of one, at once or in pieces.

A kind other than strings has a module in this package that fills a ``Saver`` and registers it when it is imported;
``saving/__init__.py`` imports them all. A saver calls the session's ``Encoder``, which makes bytes of what it is given
(``encoder.pxd``); the database has been selected, and the caller publishes the bytes.

A value of more than ``Session.piece`` bytes is saved in pieces if its kind can (``partial.pyx``). Between the
pieces other commands are executed, which may change the value; the base has it as it was when it was opened.
"""

from libc.stdint cimport int64_t, uint64_t

from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Entry, Keyspace, ValueKind
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.encoder cimport Encoder
from pyredis.persistence.saving.output cimport Output
from pyredis.types.table.guard cimport Guard
from pyredis.types.table.hashtable cimport Table

cdef struct Partial

# One snapshot that is being written.
ctypedef struct Session:
    Output *out
    const Encoder *encoder
    Keyspace *keyspace
    int selected            # the database of the last SELECT, -1 before the first
    size_t piece            # bytes
    Partial *first          # the values that are being saved in pieces, in the order in which they were opened
    Partial *last

# A way of saving in pieces. What the value was when it was opened is the value as it is, but for what passed the guard.
cdef struct Pieces:
    void (*open)(Partial *partial) noexcept nogil
    # About one piece; false when that was the last.
    bint (*save_some)(Partial *partial) noexcept nogil
    # `Guard.before`. Called between pieces only.
    void (*before)(Guard *guard, Slice name, uint64_t hash, void *part) noexcept nogil
    # Releases `progress`. Must be quick: what is large goes to the keyspace's garbage.
    void (*close)(Partial *partial) noexcept nogil

cdef struct Saver:
    ValueKind kind
    # The whole value, which must not change. The key's own expiry is the caller's business.
    void (*save)(const Saver *saver, Session *session, Slice key, void *value) noexcept nogil
    # For values that may be saved in pieces, NULL where there are none: where the guard of this value hangs, which is
    # NULL for a form that is saved whole.
    Guard **(*guard)(void *value) noexcept nogil
    const Pieces *pieces
    # For `table_pieces` (`table_walk.pxd`) besides: the parts' table, and what an element of it is.
    Table *(*table)(void *value) noexcept nogil
    void (*read_part)(const void *element, Part *out) noexcept nogil

# A value that is being saved in pieces. The key may have been renamed, overwritten or removed since.
cdef struct Partial:
    Guard guard             # begins it: a Guard * is a Partial *
    Partial *next
    Session *session
    const Saver *saver
    ValueKind kind
    void *value             # NULL when the form that had the guard is gone
    bint taken              # the keyspace has no use for the value any more
    int database
    int64_t expiry          # of the key, -1 for none
    void *progress          # `pieces` keeps what it likes here
    size_t key_size
    # the key follows

cdef void saver_register(const Saver *saver) noexcept nogil
# NULL where the kind has none.
cdef const Saver *saver_of(int kind) noexcept nogil

# The whole of a key, its expiry too; false, and nothing appended, where its kind has no saver.
cdef bint save_entry(Session *session, const Entry *entry) noexcept nogil
# What follows belongs to this database.
cdef void save_select(Session *session, int database) noexcept nogil
