"""Where a command's keys are among its arguments: the specifications of its row, compiled.

``commands/table/keyspecs`` defines the syntax of the rows. The outline holds the same specifications in one word, which
is compiled here. The specifications are separated by ``;``; each is a place, a colon and a letter for each flag. ``!``
and the name of a rule may follow them:

    1:Ra                            argument 1
    1..2:Ra                         arguments 1 to 2
    1..-1/2:Ou                      every second argument from 1 on
    #2:Ra                           argument 2 is the number of keys that follow it
    STORE@6:Ou                      the argument after the first STORE found from argument 6 on
    STREAMS@1..-1%2:Ra              the first half of the arguments after STREAMS
    1:Ra;?:Ra;?:Ou!sort             ``?``: no specification gives the place; the rule ``sort`` finds it
"""

from libc.stdint cimport int16_t, uint8_t, uint16_t

from pyredis.ground.base cimport Slice

# What a command does with a key. The first four exclude one another; all have Redis's names and order.
cdef enum KeyFlag:
    KEY_RO = 1 << 0             # reads the value
    KEY_RW = 1 << 1             # changes the value or its metadata
    KEY_OW = 1 << 2             # overwrites the value
    KEY_RM = 1 << 3             # removes the key
    KEY_ACCESS = 1 << 4         # the data reaches the reply or another key
    KEY_UPDATE = 1 << 5         # the data changes
    KEY_INSERT = 1 << 6         # data is added, and existing data does not change
    KEY_DELETE = 1 << 7         # part of the data, or all of it, is deleted
    KEY_NOT_KEY = 1 << 8        # not a key, but routed like one: a channel
    KEY_INCOMPLETE = 1 << 9     # there are calls whose keys the specification does not find
    KEY_VARIABLE = 1 << 10      # the flags depend on the call
    KEY_FLAG_COUNT = 11

cdef enum KeyBegin:
    KEY_BEGIN_UNKNOWN
    KEY_BEGIN_INDEX             # at argument `start`
    KEY_BEGIN_KEYWORD           # after `keyword`, searched from argument `start` on; backwards if that is negative

cdef enum KeyFind:
    KEY_FIND_RANGE
    KEY_FIND_COUNT              # the argument is a number, and the keys follow it

# How keys are found if the specifications do not say, or not for every call.
cdef enum KeyRule:
    KEY_RULE_NONE
    KEY_RULE_COUNTED            # any command with an argument that is the number of its keys
    KEY_RULE_SET
    KEY_RULE_BITFIELD
    KEY_RULE_SORT
    KEY_RULE_SORT_RO
    KEY_RULE_MIGRATE
    KEY_RULE_STREAMS

cdef enum:
    KEY_KEYWORD = 12

ctypedef struct KeySpec:
    uint8_t begin               # KeyBegin
    uint8_t find                # KeyFind
    uint16_t flags              # KeyFlag
    int16_t start
    int16_t last                # of a range: relative to its first key; if negative, to the end
    int16_t step
    int16_t limit               # only 1/limit of the arguments from the first key on are keys; 0 for all
    char keyword[KEY_KEYWORD]   # lower case

# All specifications of a command.
ctypedef struct KeySpecs:
    KeySpec *items
    uint8_t count
    uint8_t room
    uint8_t rule                # KeyRule
    uint16_t flags              # of all items together
    bint has_keys               # at least one is not KEY_NOT_KEY

# False if the text has an error; `specs` must be freed in either case.
cdef bint key_specs_compile(Slice text, KeySpecs *specs) noexcept nogil
cdef void key_specs_free(KeySpecs *specs) noexcept nogil
