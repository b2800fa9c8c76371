"""Whether long commands give other threads turns; ``turns.pxd`` has the contract."""

cdef extern from *:
    """
    int pyredis_turns_are_wanted = 0;
    unsigned pyredis_steps = 0;
    """
    int pyredis_turns_are_wanted


def want_turns():
    """Lets long commands give turns to other threads from now on."""
    global pyredis_turns_are_wanted
    pyredis_turns_are_wanted = 1
