"""The lookups of SORT for an element; see ``sort_patterns.pxd``."""

from libc.string cimport memchr, memcpy

from pyredis.call.call cimport Call
from pyredis.call.field_expiry cimport field_clock
from pyredis.call.lookups cimport lookup_read_hashed
from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free
from pyredis.keyspace.keyspace cimport HASH, STRING, Entry, entry_pointer, string_slice
from pyredis.types.hash.hash cimport Hash, hash_get
from pyredis.types.table.hashtable cimport hash_key


cdef size_t find(Slice text, char letter, size_t at) noexcept nogil:
    """Returns the offset of the first ``letter`` at or after ``at``, or the text's size if there is none."""
    cdef const char *found
    if at >= text.size:
        return text.size
    found = <const char *> memchr(text.data + at, letter, text.size - at)
    return found - text.data if found != NULL else text.size


cdef size_t find_arrow(Slice text, size_t at) noexcept nogil:
    """Returns the offset of the first ``->`` at or after ``at``, or the text's size if there is none."""
    at = find(text, c'-', at)
    while at + 1 < text.size and text.data[at + 1] != c'>':
        at = find(text, c'-', at + 1)
    return at if at + 1 < text.size else text.size


cdef bint pattern_is_constant(Slice text) noexcept nogil:
    return find(text, c'*', 0) == text.size


cdef Pattern pattern_of(Slice text) noexcept nogil:
    cdef Pattern pattern
    cdef size_t star = find(text, c'*', 0), arrow
    pattern.kind = PATTERN_CONSTANT
    pattern.before = pattern.behind = pattern.field = slice_of(NULL, 0)
    if text.size == 1 and text.data[0] == c'#':
        pattern.kind = PATTERN_ELEMENT
    if star == text.size:
        return pattern
    pattern.kind = PATTERN_STRING
    pattern.before = slice_of(text.data, star)
    arrow = find_arrow(text, star + 1)
    # An arrow without a field after it is part of the name.
    if arrow + 2 < text.size:
        pattern.kind = PATTERN_FIELD
        pattern.field = slice_of(text.data + arrow + 2, text.size - arrow - 2)
    else:
        arrow = text.size
    pattern.behind = slice_of(text.data + star + 1, arrow - star - 1)
    return pattern


cdef void lookup_begin(PatternLookup *lookup, const Call *call) noexcept nogil:
    lookup.call = call[0]
    lookup.call.argv = &lookup.key
    lookup.room = NULL
    lookup.room_size = 0


cdef void lookup_end(PatternLookup *lookup) noexcept nogil:
    mem_free(lookup.room, lookup.room_size)


cdef void make_key(PatternLookup *lookup, const Pattern *pattern, Slice element) noexcept nogil:
    cdef size_t size = pattern.before.size + element.size + pattern.behind.size
    if lookup.room == NULL or lookup.room_size < size:
        mem_free(lookup.room, lookup.room_size)
        lookup.room_size = 2 * size + 1
        lookup.room = <char *> mem_alloc(lookup.room_size)
    memcpy(lookup.room, pattern.before.data, pattern.before.size)
    memcpy(lookup.room + pattern.before.size, element.data, element.size)
    memcpy(lookup.room + pattern.before.size + element.size, pattern.behind.data, pattern.behind.size)
    lookup.key = slice_of(lookup.room, size)


cdef bint lookup_pattern(PatternLookup *lookup, const Pattern *pattern, Slice element, Slice *value) noexcept nogil:
    cdef Entry *entry
    if pattern.kind == PATTERN_ELEMENT:
        value[0] = element
        return True
    if pattern.kind == PATTERN_CONSTANT:
        return False
    make_key(lookup, pattern, element)
    entry = lookup_read_hashed(&lookup.call, 0, hash_key(lookup.key.data, lookup.key.size))
    if entry == NULL or entry.type != <unsigned> (STRING if pattern.kind == PATTERN_STRING else HASH):
        return False
    if pattern.kind == PATTERN_STRING:
        value[0] = string_slice(entry, lookup.digits)
        return True
    if not hash_get(<Hash *> entry_pointer(entry), pattern.field, field_clock(lookup.call.server), &lookup.field):
        return False
    value[0] = lookup.field.value
    return True
