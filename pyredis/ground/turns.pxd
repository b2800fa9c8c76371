"""Turns for the other threads of a program in the middle of a command that takes long.

``offer_turn`` is called once for each of many steps. In a program that embeds a server it gives up the interpreter's
lock once in a thousand steps, and takes it again: another thread gets its turn only if it has waited for some
milliseconds. Commands of other servers may run meanwhile, but none of this one. A server with a process of its own has
no such threads, and nothing happens.
"""

cdef extern from "turns.h" nogil:
    # Needs the interpreter's lock, although its type does not say so.
    void offer_turn()
    # The same without counting steps.
    void offer_turn_now()
