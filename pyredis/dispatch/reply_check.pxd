"""Whether a command has written one reply, no more and no less; only builds with ``PYREDIS_CHECKS`` ask."""

from pyredis._resp cimport Reply

cdef extern from "checks.h" nogil:
    enum:
        CHECKING

    void check_failed(const char *what, const char *of)

# Whether what stands in the reply buffer from `begin` on is exactly one complete reply, of either protocol.
cdef bint is_one_reply(const Reply *reply, size_t begin) noexcept nogil
