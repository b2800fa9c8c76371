"""Glob patterns as Redis reads them, for native code; ``glob.py`` says what they mean, and is the same for Python.

Matching goes back to the last ``*`` only: pattern times text at the worst.
"""

from pyredis._base cimport Slice

cdef bint glob_match(Slice pattern, Slice text, bint ignore_case) noexcept nogil
# Whether the pattern takes everything without a look at it.
cdef bint glob_takes_all(Slice pattern) noexcept nogil
