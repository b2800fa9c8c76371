"""The words of an inline request: separated by blanks, with Redis's quoting rules."""

from pyredis.ground.base cimport Slice

cdef enum WordStatus:
    WORD_NONE               # nothing but blanks
    WORD_FOUND
    WORD_UNBALANCED         # a quote is not closed, or something follows it directly

# Finds the next word from `at` on and unquotes it in place; moves `at` past it.
cdef WordStatus next_word(char **at, char *end, Slice *word) noexcept nogil
