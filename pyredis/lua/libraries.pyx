"""The tables of libraries and functions; ``libraries.pxd`` has the contract."""

from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_zalloc
from pyredis.lua.interpreter cimport Interpreter, Runnable
from pyredis.lua.lua_api cimport LUA_REGISTRYINDEX, luaL_unref
from pyredis.types.table.hashtable cimport (
    TableType,
    hash_of,
    table_clear,
    table_get,
    table_init,
    table_insert,
    table_memory,
    table_remove,
)

cdef enum:
    # Names up to this size are put into lower case without an allocation.
    SHORT_NAME = 128


# ---- texts ----

cdef Slice copy_of(Slice text) noexcept nogil:
    cdef char *data = <char *> mem_alloc(max(text.size, <size_t> 1))
    memcpy(data, text.data, text.size)
    return slice_of(data, text.size)


cdef inline void free_text(Slice text) noexcept nogil:
    mem_free(<char *> text.data, max(text.size, <size_t> 1))


cdef inline size_t text_footprint(Slice text) noexcept nogil:
    return mem_footprint(max(text.size, <size_t> 1))


cdef void put_lower(char *out, Slice text) noexcept nogil:
    cdef size_t index
    cdef char c
    for index in range(text.size):
        c = text.data[index]
        out[index] = c | 0x20 if c'A' <= c <= c'Z' else c


# ---- the tables' types ----

cdef void library_key(const void *element, Slice *out) noexcept nogil:
    out[0] = (<const Library *> element).name


cdef void function_key(const void *element, Slice *out) noexcept nogil:
    out[0] = (<const Function *> element).key


cdef TableType _by_name
_by_name.key = library_key
cdef TableType _by_key
_by_key.key = function_key


# ---- a library ----

cdef Library *library_new(Slice name, Slice code) noexcept nogil:
    cdef Library *library = <Library *> mem_zalloc(sizeof(Library))
    library.name = copy_of(name)
    library.code = copy_of(code)
    table_init(&library.functions, &_by_key)
    library.memory = mem_footprint(sizeof(Library)) + text_footprint(name) + text_footprint(code)
    return library


cdef void delete_function(Function *function) noexcept nogil:
    free_text(function.runnable.name)
    free_text(function.key)
    if function.described:
        free_text(function.description)
    mem_free(function, sizeof(Function))


cdef void free_library(Library *library) noexcept nogil:
    cdef Function *function = library.first
    cdef Function *following
    while function != NULL:
        following = function.next
        delete_function(function)
        function = following
    table_clear(&library.functions)
    free_text(library.name)
    free_text(library.code)
    mem_free(library, sizeof(Library))


cdef void library_delete(Interpreter *lua, Library *library) noexcept nogil:
    cdef Function *function = library.first
    while function != NULL:
        # Cannot raise: the reference exists, and so does the list of free references (`lua/sandbox`).
        luaL_unref(lua.main, LUA_REGISTRYINDEX, function.runnable.function)
        function = function.next
    free_library(library)


cdef bint library_add(Library *library, Slice name, const Slice *description, uint32_t flags, int reference
                      ) noexcept nogil:
    cdef Function *function = <Function *> mem_zalloc(sizeof(Function))
    cdef char *lower = <char *> mem_alloc(max(name.size, <size_t> 1))
    put_lower(lower, name)
    function.key = slice_of(lower, name.size)
    function.runnable = Runnable(copy_of(name), flags, reference)
    function.library = library
    if description != NULL:
        function.described = True
        function.description = copy_of(description[0])
    if table_get(&library.functions, function.key, hash_of(function.key)) != NULL:
        delete_function(function)
        return False
    table_insert(&library.functions, function, hash_of(function.key))
    if library.last != NULL:
        library.last.next = function
    else:
        library.first = function
    library.last = function
    library.memory += mem_footprint(sizeof(Function)) + 2 * text_footprint(name)
    if description != NULL:
        library.memory += text_footprint(description[0])
    return True


# ---- all libraries ----

cdef Libraries *libraries_new() noexcept nogil:
    cdef Libraries *libraries = <Libraries *> mem_zalloc(sizeof(Libraries))
    table_init(&libraries.named, &_by_name)
    table_init(&libraries.functions, &_by_key)
    return libraries


cdef void libraries_delete(Libraries *libraries) noexcept nogil:
    if libraries != NULL:
        libraries_clear(libraries)
        mem_free(libraries, sizeof(Libraries))


cdef void libraries_clear(Libraries *libraries) noexcept nogil:
    cdef Library *library = libraries.first
    cdef Library *following
    while library != NULL:
        following = library.after
        free_library(library)
        library = following
    table_clear(&libraries.named)
    table_clear(&libraries.functions)
    libraries.first = NULL
    libraries.last = NULL
    libraries.memory = 0


cdef void libraries_remove_all(Interpreter *lua, Libraries *libraries) noexcept nogil:
    cdef Library *library
    while libraries.first != NULL:
        library = libraries.first
        libraries_take(libraries, library)
        library_delete(lua, library)


cdef size_t libraries_memory(const Libraries *libraries) noexcept nogil:
    cdef const Library *library = libraries.first
    cdef size_t tables = table_memory(&libraries.named) + table_memory(&libraries.functions)
    while library != NULL:
        tables += table_memory(&library.functions)
        library = library.after
    return libraries.memory + tables


cdef Library *libraries_find(Libraries *libraries, Slice name) noexcept nogil:
    return <Library *> table_get(&libraries.named, name, hash_of(name))


cdef Function *libraries_function(Libraries *libraries, Slice name) noexcept nogil:
    cdef char room[SHORT_NAME]
    cdef char *lower = room
    cdef Function *function
    cdef Slice key
    # The compiler does not see that only the part that is set is read.
    room[0] = 0
    if name.size > SHORT_NAME:
        lower = <char *> mem_alloc(name.size)
    put_lower(lower, name)
    key = slice_of(lower, name.size)
    function = <Function *> table_get(&libraries.functions, key, hash_of(key))
    if name.size > SHORT_NAME:
        mem_free(lower, name.size)
    return function


cdef Function *libraries_collision(Libraries *libraries, const Library *library, const Library *replaced
                                   ) noexcept nogil:
    cdef Function *function = library.first
    cdef Function *other
    while function != NULL:
        other = <Function *> table_get(&libraries.functions, function.key, hash_of(function.key))
        if other != NULL and other.library != replaced:
            return function
        function = function.next
    return NULL


cdef void libraries_add(Libraries *libraries, Library *library) noexcept nogil:
    cdef Function *function = library.first
    table_insert(&libraries.named, library, hash_of(library.name))
    while function != NULL:
        table_insert(&libraries.functions, function, hash_of(function.key))
        function = function.next
    library.before = libraries.last
    library.after = NULL
    if libraries.last != NULL:
        libraries.last.after = library
    else:
        libraries.first = library
    libraries.last = library
    libraries.memory += library.memory


cdef void libraries_take(Libraries *libraries, Library *library) noexcept nogil:
    cdef Function *function = library.first
    table_remove(&libraries.named, library.name, hash_of(library.name))
    while function != NULL:
        table_remove(&libraries.functions, function.key, hash_of(function.key))
        function = function.next
    if library.before != NULL:
        library.before.after = library.after
    else:
        libraries.first = library.after
    if library.after != NULL:
        library.after.before = library.before
    else:
        libraries.last = library.before
    libraries.memory -= library.memory
