"""A list that is searched from its beginning: hardly anybody renames more than ten commands."""

from pyredis.ground.base cimport Slice, equals_nocase
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_realloc, mem_zalloc


cdef char *lower_copy(Slice name) noexcept nogil:
    """Returns a copy in lower case that ends in a NUL."""
    cdef char *copy = <char *> mem_alloc(name.size + 1)
    cdef size_t index
    for index in range(name.size):
        copy[index] = name.data[index] | 0x20 if c'A' <= name.data[index] <= c'Z' else name.data[index]
    copy[name.size] = 0
    return copy


cdef void renames_add(Renames **renames, Command *command, Slice name) noexcept nogil:
    cdef Renames *list = renames[0]
    cdef Rename *added
    if list == NULL:
        renames[0] = list = <Renames *> mem_zalloc(sizeof(Renames))
    list.items = <Rename *> mem_realloc(list.items, list.count * sizeof(Rename), (list.count + 1) * sizeof(Rename))
    added = list.items + list.count
    added.command = command
    added.size = name.size
    added.name = lower_copy(name) if name.size else NULL
    list.count += 1


cdef Command *renames_find(const Renames *renames, Slice name) noexcept nogil:
    cdef size_t index
    for index in range(renames.count):
        if renames.items[index].name != NULL and renames.items[index].size == name.size and \
                equals_nocase(name, renames.items[index].name):
            return renames.items[index].command
    return NULL


cdef Command *renames_find_original(const Renames *renames, Slice name) noexcept nogil:
    cdef size_t index
    cdef Command *command
    for index in range(renames.count):
        command = renames.items[index].command
        if command.name_size == name.size and equals_nocase(name, command.name):
            return command
    return NULL


cdef void renames_free(Renames *renames) noexcept nogil:
    cdef size_t index
    if renames == NULL:
        return
    for index in range(renames.count):
        if renames.items[index].name != NULL:
            mem_free(renames.items[index].name, renames.items[index].size + 1)
    mem_free(renames.items, renames.count * sizeof(Rename))
    mem_free(renames, sizeof(Renames))
