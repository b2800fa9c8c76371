"""Splitting and unquoting words; ``words.pxd`` has the contract."""

from pyredis.ground.base cimport Slice, slice_of


cdef inline bint is_blank(char c) noexcept nogil:
    return c == c' ' or c'\t' <= c <= c'\r'


cdef inline bint ends_word(char c) noexcept nogil:
    """Narrower than `is_blank`: as in Redis, vertical tabs and form feeds are skipped before a word but do not end one.
    """
    return c == c' ' or c == c'\t' or c == c'\n' or c == c'\r'


cdef inline int hex_digit(char c) noexcept nogil:
    if c'0' <= c <= c'9':
        return c - c'0'
    c |= 0x20
    return c - c'a' + 10 if c'a' <= c <= c'f' else -1


cdef inline char unescaped(char c) noexcept nogil:
    if c == c'n':
        return c'\n'
    if c == c'r':
        return c'\r'
    if c == c't':
        return c'\t'
    if c == c'b':
        return 8
    if c == c'a':
        return 7
    return c


cdef char *unquote_double(char **at, char *end, char *out) noexcept nogil:
    """Moves ``at`` from after the opening ``"`` past the closing one; returns the output's end, NULL if unbalanced."""
    cdef char *p = at[0]
    while p < end and p[0] != c'"':
        if p[0] != c'\\' or p + 1 == end:
            out[0] = p[0]
            p += 1
        elif end - p >= 4 and p[1] == c'x' and hex_digit(p[2]) >= 0 and hex_digit(p[3]) >= 0:
            out[0] = <char> (hex_digit(p[2]) * 16 + hex_digit(p[3]))
            p += 4
        else:
            out[0] = unescaped(p[1])
            p += 2
        out += 1
    at[0] = p + 1
    if p == end or (p + 1 < end and not is_blank(p[1])):
        return NULL
    return out


cdef char *unquote_single(char **at, char *end, char *out) noexcept nogil:
    cdef char *p = at[0]
    while p < end and p[0] != c"'":
        if p[0] == c'\\' and p + 1 < end and p[1] == c"'":
            p += 1
        out[0] = p[0]
        out += 1
        p += 1
    at[0] = p + 1
    if p == end or (p + 1 < end and not is_blank(p[1])):
        return NULL
    return out


cdef char *read_word(char **at, char *end) noexcept nogil:
    """Unquotes the word at ``at`` in place; returns its end, NULL if its quotes are unbalanced."""
    cdef char *p = at[0]
    cdef char *out = p
    while p < end and not ends_word(p[0]):
        if p[0] == c'"' or p[0] == c"'":
            at[0] = p + 1
            return unquote_double(at, end, out) if p[0] == c'"' else unquote_single(at, end, out)
        out[0] = p[0]
        out += 1
        p += 1
    at[0] = p
    return out


cdef WordStatus next_word(char **at, char *end, Slice *word) noexcept nogil:
    cdef char *begin
    cdef char *stop
    while at[0] < end and is_blank(at[0][0]):
        at[0] += 1
    if at[0] >= end:
        return WORD_NONE
    begin = at[0]
    stop = read_word(at, end)
    if stop == NULL:
        return WORD_UNBALANCED
    word[0] = slice_of(begin, stop - begin)
    return WORD_FOUND
