"""A log and a reader as Python objects."""

from pyredis.journal.log cimport Log, LogReader


cdef class LogWriter:
    cdef Log log


cdef class LogFollower:
    cdef object owner           # of the log: it must outlive the reader
    cdef Log *log
    cdef LogReader reader
    cdef readonly object fell_behind

    # `log` is a part of `owner`.
    cdef int follow(self, Log *log, object owner, object limit) except -1
