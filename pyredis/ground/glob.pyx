"""Glob patterns over bytes; ``glob.pxd`` has the contract."""

from pyredis.ground.base cimport Slice, slice_of


cdef inline unsigned folded(char byte, bint ignore_case) noexcept nogil:
    cdef unsigned value = <unsigned char> byte
    return value | 0x20 if ignore_case and c'A' <= value <= c'Z' else value


cdef bint set_takes(Slice pattern, size_t *at, unsigned byte, bint ignore_case) noexcept nogil:
    """Returns whether the set takes the byte. Moves ``at`` from after the ``[`` to the end of the set.

    An unclosed set ends with the pattern.
    """
    cdef const char *p = pattern.data
    cdef size_t i = at[0]
    cdef bint found = False, negated = i < pattern.size and p[i] == c'^'
    cdef unsigned low, high
    i += negated
    while i < pattern.size and p[i] != c']':
        if p[i] == c'\\' and i + 1 < pattern.size:
            low = high = folded(p[i + 1], ignore_case)
            i += 2
        elif i + 2 < pattern.size and p[i + 1] == c'-':
            low = folded(p[i], ignore_case)
            high = folded(p[i + 2], ignore_case)
            i += 3
        else:
            low = high = folded(p[i], ignore_case)
            i += 1
        found = found or min(low, high) <= byte <= max(low, high)
    at[0] = i + 1 if i < pattern.size else i
    return found != negated


cdef bint element_takes(Slice pattern, size_t *at, unsigned byte, bint ignore_case) noexcept nogil:
    """Returns whether the element at ``at``, which is not a star, takes the byte; moves ``at`` past the element."""
    cdef char first = pattern.data[at[0]]
    at[0] += 1
    if first == c'?':
        return True
    if first == c'[':
        return set_takes(pattern, at, byte, ignore_case)
    if first == c'\\' and at[0] < pattern.size:
        first = pattern.data[at[0]]
        at[0] += 1
    return folded(first, ignore_case) == byte


cdef bint glob_match(Slice pattern, Slice text, bint ignore_case) noexcept nogil:
    cdef size_t element = 0, at = 0, star = 0, resume = 0, after
    cdef bint starred = False
    if text.size == 0:
        return pattern.size == 0
    while at < text.size:
        after = element
        if element < pattern.size and pattern.data[element] == c'*':
            starred = True
            star = element
            resume = at
            element += 1
        elif element < pattern.size and element_takes(pattern, &after, folded(text.data[at], ignore_case), ignore_case):
            element = after
            at += 1
        elif starred:
            resume += 1
            element = star + 1
            at = resume
        else:
            return False
    while element < pattern.size and pattern.data[element] == c'*':
        element += 1
    return element == pattern.size


cdef bint glob_takes_all(Slice pattern) noexcept nogil:
    return pattern.size == 1 and pattern.data[0] == c'*'


def matches(bytes pattern, bytes text, *, bint ignore_case=False):
    """Returns whether the entire ``text`` matches ``pattern``."""
    return glob_match(slice_of(pattern, len(pattern)), slice_of(text, len(text)), ignore_case)
