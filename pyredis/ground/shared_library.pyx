"""Opens libraries with ``dlopen``; ``shared_library.pxd`` has the contract."""

cdef extern from "<dlfcn.h>" nogil:
    enum:
        RTLD_NOW
        RTLD_LOCAL

    void *dlopen(const char *path, int mode)
    char *dlerror()


cdef void *library_open(str path) except NULL:
    cdef bytes name = path.encode("utf-8", "surrogateescape")
    cdef void *library = dlopen(<const char *> name, RTLD_NOW | RTLD_LOCAL)
    if library == NULL:
        raise OSError(dlerror().decode("utf-8", "replace"))
    return library


cdef list library_missing(void *library, const Symbol *symbols, int count):
    cdef int index
    cdef list missing = []
    for index in range(count):
        if dlsym(library, symbols[index].name) == NULL:
            missing.append(symbols[index].name.decode())
    return missing


cdef void library_bind(void *library, const Symbol *symbols, int count) noexcept:
    cdef int index
    for index in range(count):
        symbols[index].address[0] = dlsym(library, symbols[index].name)
