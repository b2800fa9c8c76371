"""The words of an inline request: parted by blanks, quoted as Redis reads quotes."""

from pyredis.ground.base cimport Slice

cdef enum WordStatus:
    WORD_NONE               # nothing but blanks
    WORD_FOUND
    WORD_UNBALANCED         # a quote that is not closed, or with something right behind it

# The next word from `at` on, unquoted in place; `at` goes behind it.
cdef WordStatus next_word(char **at, char *end, Slice *word) noexcept nogil
