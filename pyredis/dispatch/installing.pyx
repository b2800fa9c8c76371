"""Filling the command table; ``installing.pxd`` has the contract."""

from libc.stdint cimport uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset

from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_IsValid

from pyredis.call.command cimport (
    CMD_ADMIN,
    CMD_ALLOW_BUSY,
    CMD_BLOCKING,
    CMD_DENYOOM,
    CMD_FAST,
    CMD_GUARDED,
    CMD_HOLDS_SECRETS,
    CMD_LOADING,
    CMD_MAY_REPLICATE,
    CMD_NAMES_CHANNEL,
    CMD_NAMES_CHANNELS,
    CMD_NAMES_FUNCTION,
    CMD_NAMES_PATTERNS,
    CMD_NEEDS_FILE,
    CMD_NOSCRIPT,
    CMD_NO_AUTH,
    CMD_NO_MANDATORY_KEYS,
    CMD_NO_MULTI,
    CMD_PUSHES,
    CMD_READONLY,
    CMD_REMOVED,
    CMD_RENAMED,
    CMD_RUNS_QUEUE,
    CMD_RUNS_SCRIPT,
    CMD_SKIP_MONITOR,
    CMD_SKIP_SLOWLOG,
    CMD_SUBSCRIBED,
    CMD_UNQUEUED,
    CMD_WRITE,
    Command,
    name_hash,
)
from pyredis.call.key_specs cimport key_specs_compile, key_specs_free
from pyredis.call.renames cimport renames_add, renames_free
from pyredis.call.state cimport Server, find_command
from pyredis.dispatch.added cimport added_command, removed_command
from pyredis.ground.base cimport equals_nocase, slice_of
from pyredis.ground.memory cimport mem_free, mem_realloc, mem_zalloc

cdef enum:
    LEAST_PLACES = 1024         # of the index, which is at most half full

# The flags and marks that native code needs; COMMAND reads its own from the rows.
_FLAGS = {
    "write": CMD_WRITE,
    "readonly": CMD_READONLY,
    "denyoom": CMD_DENYOOM,
    "noscript": CMD_NOSCRIPT,
    "may_replicate": CMD_MAY_REPLICATE,
    "names_function": CMD_NAMES_FUNCTION,
    "allow_busy": CMD_ALLOW_BUSY,
    "admin": CMD_ADMIN,
    "skip_monitor": CMD_SKIP_MONITOR,
    "loading": CMD_LOADING,
    "skip_slowlog": CMD_SKIP_SLOWLOG,
    "fast": CMD_FAST,
    "blocking": CMD_BLOCKING,
    "no_auth": CMD_NO_AUTH,
    "no_multi": CMD_NO_MULTI,
    "no_mandatory_keys": CMD_NO_MANDATORY_KEYS,
    "guarded": CMD_GUARDED,
    "holds_secrets": CMD_HOLDS_SECRETS,
    "names_channel": CMD_NAMES_CHANNEL,
    "names_channels": CMD_NAMES_CHANNELS,
    "names_patterns": CMD_NAMES_PATTERNS,
    "needs_file": CMD_NEEDS_FILE,
    "runs_queue": CMD_RUNS_QUEUE,
    "script": CMD_RUNS_SCRIPT,
    "unqueued": CMD_UNQUEUED,
    "subscribed": CMD_SUBSCRIBED,
    "pushes": CMD_PUSHES,
}


# ---- the index ----

cdef int count_names(const Server *server) noexcept nogil:
    cdef int index, count = 0
    for index in range(server.command_count + server.added_count):
        count += is_indexed(command_at(server, index))
    return count


cdef inline bint is_indexed(const Command *command) noexcept nogil:
    return command.parent == NULL and not command.flags & (CMD_REMOVED | CMD_RENAMED)


cdef void put_in_index(Server *server, Command *command) noexcept nogil:
    cdef uint64_t at = name_hash(command.name, command.name_size) & server.index_mask
    while server.index[at] != NULL:
        at = (at + 1) & server.index_mask
    server.index[at] = command


cdef void build_index(Server *server) noexcept nogil:
    cdef size_t places = LEAST_PLACES
    cdef int index
    drop_index(server)
    while places < 2 * <size_t> count_names(server):
        places *= 2
    server.index = <Command **> mem_zalloc(places * sizeof(Command *))
    server.index_mask = places - 1
    for index in range(server.command_count + server.added_count):
        if is_indexed(command_at(server, index)):
            put_in_index(server, command_at(server, index))


cdef void drop_index(Server *server) noexcept nogil:
    if server.index != NULL:
        mem_free(server.index, (server.index_mask + 1) * sizeof(Command *))
        server.index = NULL


# ---- the table ----

cdef int fill_command(Command *command, object spec) except -1:
    cdef bytes name = spec.name.encode()
    cdef bytes keys = spec.key_word.encode()
    memcpy(command.name, <const char *> name, len(name))
    command.name_size = len(name)
    command.arity = spec.arity
    command.first_key = spec.first_key
    command.part = spec.part_place
    command.flags = 0
    for fact in spec.facts:
        command.flags |= <unsigned> _FLAGS.get(fact, 0)
    if not key_specs_compile(slice_of(<const char *> keys, len(keys)), &command.keys):
        raise ValueError(f"{spec.name}: invalid key specifications: {spec.key_word!r}")
    return 0


cdef int install(Server *server, int index, object spec, object handler, Command *parent, list described, list handlers
                 ) except -1:
    cdef Command *command = server.commands + index
    fill_command(command, spec)
    command.parent = parent
    command.index = index if handler is not None else -1
    described[index] = spec
    if PyCapsule_IsValid(handler, "pyredis.handler"):
        command.handler = PyCapsule_GetPointer(handler, "pyredis.handler")
    else:
        handlers[index] = handler
    return 0


cdef int install_table(Server *server, dict specs, dict bound, list described, list handlers) except -1:
    cdef int index = 0
    cdef int next_sub = len(specs)
    cdef Command *command
    server.command_count = next_sub + sum(len(spec.subcommands) for spec in specs.values())
    server.commands = <Command *> mem_zalloc(server.command_count * sizeof(Command))
    described[:] = [None] * server.command_count
    handlers[:] = described
    for spec in specs.values():
        command = server.commands + index
        install(server, index, spec, bound.get(spec.name), NULL, described, handlers)
        command.subcommands = server.commands + next_sub
        command.subcommand_count = len(spec.subcommands)
        for sub in spec.subcommands.values():
            install(server, next_sub, sub, bound.get(sub.name), command, described, handlers)
            next_sub += 1
        index += 1
    build_index(server)
    return 0


cdef int rename_commands(Server *server, dict names) except -1:
    cdef bytes new
    cdef Command *command
    cdef int index
    by_name = {server.commands[index].name: index for index in range(server.command_count)}
    for original, name in names.items():
        command = server.commands + <int> by_name[original.encode()]
        new = name.encode("utf-8", "surrogateescape")
        renames_add(&server.renames, command, slice_of(<const char *> new, len(new)))
        command.flags |= CMD_RENAMED
    build_index(server)
    return 0


# ---- added commands ----

cdef Command *find_added(const Server *server, bytes name) noexcept:
    """Returns the added command of that name, also if it has been removed; NULL if there is none."""
    cdef int index
    for index in range(server.added_count):
        if equals_nocase(slice_of(<const char *> name, len(name)), server.added[index].name):
            return server.added[index]
    return NULL


cdef Command *new_added(Server *server) noexcept nogil:
    cdef size_t size = server.added_count * sizeof(Command *)
    cdef Command *command = <Command *> mem_zalloc(sizeof(Command))
    server.added = <Command **> mem_realloc(server.added, size, size + sizeof(Command *))
    server.added[server.added_count] = command
    command.index = server.command_count + server.added_count
    # Until it has a name.
    command.flags = CMD_REMOVED
    server.added_count += 1
    return command


cdef int install_added(Server *server, object spec, object function, list described, list handlers) except -1:
    cdef bytes name = spec.name.encode()
    cdef Command *command
    if len(name) >= <Py_ssize_t> sizeof(command.name):
        raise ValueError(f"a command's name has at most {sizeof(command.name) - 1} bytes: {spec.name!r}")
    if find_command(server, slice_of(<const char *> name, len(name))) != NULL:
        raise ValueError(f"there is a command of this name: {spec.name!r}")
    command = find_added(server, name)
    if command == NULL:
        command = new_added(server)
        described.append(None)
        handlers.append(None)
    else:
        key_specs_free(&command.keys)
        memset(&command.keys, 0, sizeof(command.keys))
    fill_command(command, spec)
    command.handler = <void *> added_command
    described[command.index] = spec
    handlers[command.index] = function
    build_index(server)
    return 0


cdef int remove_added(Server *server, str name, list handlers) except -1:
    cdef Command *command = find_added(server, name.encode())
    if command == NULL or command.flags & CMD_REMOVED:
        raise ValueError(f"no command of this name was added: {name!r}")
    command.flags |= CMD_REMOVED
    command.handler = <void *> removed_command
    handlers[command.index] = None
    build_index(server)
    return 0


# ---- the end ----

cdef void free_command(Command *command) noexcept nogil:
    free(command.histogram)
    key_specs_free(&command.keys)


cdef void free_commands(Server *server) noexcept nogil:
    cdef int index
    drop_index(server)
    for index in range(server.command_count + server.added_count):
        free_command(command_at(server, index))
    for index in range(server.added_count):
        mem_free(server.added[index], sizeof(Command))
    mem_free(server.added, server.added_count * sizeof(Command *))
    mem_free(server.commands, server.command_count * sizeof(Command))
    renames_free(server.renames)
