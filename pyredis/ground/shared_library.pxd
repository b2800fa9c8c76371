"""Libraries that are opened at run time, and the table of functions that a module takes from one."""

cdef extern from "<dlfcn.h>" nogil:
    void *dlsym(void *library, const char *name)

# A function by its name, and the variable that is to hold its address.
ctypedef struct Symbol:
    const char *name
    void **address

# Opens a library and resolves all of its names. Raises OSError with the system's reason.
cdef void *library_open(str path) except NULL
# Returns the names that the library does not have.
cdef list library_missing(void *library, const Symbol *symbols, int count)
# Fills in all addresses; a function that is missing gets NULL.
cdef void library_bind(void *library, const Symbol *symbols, int count) noexcept
