"""Compiling the rights of a user, and checking calls against them; ``permissions.pxd`` has the contract.

A selector has the bit of each command that it allows, by ``Command.index``. A pattern of keys or channels that has no
special character but a last ``*`` is compared as a prefix, others by the glob matcher.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_MULTI, CLIENT_RESTRICTED, CLIENT_SCRIPT, Client
from pyredis.call.command cimport (
    CMD_NAMES_CHANNEL,
    CMD_NAMES_CHANNELS,
    CMD_NAMES_PATTERNS,
    CMD_NO_AUTH,
    Command,
    accepts_count,
)
from pyredis.call.command_keys cimport EVERY_KEY, FoundKeys, command_keys, found_keys_release
from pyredis.call.handlers cimport client_object, excerpt
from pyredis.call.key_specs cimport KEY_ACCESS, KEY_DELETE, KEY_INSERT, KEY_UPDATE
from pyredis.call.state cimport RESTRICT_USER, Server, State, find_called
from pyredis.ground.base cimport Slice, likely, slice_of
from pyredis.ground.glob cimport glob_match

from pyredis.call.handlers import CommandError

cdef enum PatternKind:
    EXACT
    PREFIX
    GLOB

ctypedef struct Pattern:
    PatternKind kind
    uint32_t rights             # Right; of a channel: 0
    Slice text                  # without the last star if it is a prefix

# A command that is allowed with this first argument only.
ctypedef struct FirstArgument:
    int command
    Slice text

ctypedef struct Selector:
    bint all_commands
    bint all_keys
    bint all_channels
    uint8_t *commands           # a bit for each index
    int command_count
    Pattern *keys
    int key_count
    Pattern *channels
    int channel_count
    FirstArgument *first
    int first_count

cdef enum:
    CHANNELS = CMD_NAMES_CHANNEL | CMD_NAMES_CHANNELS | CMD_NAMES_PATTERNS

# The keys of a call, which are found when the first selector needs them.
ctypedef struct Request:
    const Command *command
    int argc
    const Slice *argv
    bint searched
    FoundKeys keys


# ---- memory ----

cdef void *new_items(size_t count, size_t size) except? NULL:
    """Returns zeroed memory for ``count`` items, which is never NULL; raises MemoryError."""
    cdef void *items = calloc(max(count, <size_t> 1), size)
    if items == NULL:
        raise MemoryError
    return items


cdef int keep_text(Slice *kept, bytes text) except -1:
    cdef char *data = <char *> new_items(len(text), 1)
    memcpy(data, <const char *> text, len(text))
    kept[0] = slice_of(data, len(text))
    return 0


cdef void free_patterns(Pattern *patterns, int count) noexcept nogil:
    cdef int index
    for index in range(count):
        free(<void *> patterns[index].text.data)
    free(patterns)


cdef void free_selector(Selector *selector) noexcept nogil:
    cdef int index
    free(selector.commands)
    free_patterns(selector.keys, selector.key_count)
    free_patterns(selector.channels, selector.channel_count)
    for index in range(selector.first_count):
        free(<void *> selector.first[index].text.data)
    free(selector.first)


cdef void free_selectors(void *selectors, int count) noexcept nogil:
    cdef int index
    for index in range(count):
        free_selector(<Selector *> selectors + index)
    free(selectors)


cdef void release(Rights *rights) noexcept nogil:
    rights.references -= 1
    if rights.references == 0:
        free_selectors(rights.selectors, rights.count)
        free(rights)


cdef void client_forget_user(Client *client) noexcept nogil:
    if client.user != NULL:
        release(<Rights *> client.user)
        client.user = NULL
        client.flags &= ~<uint32_t> CLIENT_RESTRICTED


cdef void client_set_user(Client *client, Permissions permissions) noexcept:
    permissions.rights.references += 1
    client_forget_user(client)
    client.user = permissions.rights
    client.flags |= CLIENT_RESTRICTED


cdef bytes client_user(const Client *client):
    return name_of(<const Rights *> client.user) if client.user != NULL else b"default"


cdef bint client_user_is_gone(const Client *client) noexcept nogil:
    return client.user != NULL and (<const Rights *> client.user).owner == NULL


# ---- compiling ----

cdef int compile_pattern(Pattern *pattern, bytes text, uint32_t rights) except -1:
    special = [at for at, byte in enumerate(text) if byte in b"*?[\\"]
    pattern.rights = rights
    if not special:
        pattern.kind = EXACT
    elif special == [len(text) - 1] and text.endswith(b"*"):
        pattern.kind = PREFIX
        text = text[:len(text) - 1]
    else:
        pattern.kind = GLOB
    return keep_text(&pattern.text, text)


cdef int compile_selector(Selector *selector, object source) except -1:
    """Fills a zeroed selector; if it raises, what has been filled can be freed."""
    cdef bytes commands
    cdef int command
    all_commands, all_keys, all_channels, commands, keys, channels, first = source
    selector.all_commands, selector.all_keys, selector.all_channels = all_commands, all_keys, all_channels
    selector.commands = <uint8_t *> new_items(len(commands), 1)
    memcpy(selector.commands, <const char *> commands, len(commands))
    selector.command_count = 8 * len(commands)
    selector.keys = <Pattern *> new_items(len(keys), sizeof(Pattern))
    for text, rights in keys:
        compile_pattern(selector.keys + selector.key_count, text, rights)
        selector.key_count += 1
    selector.channels = <Pattern *> new_items(len(channels), sizeof(Pattern))
    for text in channels:
        compile_pattern(selector.channels + selector.channel_count, text, 0)
        selector.channel_count += 1
    selector.first = <FirstArgument *> new_items(len(first), sizeof(FirstArgument))
    for command, text in first:
        selector.first[selector.first_count].command = command
        keep_text(&selector.first[selector.first_count].text, text)
        selector.first_count += 1
    return 0


# ---- patterns ----

cdef inline bint pattern_takes(const Pattern *pattern, Slice text) noexcept nogil:
    """Returns what ``glob_match`` does: an empty text matches only the empty pattern."""
    if pattern.kind == GLOB:
        return glob_match(pattern.text, text, False)
    if pattern.kind == PREFIX:
        return 0 < text.size >= pattern.text.size and memcmp(text.data, pattern.text.data, pattern.text.size) == 0
    return text.size == pattern.text.size and memcmp(text.data, pattern.text.data, text.size) == 0


cdef bint is_spelled_as(const Pattern *pattern, Slice text) noexcept nogil:
    """Returns whether ``text`` is this very pattern."""
    cdef size_t size = pattern.text.size
    if memcmp(text.data, pattern.text.data, min(size, text.size)) != 0:
        return False
    if pattern.kind == PREFIX:
        return text.size == size + 1 and text.data[size] == c'*'
    return text.size == size


# ---- the check ----

cdef inline uint32_t rights_needed(uint32_t flags) noexcept nogil:
    """Returns the rights that a key's flags (``KeyFlag``) demand; none if the flags are not known."""
    return (RIGHT_READ if flags & KEY_ACCESS else 0) | (
        RIGHT_WRITE if flags & (KEY_INSERT | KEY_DELETE | KEY_UPDATE) else 0)


cdef inline bint takes_key(const Selector *selector, Slice key, uint32_t needed) noexcept nogil:
    cdef int index
    for index in range(selector.key_count):
        if needed & ~selector.keys[index].rights == 0 and pattern_takes(&selector.keys[index], key):
            return True
    return False


cdef bint takes_channel(const Selector *selector, Slice channel, bint is_pattern) noexcept nogil:
    """A pattern to subscribe to must be one of the selector's own, to the letter."""
    cdef int index
    for index in range(selector.channel_count):
        if is_pattern and is_spelled_as(&selector.channels[index], channel):
            return True
        if not is_pattern and pattern_takes(&selector.channels[index], channel):
            return True
    return False


cdef inline char lower(char byte) noexcept nogil:
    return byte | 0x20 if c'A' <= byte <= c'Z' else byte


cdef bint equals_any_case(Slice one, Slice other) noexcept nogil:
    cdef size_t index
    if one.size != other.size:
        return False
    for index in range(one.size):
        if lower(one.data[index]) != lower(other.data[index]):
            return False
    return True


cdef bint takes_first_argument(const Selector *selector, const Request *request) noexcept nogil:
    cdef int index
    if request.argc < 2:
        return False
    for index in range(selector.first_count):
        if selector.first[index].command == request.command.index and \
                equals_any_case(selector.first[index].text, request.argv[1]):
            return True
    return False


cdef inline bint takes_command(const Selector *selector, const Request *request) noexcept nogil:
    cdef int index = request.command.index
    if selector.all_commands or request.command.flags & CMD_NO_AUTH:
        return True
    if 0 <= index < selector.command_count and selector.commands[index >> 3] >> (index & 7) & 1:
        return True
    return selector.first_count > 0 and takes_first_argument(selector, request)


cdef inline const FoundKeys *keys_of_request(Request *request) noexcept nogil:
    if not request.searched:
        command_keys(request.command, request.argc, request.argv, EVERY_KEY, &request.keys)
        request.searched = True
    return &request.keys


cdef bint takes_keys(const Selector *selector, Request *request, int *place) noexcept nogil:
    cdef const FoundKeys *keys = keys_of_request(request)
    cdef int index
    for index in range(keys.count):
        place[0] = keys.items[index].place
        if not takes_key(selector, request.argv[place[0]], rights_needed(keys.items[index].flags)):
            return False
    return True


cdef bint takes_channels(const Selector *selector, const Request *request, int *place) noexcept nogil:
    cdef uint32_t flags = request.command.flags
    cdef int last = 1 if flags & CMD_NAMES_CHANNEL else request.argc - 1
    cdef int index
    for index in range(1, last + 1):
        if not takes_channel(selector, request.argv[index], (flags & CMD_NAMES_PATTERNS) != 0):
            place[0] = index
            return False
    return True


cdef inline Denial selector_denial(const Selector *selector, Request *request, int *place) noexcept nogil:
    place[0] = 0
    if not takes_command(selector, request):
        return DENIED_COMMAND
    if not selector.all_keys and request.command.keys.has_keys and not takes_keys(selector, request, place):
        return DENIED_KEY
    if not selector.all_channels and request.command.flags & CHANNELS and \
            not takes_channels(selector, request, place):
        return DENIED_CHANNEL
    return ALLOWED


cdef inline void begin_request(Request *request, const Command *command, int argc, const Slice *argv) noexcept nogil:
    request.command = command
    request.argc = argc
    request.argv = argv
    request.searched = False


cdef inline void end_request(Request *request) noexcept nogil:
    if request.searched:
        found_keys_release(&request.keys)


cdef Denial find_denial(const Rights *rights, const Command *command, int argc, const Slice *argv, int *place
                        ) noexcept nogil:
    """Of the denials of several selectors, the highest counts, and of equal ones the last argument."""
    cdef Request request
    cdef Denial worst = DENIED_COMMAND, denial = DENIED_COMMAND
    cdef int index, at
    place[0] = 0
    begin_request(&request, command, argc, argv)
    for index in range(rights.count):
        denial = selector_denial(<const Selector *> rights.selectors + index, &request, &at)
        if denial == ALLOWED:
            break
        if denial > worst or (denial == worst and at > place[0]):
            worst = denial
            place[0] = at
    end_request(&request)
    return ALLOWED if denial == ALLOWED else worst


cdef bint reads_any_key(const Selector *selector) noexcept nogil:
    cdef int index
    cdef const Pattern *pattern
    if selector.all_keys:
        return True
    for index in range(selector.key_count):
        pattern = selector.keys + index
        if pattern.rights & RIGHT_READ and pattern.kind == PREFIX and pattern.text.size == 0:
            return True
    return False


cdef bint may_read_any_key(const Rights *rights, const Command *command, int argc, const Slice *argv) noexcept nogil:
    cdef const Selector *selector
    cdef Request request
    cdef bint found = False
    cdef int index, at
    begin_request(&request, command, argc, argv)
    for index in range(rights.count):
        selector = <const Selector *> rights.selectors + index
        if reads_any_key(selector) and selector_denial(selector, &request, &at) == ALLOWED:
            found = True
            break
    end_request(&request)
    return found


# ---- what is said about a denial ----

cdef bytes name_of(const Rights *rights):
    return (<Permissions> rights.owner).name if rights.owner != NULL else b""


cdef bytes text_of(bytes name, Command *command, Denial denial):
    if denial == DENIED_COMMAND:
        return b"User " + name + b" has no permissions to run the '" + (<bytes> command.name) + b"' command"
    if denial == DENIED_KEY:
        return b"No permissions to access a key"
    return b"No permissions to access a channel"


cdef bytes denial_text(const Call *call, Denial denial):
    return text_of(name_of(rights_of(call.server, call.client)), call.command, denial)


cdef void note_denial(Call *call, Denial denial, int place, DenialContext context) noexcept with gil:
    cdef Server *server = call.server
    cdef Client *shown = call.client
    cdef bytes about = <bytes> call.command.name
    core = <object> server.core
    if denial != DENIED_COMMAND:
        about = bytes(excerpt(call.argv[place]))
    # What a script runs, it runs for the client that called it.
    if shown.flags & CLIENT_SCRIPT and server.current != NULL:
        shown = server.current
    where = "lua" if context == IN_SCRIPT else "multi" if call.client.flags & CLIENT_MULTI else "toplevel"
    try:
        core.host.users.note_denial(
            client_object(shown), ("command", "key", "channel")[<int> denial - 1], where, about,
            name_of(rights_of(server, call.client)),
        )
    except Exception as error:
        core.host.report_exception("Logging a refused command failed", error)


cdef Denial check_rights(Call *call, DenialContext context) noexcept nogil:
    cdef const Rights *rights = rights_of(call.server, call.client)
    cdef Denial denial
    cdef int place
    if likely(rights == NULL):
        return ALLOWED
    denial = find_denial(rights, call.command, call.argc, call.argv, &place)
    if denial != ALLOWED:
        note_denial(call, denial, place, context)
    return denial


# ---- for Python ----

cdef class Permissions:
    """The rights of one user, as clients refer to them."""

    def __cinit__(self, bytes name not None):
        self.name = name
        self.rights = <Rights *> new_items(1, sizeof(Rights))
        self.rights.references = 1
        self.rights.owner = <void *> self

    def __dealloc__(self):
        if self.rights != NULL:
            self.rights.owner = NULL
            release(self.rights)

    def define(self, selectors):
        """Sets the rights, for the clients that have them already too.

        ``selectors`` are tuples: all commands, all keys and all channels as bools; a bit for each index of a command as
        bytes; key patterns, each with its ``Right``; channel patterns; indices of commands, each with an argument.
        """
        cdef int count = 0
        cdef Selector *made = <Selector *> new_items(len(selectors), sizeof(Selector))
        cdef bint unrestricted = False
        try:
            for source in selectors:
                count += 1
                compile_selector(made + count - 1, source)
                unrestricted = unrestricted or (source[0] and source[1] and source[2])
        except BaseException:
            free_selectors(made, count)
            raise
        free_selectors(self.rights.selectors, self.rights.count)
        self.rights.selectors = made
        self.rights.count = count
        self.rights.unrestricted = unrestricted

    def retire(self):
        """The user has been deleted: clients that still refer to it may do nothing until they authenticate again."""
        self.define([])
        self.rights.owner = NULL

    @property
    def unrestricted(self):
        """Whether some selector allows everything."""
        return self.rights.unrestricted


def restrict_default_user(State state not None, Permissions permissions=None):
    """Sets the rights of the default user, which ``permissions`` must outlive; None if it may do everything."""
    state.server.default_user = permissions.rights if permissions is not None else NULL
    state.server.restrictions &= ~<uint32_t> RESTRICT_USER
    if permissions is not None:
        state.server.restrictions |= RESTRICT_USER


cdef class _Words:
    """The slices of a list of bytes, which must outlive them."""

    cdef int count
    cdef Slice *items

    def __cinit__(self, list words not None):
        cdef bytes word
        self.items = <Slice *> new_items(len(words), sizeof(Slice))
        for word in words:
            self.items[self.count] = slice_of(<const char *> word, len(word))
            self.count += 1

    def __dealloc__(self):
        free(self.items)


def dry_run(State state not None, Permissions permissions not None, list argv not None):
    """Returns why the user may not call the command, as ACL DRYRUN says it; None if it may.

    Raises CommandError for a command that does not exist or does not accept that number of arguments.
    """
    cdef _Words words = _Words(argv)
    cdef Command *command = find_called(&state.server, words.count, words.items)
    cdef Denial denial
    cdef int place
    if command == NULL:
        name = argv[0].split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
        raise CommandError(f"ERR Command '{name}' not found")
    if not accepts_count(command, words.count):
        raise CommandError(f"ERR wrong number of arguments for '{command.name.decode()}' command")
    if permissions.rights.unrestricted:
        return None
    denial = find_denial(permissions.rights, command, words.count, words.items, &place)
    if denial == ALLOWED:
        return None
    if denial == DENIED_COMMAND:
        return text_of(permissions.name, command, denial)
    kind = b"key" if denial == DENIED_KEY else b"channel"
    return b"User " + permissions.name + b" has no permissions to access the '" + argv[place] + b"' " + kind
