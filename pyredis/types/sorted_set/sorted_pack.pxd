"""The small form of a sorted set: a pack of pairs, member and score, in order.

A score that is a whole number between -2**62 and 2**62, both excluded, is stored as an integer, -0 as 0. Any other
score is a string: the bytes of the double, the highest first, without trailing zeros, but with one zero byte at the end
if the string might be read as a decimal number. So every score has exactly one encoding, and most are short.
"""

from libc.stdint cimport uint8_t

from pyredis.ground.base cimport Slice
from pyredis.types.packs.listpack cimport Pack, PackCode

cdef enum:
    SCORE_BYTES = 9

# A member that has been read: valid until the next change of the set, and no longer than this struct itself.
ctypedef struct ScoredMember:
    Slice member
    double score
    char digits[20]

# Encodes a score; its text, if it has one, is written to `scratch` (SCORE_BYTES).
cdef void score_code(PackCode *code, double score, char *scratch) noexcept nogil
cdef double score_at(const Pack *pack, size_t at) noexcept nogil
# Reads the pair at `at`; returns the position of the next one.
cdef size_t scored_read(const Pack *pack, size_t at, ScoredMember *out) noexcept nogil
# Returns the position of the member's pair, or 0 if there is none; sets `rank`, unless NULL, to the member's rank.
cdef size_t scored_find(const Pack *pack, Slice member, size_t *rank) noexcept nogil
# Returns how many pairs are before this score and member in the order, and sets `at` to the position after them.
cdef size_t scored_rank(const Pack *pack, double score, Slice member, size_t *at) noexcept nogil
cdef size_t scored_rank_of_score(const Pack *pack, double score, bint after) noexcept nogil
cdef size_t scored_rank_of_text(const Pack *pack, Slice text, bint after) noexcept nogil
# Inserts a member that is not in the pack yet.
cdef void scored_insert(Pack **pack, Slice member, double score) noexcept nogil
# Like `scored_insert`, for a member that belongs at the end.
cdef void scored_append(Pack **pack, Slice member, double score) noexcept nogil
# Changes the score of the pair at `at`, and moves the pair accordingly. `member` is its member, outside of the pack.
cdef void scored_rescore(Pack **pack, size_t at, Slice member, double score) noexcept nogil
cdef bint scored_sound(const Pack *pack) noexcept nogil
# Fully validates `size` untrusted bytes as such a pack.
cdef bint scored_check(const uint8_t *bytes, size_t size) noexcept nogil
