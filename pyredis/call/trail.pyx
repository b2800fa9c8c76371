"""Keeping the last commands; ``trail.pxd`` has the contract."""

from libc.stdlib cimport calloc
from libc.string cimport memcpy


cdef Trail *trail_new() noexcept nogil:
    return <Trail *> calloc(1, sizeof(Trail))


cdef void trail_describe(Step *step, int64_t client, const Command *command, const Slice *argv, size_t argc
                         ) noexcept nogil:
    step.command = command
    step.client = client
    step.keyed = command != NULL and command.first_key > 0 and <size_t> command.first_key < argc
    if step.keyed:
        step.key_size = argv[command.first_key].size
        memcpy(step.key, argv[command.first_key].data, min(step.key_size, <size_t> TRAIL_KEY))


cdef void trail_begin(Trail *trail, int64_t client, const Request *requests, Command **commands,
                      const Arguments *arguments, const int *at, int count) noexcept nogil:
    cdef const Request *last = requests + count - 1
    trail_describe(trail.steps + trail.count % TRAIL_STEPS, client, commands[count - 1], arguments.items + last.first,
                   last.count)
    trail.count += 1
    trail.requests = requests
    trail.commands = commands
    trail.arguments = arguments
    trail.at = at
