"""Finding the keys of a call: by specifications, then by rule; and the functions for COMMAND GETKEYS."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from pyredis.call.command cimport CMD_NO_MANDATORY_KEYS, Command, accepts_count
from pyredis.call.key_specs cimport (
    KEY_ACCESS,
    KEY_BEGIN_KEYWORD,
    KEY_BEGIN_UNKNOWN,
    KEY_DELETE,
    KEY_FIND_COUNT,
    KEY_FIND_RANGE,
    KEY_INCOMPLETE,
    KEY_NOT_KEY,
    KEY_OW,
    KEY_RO,
    KEY_RULE_BITFIELD,
    KEY_RULE_COUNTED,
    KEY_RULE_MIGRATE,
    KEY_RULE_SET,
    KEY_RULE_SORT,
    KEY_RULE_SORT_RO,
    KEY_RULE_STREAMS,
    KEY_RW,
    KEY_UPDATE,
    KEY_VARIABLE,
    KeySpec,
    key_specs_compile,
    key_specs_free,
)
from pyredis.call.state cimport State, find_called
from pyredis.ground.base cimport Slice, equals_nocase, parse_int64, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free

from pyredis.call.handlers import CommandError

# The names of the bits of KeyFlag, from the lowest on.
KEY_FLAGS = (
    *("RO", "RW", "OW", "RM", "access", "update", "insert", "delete"),
    *("not_key", "incomplete", "variable_flags"),
)

cdef extern from "string.h" nogil:
    size_t strnlen(const char *text, size_t most)

cdef enum:
    # Longer than any keyword that is searched for, in bytes.
    LONGEST_WORD = 16
    READS = KEY_RO | KEY_ACCESS
    READS_AND_WRITES = KEY_RW | KEY_ACCESS | KEY_UPDATE
    OVERWRITES = KEY_OW | KEY_UPDATE
    MOVES = KEY_RW | KEY_ACCESS | KEY_DELETE

# The arguments of a call, and where its keys are collected.
ctypedef struct Search:
    const Command *command
    int argc
    const Slice *argv
    FoundKeys *found


cdef inline bint is_word(const Search *search, int place, const char *lower) noexcept nogil:
    """Returns whether the argument is this word. As in Redis, which compares C strings, a NUL ends the argument."""
    cdef Slice argument = search.argv[place]
    return equals_nocase(slice_of(argument.data, strnlen(argument.data, min(argument.size, <size_t> LONGEST_WORD))),
                         lower)


cdef void make_room(FoundKeys *found, int more) noexcept nogil:
    cdef FoundKey *items
    cdef int room = found.count + more
    if room <= found.room:
        return
    items = <FoundKey *> mem_alloc(room * sizeof(FoundKey))
    memcpy(items, found.items, found.count * sizeof(FoundKey))
    found_keys_release(found)
    found.items = items
    found.room = room


cdef inline void add_key(FoundKeys *found, int place, uint32_t flags) noexcept nogil:
    found.items[found.count].place = place
    found.items[found.count].flags = flags
    found.count += 1


cdef void add_keys(FoundKeys *found, int first, int last, int step, uint32_t flags) noexcept nogil:
    make_room(found, (last - first) // step + 1)
    while first <= last:
        add_key(found, first, flags)
        first += step


cdef void found_keys_release(FoundKeys *found) noexcept nogil:
    if found.items != found.few:
        mem_free(found.items, found.room * sizeof(FoundKey))


# ---- by specifications ----

cdef int after_keyword(const Search *search, const KeySpec *spec) noexcept nogil:
    """Returns the place after the keyword, 0 if it is absent. The search does not examine the argument at which it
    ends: no key could follow the last argument, and argument 1 is never a keyword."""
    cdef int place = spec.start
    if place > 0:
        while place < search.argc - 1:
            if is_word(search, place, spec.keyword):
                return place + 1
            place += 1
        return 0
    place += search.argc
    while place > 1:
        if is_word(search, place, spec.keyword):
            return place + 1
        place -= 1
    return 0


cdef bint find_by_count(const Search *search, const KeySpec *spec, int first) noexcept nogil:
    cdef int64_t count
    cdef Slice number
    if first >= search.argc:
        return False
    number = search.argv[first]
    if not parse_int64(number.data, number.size, &count) or not 0 < count < search.argc - first:
        return False
    add_keys(search.found, first + 1, first + <int> count, 1, spec.flags)
    return True


cdef bint find_by_range(const Search *search, const KeySpec *spec, int first) noexcept nogil:
    cdef int last
    if spec.last >= 0:
        last = first + spec.last
    elif spec.limit:
        last = first + (search.argc - first) // spec.limit + spec.last
    else:
        last = search.argc + spec.last
    if last < first or last >= search.argc:
        return False
    add_keys(search.found, first, last, spec.step, spec.flags)
    return True


cdef bint find_by_spec(const Search *search, const KeySpec *spec) noexcept nogil:
    """Adds the keys of one specification; false if the call does not fit it, or may have keys that it does not find."""
    cdef int first = spec.start
    cdef bint fits
    if spec.begin == KEY_BEGIN_UNKNOWN:
        return False
    if spec.begin == KEY_BEGIN_KEYWORD:
        first = after_keyword(search, spec)
        if first == 0:
            return True
    if spec.find == KEY_FIND_COUNT:
        fits = find_by_count(search, spec, first)
    else:
        fits = find_by_range(search, spec, first)
    return fits and not spec.flags & KEY_INCOMPLETE


cdef void find_each(const Search *search, const KeySpec *spec) noexcept nogil:
    """Finds the key after each keyword of a specification."""
    cdef KeySpec following = spec[0]
    cdef int first = after_keyword(search, &following)
    while first:
        add_keys(search.found, first, first, 1, spec.flags)
        following.start = first + 1
        first = after_keyword(search, &following)


cdef inline bint is_repeatable(const KeySpec *spec) noexcept nogil:
    """Returns whether the specification is for an option that names one key."""
    return spec.begin == KEY_BEGIN_KEYWORD and spec.find == KEY_FIND_RANGE and spec.last == 0 and spec.start > 0


cdef bint find_by_specs(const Search *search, KeySearch wanted) noexcept nogil:
    """Returns whether all specifications fit. If not, nothing is found, except with EVERY_KEY, where the keys of those
    that fit remain."""
    cdef int index
    cdef bint fits = True
    for index in range(search.command.keys.count):
        if search.command.keys.items[index].flags & KEY_NOT_KEY and wanted != KEYS_AND_CHANNELS:
            continue
        if wanted == EVERY_KEY and is_repeatable(&search.command.keys.items[index]):
            find_each(search, &search.command.keys.items[index])
        elif not find_by_spec(search, &search.command.keys.items[index]):
            fits = False
            if wanted != EVERY_KEY:
                search.found.count = 0
                break
    return fits


# ---- by rules ----

cdef int lenient_number(Slice text) noexcept nogil:
    """Reads a number like C's atoi: the leading digits, after blanks and a sign; 0 if there are none. It is read as 64
    bits, of which the lower 32 are returned."""
    cdef size_t at = 0
    cdef uint64_t value = 0, digit, most
    cdef bint negative
    while at < text.size and (text.data[at] == c' ' or c'\t' <= text.data[at] <= c'\r'):
        at += 1
    negative = at < text.size and text.data[at] == c'-'
    if negative or (at < text.size and text.data[at] == c'+'):
        at += 1
    most = <uint64_t> 0x7fffffffffffffff + negative
    while at < text.size and c'0' <= text.data[at] <= c'9':
        digit = text.data[at] - c'0'
        value = value * 10 + digit if value <= (most - digit) // 10 else most
        at += 1
    return <int> <uint32_t> (0 - value if negative else value)


cdef void find_counted(Search *search) noexcept nogil:
    """Finds keys after a number, read as leniently as Redis does here; the key of another specification comes last."""
    cdef const KeySpec *spec
    cdef int index, count, stored = 0, number = 0
    for index in range(search.command.keys.count):
        spec = &search.command.keys.items[index]
        if spec.find == KEY_FIND_COUNT:
            number = spec.start
        else:
            stored = spec.start
    if number >= search.argc:
        return
    count = lenient_number(search.argv[number])
    if count < 1 or count > search.argc - number - 1:
        return
    add_keys(search.found, number + 1, number + count, 1, 0)
    if stored:
        add_keys(search.found, stored, stored, 1, 0)


cdef void find_of_set(Search *search) noexcept nogil:
    """Finds the key of SET, which reads the old value only if GET is among its options."""
    cdef int place
    add_key(search.found, 1, OVERWRITES)
    for place in range(3, search.argc):
        if is_word(search, place, "get"):
            search.found.items[0].flags = READS_AND_WRITES


cdef void find_of_bitfield(Search *search) noexcept nogil:
    """Finds the key of BITFIELD, which writes unless every operation is a GET; an invalid one counts as a write."""
    cdef int place = 2
    cdef uint32_t flags = READS
    while place < search.argc:
        if is_word(search, place, "get") and place + 2 < search.argc:
            place += 3
        elif is_word(search, place, "overflow") and place + 1 < search.argc:
            place += 2
        else:
            flags = READS_AND_WRITES
            break
    add_key(search.found, 1, flags)


cdef void find_of_sort(Search *search) noexcept nogil:
    """Finds the keys of SORT: the last STORE counts. The keys that patterns refer to depend on the data."""
    cdef int place = 2
    add_key(search.found, 1, READS)
    while place < search.argc:
        if is_word(search, place, "limit"):
            place += 2
        elif is_word(search, place, "get") or is_word(search, place, "by"):
            place += 1
        elif is_word(search, place, "store") and place + 1 < search.argc:
            search.found.count = 1
            add_key(search.found, place + 1, OVERWRITES)
        place += 1


cdef void find_of_migrate(Search *search) noexcept nogil:
    """Finds the keys of MIGRATE: argument 3, or, if that is empty, the arguments after KEYS."""
    cdef int place = 6
    while place < search.argc:
        if is_word(search, place, "keys"):
            if place + 1 < search.argc and search.argv[3].size == 0:
                add_keys(search.found, place + 1, search.argc - 1, 1, MOVES)
            return
        if is_word(search, place, "auth"):
            place += 1
        elif is_word(search, place, "auth2"):
            place += 2
        place += 1
    add_key(search.found, 3, MOVES)


cdef void find_of_streams(Search *search) noexcept nogil:
    """Finds the keys after STREAMS. Skips each option with its arguments: a group or consumer may be named STREAMS."""
    cdef int place = 1, count
    while place < search.argc and not is_word(search, place, "streams"):
        if is_word(search, place, "block") or is_word(search, place, "count"):
            place += 2
        elif is_word(search, place, "group"):
            place += 3
        elif is_word(search, place, "noack"):
            place += 1
        else:
            return
    count = search.argc - place - 1
    if count > 0 and count % 2 == 0:
        add_keys(search.found, place + 1, place + count // 2, 1, 0)


cdef void find_by_rule(Search *search) noexcept nogil:
    cdef int rule = search.command.keys.rule
    if rule == KEY_RULE_COUNTED:
        find_counted(search)
    elif rule == KEY_RULE_SET:
        find_of_set(search)
    elif rule == KEY_RULE_BITFIELD:
        find_of_bitfield(search)
    elif rule == KEY_RULE_SORT:
        find_of_sort(search)
    elif rule == KEY_RULE_SORT_RO:
        add_key(search.found, 1, READS)
    elif rule == KEY_RULE_MIGRATE:
        find_of_migrate(search)
    elif rule == KEY_RULE_STREAMS:
        find_of_streams(search)


cdef int command_keys(const Command *command, int argc, const Slice *argv, KeySearch search, FoundKeys *found
                      ) noexcept nogil:
    cdef Search under_way
    found.items = found.few
    found.room = FEW_KEYS
    found.count = 0
    under_way.command = command
    under_way.argc = argc
    under_way.argv = argv
    under_way.found = found
    if command.keys.flags & KEY_VARIABLE or not find_by_specs(&under_way, search):
        find_by_rule(&under_way)
    return found.count


# ---- for Python ----

cdef class _Words:
    """The slices of a list of bytes, which must outlive them."""

    cdef int count
    cdef Slice *items

    def __cinit__(self, list words not None):
        cdef bytes word
        cdef int index
        self.count = len(words)
        self.items = <Slice *> mem_alloc(self.count * sizeof(Slice))
        for index in range(self.count):
            word = words[index]
            self.items[index] = slice_of(<const char *> word, len(word))

    def __dealloc__(self):
        mem_free(self.items, self.count * sizeof(Slice))


cdef list places_of(const Command *command, _Words words, KeySearch search):
    cdef FoundKeys found
    cdef int index
    command_keys(command, words.count, words.items, search, &found)
    places = [(found.items[index].place, found.items[index].flags) for index in range(found.count)]
    found_keys_release(&found)
    return places


def keys_of(State state, list argv not None):
    """Returns the keys of a complete command as (place, flags); ``KEY_FLAGS`` names the bits of the flags.

    Raises CommandError with the texts of COMMAND GETKEYS.
    """
    cdef _Words words = _Words(argv)
    cdef const Command *command = find_called(&state.server, words.count, words.items)
    if command == NULL:
        raise CommandError("ERR Invalid command specified")
    if not command.keys.has_keys:
        raise CommandError("ERR The command has no key arguments")
    if not accepts_count(command, words.count):
        raise CommandError("ERR Invalid number of arguments specified for command")
    found = places_of(command, words, KEYS_ALONE)
    if not found and not command.flags & CMD_NO_MANDATORY_KEYS:
        raise CommandError("ERR Invalid arguments specified for command")
    return found


def keys_by(str text not None, list argv not None, bint channels=False):
    """Returns the same by the specifications in ``text`` (syntax: ``call/key_specs.pxd``), for any command.

    Raises ValueError for invalid specifications. The caller must ensure that the number of arguments suffices.
    """
    cdef Command command
    cdef bytes encoded = text.encode()
    memset(&command, 0, sizeof(command))
    try:
        if not key_specs_compile(slice_of(encoded, len(encoded)), &command.keys):
            raise ValueError(f"invalid key specifications: {text!r}")
        return places_of(&command, _Words(argv), KEYS_AND_CHANNELS if channels else KEYS_ALONE)
    finally:
        key_specs_free(&command.keys)
