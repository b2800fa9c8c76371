"""The keys of a call: which arguments are keys, and what the command does with each.

Everything that asks for keys asks here, whatever for: COMMAND GETKEYS, access rules, client tracking, slots. The
specifications of the command come first. Where they do not suffice, because they do not hold for every call or because
the call does not fit them, the command's rule decides (``KeyRule``), as in Redis. A call that the command itself would
refuse has no keys, or those that Redis makes out in it.
"""

from libc.stdint cimport uint32_t

from pyredis.call.command cimport Command
from pyredis.ground.base cimport Slice

cdef enum:
    FEW_KEYS = 8

ctypedef struct FoundKey:
    int place                   # among the arguments
    uint32_t flags              # KeyFlag; 0 where the rule does not know them

# The keys of one call, in the order in which specifications and rules name them. To be released.
ctypedef struct FoundKeys:
    FoundKey *items
    int count
    int room
    FoundKey few[FEW_KEYS]

# What stands for keys in routing but is none (`KEY_NOT_KEY`) is found as well.
cdef enum KeySearch:
    KEYS_ALONE = 0
    KEYS_AND_CHANNELS = 1

# Finds the keys of a call whose command is `command` (a subcommand where it has one) and whose number of arguments
# satisfies its arity; returns how many there are.
cdef int command_keys(const Command *command, int argc, const Slice *argv, KeySearch search, FoundKeys *found
                      ) noexcept nogil
cdef void found_keys_release(FoundKeys *found) noexcept nogil
