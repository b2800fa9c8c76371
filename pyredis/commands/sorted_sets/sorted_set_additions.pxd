"""Adding members with their scores: what ZADD, ZINCRBY and GEOADD have in common."""

from pyredis._resp cimport Replied
from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice

ctypedef struct Addition:
    int conditions          # of `zset_add`
    bint tells_changes      # CH
    int at                  # the first argument behind the options
    int stride              # arguments that each member takes, its name the last of them
    int count               # of members
    int created
    int updated
    bint processed          # INCR: the member has the score that was asked for
    double score            # INCR: what became of it

# Reads the scores of all members; answers and returns False where one is none.
ctypedef bint (*ScoreReader)(Call *call, const Addition *add, double *scores) noexcept nogil

# Notes NX, XX and CH; False where the word is none of them.
cdef bint addition_option(Slice word, Addition *add) noexcept nogil
# What follows the options, at `add.at`: counts the members. Answers and returns False where there is no whole member.
cdef bint addition_members(Call *call, Addition *add) noexcept nogil
# Adds to the set at argument 1, and answers.
cdef Replied add_members(Call *call, Addition *add, ScoreReader read) noexcept nogil
