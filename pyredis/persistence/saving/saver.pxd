"""How the values of a kind are enumerated for a snapshot: all parts of a value, at once or in pieces.

Every kind except strings has a module in this package that fills a ``Saver`` and registers it when it is imported;
``saving/__init__.py`` imports them all. A saver calls the session's ``Encoder``, which turns its arguments into bytes
(``encoder.pxd``). The caller selects the database before and publishes the bytes afterwards.

A value of more than ``Session.piece`` bytes is saved in pieces if its kind can be (``partial.pyx``). Between the pieces
other commands are executed, which may change the value; the base gets the value as it was when it was opened.
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
    Partial *first          # the values that are being saved in pieces, in the order they were opened
    Partial *last

# A way of saving in pieces. Except for what has passed the guard, the value is as it was when it was opened.
cdef struct Pieces:
    void (*open)(Partial *partial) noexcept nogil
    # Saves about one piece. False when that was the last.
    bint (*save_some)(Partial *partial) noexcept nogil
    # Becomes `Guard.before`. Called only between pieces.
    void (*before)(Guard *guard, Slice name, uint64_t hash, void *part) noexcept nogil
    # Releases `progress`. Must be quick: anything large becomes the keyspace's garbage.
    void (*close)(Partial *partial) noexcept nogil

cdef struct Saver:
    ValueKind kind
    # Saves the entire value, which must not change meanwhile. The caller saves the key's expiry.
    void (*save)(const Saver *saver, Session *session, Slice key, void *value) noexcept nogil
    # Both NULL if no value of the kind is saved in pieces. `guard` returns where the value keeps its guard, or NULL for
    # a form that is saved at once.
    Guard **(*guard)(void *value) noexcept nogil
    const Pieces *pieces
    # Needed by `table_pieces` (`table_walk.pxd`) only: the table of the value's parts, and how to read its elements.
    Table *(*table)(void *value) noexcept nogil
    void (*read_part)(const void *element, Part *out) noexcept nogil

# A value that is being saved in pieces. Its key may have been renamed, overwritten or removed since it was opened.
cdef struct Partial:
    Guard guard             # must be first: its address is that of the Partial
    Partial *next
    Session *session
    const Saver *saver
    ValueKind kind
    void *value             # NULL if the form that had the guard no longer exists
    bint taken              # the keyspace has given the value up: closing releases it
    int database
    int64_t expiry          # of the key, -1 for none
    void *progress          # the state of `pieces`
    size_t key_size
    # the key follows

cdef void saver_register(const Saver *saver) noexcept nogil
# NULL if the kind has none.
cdef const Saver *saver_of(int kind) noexcept nogil

# Saves a key at once, including its expiry. False, with nothing appended, if its kind has no saver.
cdef bint save_entry(Session *session, const Entry *entry) noexcept nogil
# Selects the database to which what follows belongs, unless it is selected already.
cdef void save_select(Session *session, int database) noexcept nogil
