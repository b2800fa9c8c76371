"""Adding members with their scores: what ZADD, ZINCRBY and GEOADD have in common."""

from pyredis._resp cimport Replied
from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice

ctypedef struct Addition:
    int conditions          # of `zset_add`
    bint tells_changes      # CH
    int at                  # the first argument after the options
    int stride              # arguments per member, the last of which is its name
    int count               # of members
    int created
    int updated
    bint processed          # INCR: no condition prevented the addition
    double score            # INCR: the resulting score

# Reads the scores of all members; if one is invalid, replies with an error and returns False.
ctypedef bint (*ScoreReader)(Call *call, const Addition *add, double *scores) noexcept nogil

# Records NX, XX and CH; returns False if the word is none of them.
cdef bint addition_option(Slice word, Addition *add) noexcept nogil
# Counts the members from `add.at` on. If there is none or one is incomplete, replies with an error and returns False.
cdef bint addition_members(Call *call, Addition *add) noexcept nogil
# Adds the members to the set at argument 1, and replies.
cdef Replied add_members(Call *call, Addition *add, ScoreReader read) noexcept nogil
