"""Compiling key specifications; ``key_specs.pxd`` has the syntax."""

from libc.stdint cimport int16_t, int64_t
from libc.string cimport memchr, memset

from pyredis.ground.base cimport Slice, equals_nocase, parse_int64, slice_of
from pyredis.ground.memory cimport mem_free, mem_zalloc

cdef enum:
    # No command of Redis has more than four.
    MOST_SPECS = 16
    MOST_NUMBER = 9999

cdef const char *FLAG_LETTERS = "RWOMauidnpv"


cdef Slice take_until(Slice *text, char mark) noexcept nogil:
    """Removes the text up to and including the mark, and returns what precedes the mark; everything without a mark."""
    cdef const char *found = <const char *> memchr(text.data, mark, text.size)
    cdef Slice taken = text[0]
    if found == NULL:
        text[0] = slice_of(text.data + text.size, 0)
        return taken
    taken.size = found - text.data
    text[0] = slice_of(found + 1, text.size - taken.size - 1)
    return taken


cdef bint read_number(Slice text, int16_t *number) noexcept nogil:
    cdef int64_t value
    if not parse_int64(text.data, text.size, &value) or not -MOST_NUMBER <= value <= MOST_NUMBER:
        return False
    number[0] = <int16_t> value
    return True


cdef bint read_suffix(Slice *text, char mark, int16_t *number) noexcept nogil:
    """Removes the mark and its number from the end of the text, if they are there."""
    cdef Slice before
    if memchr(text.data, mark, text.size) == NULL:
        return True
    before = take_until(text, mark)
    if not read_number(text[0], number):
        return False
    text[0] = before
    return True


cdef bint read_range(Slice *text, KeySpec *spec, bint *ranged) noexcept nogil:
    """Removes ``..last/step%limit`` from the end of the text; a ``last`` that is not negative is still absolute."""
    cdef Slice before
    spec.step = 1
    if not read_suffix(text, c'%', &spec.limit) or not read_suffix(text, c'/', &spec.step) or spec.step < 1:
        return False
    ranged[0] = memchr(text.data, c'.', text.size) != NULL
    if not ranged[0]:
        return True
    before = take_until(text, c'.')
    if text.size < 2 or text.data[0] != c'.' or not read_number(slice_of(text.data + 1, text.size - 1), &spec.last):
        return False
    text[0] = before
    return True


cdef bint read_keyword(Slice word, KeySpec *spec) noexcept nogil:
    cdef size_t index
    if word.size == 0 or word.size >= KEY_KEYWORD:
        return False
    for index in range(word.size):
        if not c'A' <= word.data[index] <= c'Z':
            return False
        spec.keyword[index] = word.data[index] | 0x20
    return True


cdef bint read_place(Slice text, KeySpec *spec) noexcept nogil:
    cdef bint ranged
    if equals_nocase(text, "?"):
        spec.begin = KEY_BEGIN_UNKNOWN
        return True
    spec.begin = KEY_BEGIN_INDEX
    if text.size and text.data[0] == c'#':
        spec.find = KEY_FIND_COUNT
        return read_number(slice_of(text.data + 1, text.size - 1), &spec.start) and spec.start > 0
    spec.find = KEY_FIND_RANGE
    if not read_range(&text, spec, &ranged):
        return False
    if memchr(text.data, c'@', text.size) != NULL:
        spec.begin = KEY_BEGIN_KEYWORD
        return read_keyword(take_until(&text, c'@'), spec) and read_number(text, &spec.start)
    if not read_number(text, &spec.start) or spec.start < 1:
        return False
    if ranged and spec.last >= 0:
        spec.last -= spec.start
        return spec.last >= 0
    return True


cdef bint read_flags(Slice letters, KeySpec *spec) noexcept nogil:
    cdef size_t index
    cdef unsigned bit
    for index in range(letters.size):
        for bit in range(KEY_FLAG_COUNT):
            if FLAG_LETTERS[bit] == letters.data[index]:
                spec.flags |= 1 << bit
                break
        else:
            return False
    return True


cdef int rule_named(Slice name) noexcept nogil:
    if equals_nocase(name, "set"):
        return KEY_RULE_SET
    if equals_nocase(name, "bitfield"):
        return KEY_RULE_BITFIELD
    if equals_nocase(name, "sort"):
        return KEY_RULE_SORT
    if equals_nocase(name, "sort_ro"):
        return KEY_RULE_SORT_RO
    if equals_nocase(name, "migrate"):
        return KEY_RULE_MIGRATE
    if equals_nocase(name, "streams"):
        return KEY_RULE_STREAMS
    return KEY_RULE_NONE


cdef void add_spec(KeySpecs *specs, const KeySpec *spec) noexcept nogil:
    specs.items[specs.count] = spec[0]
    specs.count += 1
    specs.flags |= spec.flags
    if not spec.flags & KEY_NOT_KEY:
        specs.has_keys = True
    if spec.find == KEY_FIND_COUNT and specs.rule == KEY_RULE_NONE:
        specs.rule = KEY_RULE_COUNTED


cdef int count_of(Slice text) noexcept nogil:
    cdef int count = text.size > 0
    cdef size_t index
    for index in range(text.size):
        count += text.data[index] == c';'
    return count


cdef bint key_specs_compile(Slice text, KeySpecs *specs) noexcept nogil:
    cdef Slice rest = text
    cdef Slice part
    cdef KeySpec spec
    cdef int count
    memset(specs, 0, sizeof(KeySpecs))
    text = take_until(&rest, c'!')
    specs.rule = rule_named(rest)
    count = count_of(text)
    if count > MOST_SPECS or (rest.size and specs.rule == KEY_RULE_NONE):
        return False
    if count == 0:
        return True
    specs.room = count
    specs.items = <KeySpec *> mem_zalloc(count * sizeof(KeySpec))
    for _ in range(count):
        memset(&spec, 0, sizeof(spec))
        part = take_until(&text, c';')
        if memchr(part.data, c':', part.size) == NULL:
            return False
        if not read_place(take_until(&part, c':'), &spec) or not read_flags(part, &spec):
            return False
        add_spec(specs, &spec)
    return True


cdef void key_specs_free(KeySpecs *specs) noexcept nogil:
    if specs.items != NULL:
        mem_free(specs.items, specs.room * sizeof(KeySpec))
    memset(specs, 0, sizeof(KeySpecs))
