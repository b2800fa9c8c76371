"""The keys of a call: which arguments are keys, and what the command does with each.

Every use of keys goes through here: COMMAND GETKEYS, access rules, client tracking, slots. The command's specifications
are tried first. If they do not suffice, because they do not hold for every call or because the call does not fit them,
the command's rule decides (``KeyRule``), as in Redis. A call that the command itself would refuse has no keys, or those
that Redis would find in it.
"""

from libc.stdint cimport uint32_t

from pyredis.call.command cimport Command
from pyredis.ground.base cimport Slice

cdef enum:
    FEW_KEYS = 8

ctypedef struct FoundKey:
    int place                   # among the arguments
    uint32_t flags              # KeyFlag; 0 if the rule does not know them

# The keys of one call, in the order of specifications and rules. Must be released.
ctypedef struct FoundKeys:
    FoundKey *items
    int count
    int room
    FoundKey few[FEW_KEYS]

# What is found in addition to the keys that COMMAND GETKEYS returns.
cdef enum KeySearch:
    KEYS_ALONE = 0
    KEYS_AND_CHANNELS = 1       # channels, which are routed like keys (`KEY_NOT_KEY`)
    # The keys of an option that is given twice, of which commands use the last, and those of the specifications that
    # fit a call which another one does not fit. Redis overlooks them, so its users can reach keys of others.
    EVERY_KEY = 2

# Finds the keys of a call of `command` (of the subcommand if it has any), whose number of arguments must satisfy its
# arity; returns how many there are.
cdef int command_keys(const Command *command, int argc, const Slice *argv, KeySearch search, FoundKeys *found
                      ) noexcept nogil
cdef void found_keys_release(FoundKeys *found) noexcept nogil
