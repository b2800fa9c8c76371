"""Waiting to enter, and leaving while others wait; ``exclusion.pxd`` has the contract."""

from cpython.exc cimport PyErr_CheckSignals
from cpython.pythread cimport PyThread_get_thread_ident
from libc.stdint cimport uint64_t

cdef extern from "gate.h" nogil:
    int gate_init(Gate *gate)
    void gate_destroy(Gate *gate)
    uint64_t gate_openings(Gate *gate)
    void gate_open(Gate *gate)
    void gate_wait(Gate *gate, uint64_t seen, long ms)

cdef enum:
    # How long a thread waits before it looks whether a signal has arrived.
    PATIENCE_MS = 50

# Identifiers of no thread: of the one that nobody follows, and of those that wait. The latter keeps a thread that has
# just left from entering again before one of them: otherwise a thread that is always inside when it loses the
# interpreter's lock would keep all others out.
cdef unsigned long NOBODY = <unsigned long> -1
cdef unsigned long PASSED_ON = <unsigned long> -2


# Those of the servers that run.
cdef set _in_use = set()


class Refused(ConnectionError):
    """Nobody may enter any more."""


def check_outside(str action not None):
    """Raises RuntimeError if the calling thread is inside any exclusion that is in use: it runs a handler in Python.

    The thread of the loop may wait for that exclusion, and must not be waited for meanwhile.
    """
    for exclusion in list(_in_use):
        if exclusion.held_here:
            raise RuntimeError(f"the handler of a command cannot {action}")


cdef class Exclusion:
    """For one server: ``with exclusion`` lets no other thread use it."""

    def __cinit__(self):
        if gate_init(&self.gate):
            raise MemoryError("no mutex")
        self.usable = True

    def __dealloc__(self):
        if self.usable:
            gate_destroy(&self.gate)

    def __enter__(self):
        exclusion_enter(self)
        return self

    def __exit__(self, kind, error, trace):
        exclusion_leave(self)

    def put_in_use(self, bint used):
        """Says whether `check_outside` concerns it."""
        if used:
            _in_use.add(self)
        else:
            _in_use.discard(self)

    @property
    def held_here(self):
        """Whether the calling thread is inside."""
        return self.holder == PyThread_get_thread_ident()

    cdef int wait(self, unsigned long thread) except -1:
        cdef uint64_t seen
        if self.refusal is not None:
            self.reject()
        if self.holder == thread:
            raise RuntimeError("called while a command of the same database runs in this thread")
        self.waiting += 1
        try:
            while True:
                if self.refusal is not None:
                    self.reject()
                seen = gate_openings(&self.gate)
                with nogil:
                    gate_wait(&self.gate, seen, PATIENCE_MS)
                PyErr_CheckSignals()
                if self.holder == 0 or self.holder == PASSED_ON:
                    break
        except BaseException:
            self.waiting -= 1
            if self.waiting == 0 and self.holder == PASSED_ON:
                self.holder = 0
            raise
        self.waiting -= 1
        self.holder = thread
        return 0

    cdef int reject(self) except -1:
        self.hold_abandoned()
        raise RuntimeError(self.refusal) if self.forked else Refused(self.refusal)

    def abandon_threads(self):
        """All threads except the calling one and the servant get no error any more: see `hold_abandoned`."""
        self.survivor = PyThread_get_thread_ident()

    def hold_abandoned(self):
        """Must be called before a thread gets an error of the end. Never returns in an abandoned thread.

        The exit of the interpreter ends such a thread, a daemon, which could do nothing with the error but print it.
        """
        cdef unsigned long thread = PyThread_get_thread_ident()
        while self.survivor != 0 and self.survivor != thread and self.servant != thread:
            with nogil:
                gate_wait(&self.gate, gate_openings(&self.gate), PATIENCE_MS)

    cdef int open(self) except -1:
        cdef list actions
        while self.left_over is not None:
            actions = self.left_over
            self.left_over = None
            for action in actions:
                action()
        if self.refusal is not None:
            self.holder = NOBODY
        else:
            self.holder = PASSED_ON if self.waiting else 0
        if self.waiting:
            gate_open(&self.gate)
        return 0

    def refuse(self, str reason not None):
        """Refuses every thread from now on, with Refused. A thread that is inside leaves as usual."""
        self.refusal = reason
        if self.holder == 0 or self.holder == PASSED_ON:
            self.holder = NOBODY

    def after_fork(self, str reason not None):
        """Refuses every thread of a child process, in which neither the holder nor those that wait exist.

        They get a RuntimeError: nothing that a program does about a lost connection would help.
        """
        self.refusal = reason
        self.forked = True
        self.holder = NOBODY
        self.waiting = 0
        # Threads of the parent may wait at the gate, and destroying it would wait for them.
        self.usable = False
        self.survivor = 0
        # So that a thread that is inside does not let others in when it leaves.
        self.left_over = []

    cdef int do_or_leave(self, object action) except -1:
        if self.holder == 0:
            exclusion_enter(self)
            try:
                action()
            finally:
                exclusion_leave(self)
        elif self.refusal is not None:
            return 0
        elif self.left_over is None:
            self.left_over = [action]
        else:
            self.left_over.append(action)
        return 0
