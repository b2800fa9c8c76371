"""The small form of a sorted set: a pack of pairs, member and score, in order.

A score that is a whole number of less than 62 bits is stored as an integer, -0 as 0. Any other one is a string: the
bytes of the double, the highest first, without the zeros at the end; where that string might read as a decimal number,
one zero byte follows. So every score has one encoding, and most are short.
"""

from libc.stdint cimport uint8_t

from pyredis.ground.base cimport Slice
from pyredis.types.packs.listpack cimport Pack, PackCode

cdef enum:
    SCORE_BYTES = 9

# A member as readers tell it: good until the next change of the set, and no longer than this struct itself.
ctypedef struct ScoredMember:
    Slice member
    double score
    char digits[20]

# The code of a score, whose text, if it has one, stands in `scratch`.
cdef void score_code(PackCode *code, double score, char *scratch) noexcept nogil
cdef double score_at(const Pack *pack, size_t at) noexcept nogil
# Reads the pair at `at`; the position of the next one.
cdef size_t scored_read(const Pack *pack, size_t at, ScoredMember *out) noexcept nogil
# The position of the member's pair, 0 without one; `rank`, where not NULL, is its number.
cdef size_t scored_find(const Pack *pack, Slice member, size_t *rank) noexcept nogil
# How many pairs come before this place in the order, and in `at` where the next one begins.
cdef size_t scored_rank(const Pack *pack, double score, Slice member, size_t *at) noexcept nogil
cdef size_t scored_rank_of_score(const Pack *pack, double score, bint after) noexcept nogil
cdef size_t scored_rank_of_text(const Pack *pack, Slice text, bint after) noexcept nogil
# The member must not be there.
cdef void scored_insert(Pack **pack, Slice member, double score) noexcept nogil
# As `scored_insert` where the place is known to be the end.
cdef void scored_append(Pack **pack, Slice member, double score) noexcept nogil
# Gives the pair at `at` another score, and its place. `member` is its member, not lying in the pack.
cdef void scored_rescore(Pack **pack, size_t at, Slice member, double score) noexcept nogil
cdef bint scored_sound(const Pack *pack) noexcept nogil
# Whether `size` foreign bytes are such a pack in every detail.
cdef bint scored_check(const uint8_t *bytes, size_t size) noexcept nogil
