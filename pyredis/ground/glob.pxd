"""Glob patterns as Redis reads them, over bytes: ``*``, ``?``, ``[abc]``, ``[^a-z]`` and ``\\`` before a literal byte.

As in Redis, an empty text matches only the empty pattern; commands for which ``*`` matches everything (KEYS, SCAN) ask
``glob_takes_all`` first.

Matching backtracks only to the last ``*``, so the worst case is the size of the pattern times that of the text.
"""

from pyredis.ground.base cimport Slice

cdef bint glob_match(Slice pattern, Slice text, bint ignore_case) noexcept nogil
# Whether the pattern is `*`, so that everything matches without being compared.
cdef bint glob_takes_all(Slice pattern) noexcept nogil
