"""Glob patterns as Redis reads them, over bytes: ``*``, ``?``, ``[abc]``, ``[^a-z]`` and ``\\`` before a literal byte.

As in Redis, an empty text matches the empty pattern alone; commands that take ``*`` for everything (KEYS, SCAN) ask
``glob_takes_all`` first.

Matching goes back to the last ``*`` only: pattern times text at the worst.
"""

from pyredis.ground.base cimport Slice

cdef bint glob_match(Slice pattern, Slice text, bint ignore_case) noexcept nogil
# Whether the pattern takes everything without a look at it.
cdef bint glob_takes_all(Slice pattern) noexcept nogil
