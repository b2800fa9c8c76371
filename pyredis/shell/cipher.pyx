"""The interface of a connection's encryption. Without TLS nothing implements it."""


cdef class Cipher:
    """The encryption of one connection."""

    cdef char *buffer(self, size_t *size) noexcept:
        return NULL

    cdef int feed(self, const char *data, size_t size) except -1:
        raise NotImplementedError

    cdef int keep(self) except -1:
        raise NotImplementedError

    cdef bint has_more(self) noexcept:
        return False

    cdef void shake(self) noexcept:
        pass

    cdef size_t read(self, char *data, size_t size) noexcept:
        return 0

    cdef bint write(self, const char *data, size_t size) noexcept:
        return False

    cdef void add(self, const char *data, size_t size) noexcept:
        pass

    cdef bint end(self) noexcept:
        return False

    cdef void sent(self) noexcept:
        pass

    cdef void say_goodbye(self) noexcept:
        pass

    cdef void cut(self) noexcept:
        pass

    cdef str reason(self):
        raise NotImplementedError

    cdef size_t held(self) noexcept:
        return 0
