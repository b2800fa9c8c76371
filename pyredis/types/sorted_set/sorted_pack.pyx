"""The small form of a sorted set; ``sorted_pack.pxd`` describes it."""

from libc.math cimport isnan
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice, likely, slice_compare, slice_of
from pyredis.types.packs.listpack cimport (
    PACK_HEADER,
    SHORT_STRING_MAX,
    Pack,
    PackCode,
    PackItem,
    pack_append,
    pack_check,
    pack_code,
    pack_code_number,
    pack_delete,
    pack_end,
    pack_equals,
    pack_find,
    pack_get,
    pack_insert,
    pack_is_backward,
    pack_next_forward,
    pack_replace,
    pack_size,
    pack_text,
)
from pyredis.types.packs.pack_distinct cimport pack_distinct
from pyredis.types.sorted_set.sorted_tree cimport compare_scored

# 2 ** 62: whole numbers of smaller magnitude are stored as integers.
cdef double WHOLE_LIMIT = 4611686018427387904.0


# ---- scores ----

cdef inline bint is_whole(double score) noexcept nogil:
    return -WHOLE_LIMIT < score < WHOLE_LIMIT and score == <double> <int64_t> score


cdef size_t score_text(double score, char *out) noexcept nogil:
    """Writes the text of a score that is not stored as an integer; returns its size."""
    cdef uint64_t bits
    cdef size_t size = 8, index
    memcpy(&bits, &score, 8)
    for index in range(8):
        out[index] = <char> (bits >> (56 - 8 * index))
    while size > 1 and out[size - 1] == 0:
        size -= 1
    if out[0] == c'-' or c'0' <= out[0] <= c'9':
        out[size] = 0
        size += 1
    return size


cdef void score_code(PackCode *code, double score, char *scratch) noexcept nogil:
    if likely(is_whole(score)):
        pack_code_number(code, <int64_t> score)
    else:
        pack_code(code, slice_of(scratch, score_text(score, scratch)))


cdef double score_at(const Pack *pack, size_t at) noexcept nogil:
    cdef PackItem item = pack_get(pack, at)
    cdef uint64_t bits = 0
    cdef double score
    cdef size_t index
    if likely(item.text == NULL):
        return <double> item.number
    for index in range(min(item.size, <size_t> 8)):
        bits |= <uint64_t> <uint8_t> item.text[index] << (56 - 8 * index)
    memcpy(&score, &bits, 8)
    return score


# ---- pairs ----

cdef inline Slice text_at(const Pack *pack, size_t at, char *digits) noexcept nogil:
    if likely(pack[at] <= SHORT_STRING_MAX):
        return slice_of(<const char *> pack + at + 1, pack[at])
    return pack_text(pack, at, digits)


cdef inline size_t next_pair(const Pack *pack, size_t at) noexcept nogil:
    return pack_next_forward(pack, pack_next_forward(pack, at))


cdef size_t scored_read(const Pack *pack, size_t at, ScoredMember *out) noexcept nogil:
    out.member = text_at(pack, at, out.digits)
    at = pack_next_forward(pack, at)
    out.score = score_at(pack, at)
    return pack_next_forward(pack, at)


cdef size_t scored_find(const Pack *pack, Slice member, size_t *rank) noexcept nogil:
    cdef PackCode code
    cdef size_t found, at = PACK_HEADER
    pack_code(&code, member)
    found = pack_find(pack, PACK_HEADER, &code, 2)
    if found == 0 or rank == NULL:
        return found
    rank[0] = 0
    while at < found:
        at = next_pair(pack, at)
        rank[0] += 1
    return found


cdef bint is_before(const Pack *pack, size_t at, double score, Slice member) noexcept nogil:
    cdef char digits[20]
    cdef double own = score_at(pack, pack_next_forward(pack, at))
    if own != score:
        return own < score
    return slice_compare(text_at(pack, at, digits), member) < 0


cdef size_t scored_rank(const Pack *pack, double score, Slice member, size_t *at) noexcept nogil:
    cdef size_t rank = 0, end = pack_end(pack)
    at[0] = PACK_HEADER
    while at[0] < end and is_before(pack, at[0], score, member):
        at[0] = next_pair(pack, at[0])
        rank += 1
    return rank


cdef size_t scored_rank_of_score(const Pack *pack, double score, bint after) noexcept nogil:
    cdef size_t at = PACK_HEADER, end = pack_end(pack), rank = 0
    cdef double own
    while at < end:
        at = pack_next_forward(pack, at)
        own = score_at(pack, at)
        if own > score or (own == score and not after):
            break
        at = pack_next_forward(pack, at)
        rank += 1
    return rank


cdef size_t scored_rank_of_text(const Pack *pack, Slice text, bint after) noexcept nogil:
    cdef size_t at = PACK_HEADER, end = pack_end(pack), rank = 0
    cdef char digits[20]
    while at < end and slice_compare(text_at(pack, at, digits), text) < <int> after:
        at = next_pair(pack, at)
        rank += 1
    return rank


# ---- changes ----

cdef inline void code_pair(PackCode *codes, Slice member, double score, char *scratch) noexcept nogil:
    pack_code(&codes[0], member)
    score_code(&codes[1], score, scratch)


cdef void scored_insert(Pack **pack, Slice member, double score) noexcept nogil:
    cdef PackCode codes[2]
    cdef char scratch[SCORE_BYTES]
    cdef size_t at
    scored_rank(pack[0], score, member, &at)
    code_pair(codes, member, score, scratch)
    pack_insert(pack, at, codes, 2)


cdef void scored_append(Pack **pack, Slice member, double score) noexcept nogil:
    cdef PackCode codes[2]
    cdef char scratch[SCORE_BYTES]
    code_pair(codes, member, score, scratch)
    pack_append(pack, codes, 2)


cdef void scored_rescore(Pack **pack, size_t at, Slice member, double score) noexcept nogil:
    cdef PackCode code
    cdef char scratch[SCORE_BYTES]
    cdef size_t place
    scored_rank(pack[0], score, member, &place)
    # The search includes the pair itself: if the new place is right before or right after it, the pair does not move.
    if place == at or place == next_pair(pack[0], at):
        score_code(&code, score, scratch)
        pack_replace(pack, pack_next_forward(pack[0], at), &code)
        return
    pack_delete(pack, at, 2)
    scored_insert(pack, member, score)


# ---- untrusted bytes ----

cdef size_t check_pair(const Pack *pack, size_t at, ScoredMember *out) noexcept nogil:
    """Reads a pair and returns the position after it; 0 if the score is NaN or not in its one encoding."""
    cdef size_t behind = scored_read(pack, at, out)
    cdef PackCode code
    cdef char scratch[SCORE_BYTES]
    score_code(&code, out.score, scratch)
    if isnan(out.score) or not pack_equals(pack, pack_next_forward(pack, at), &code):
        return 0
    return behind


cdef bint in_order(const ScoredMember *a, const ScoredMember *b) noexcept nogil:
    return compare_scored(a.score, a.member, b.score, b.member) < 0


cdef bint scored_check(const uint8_t *bytes, size_t size) noexcept nogil:
    cdef size_t at = PACK_HEADER, index = 0
    # The digits of a number are in the struct that it was read into, so two structs are used in turn.
    cdef ScoredMember pairs[2]
    if not pack_check(bytes, size, 2) or pack_is_backward(bytes):
        return False
    while at < size:
        at = check_pair(bytes, at, &pairs[index % 2])
        if at == 0 or (index and not in_order(&pairs[1 - index % 2], &pairs[index % 2])):
            return False
        index += 1
    return pack_distinct(bytes, 2)


cdef bint scored_sound(const Pack *pack) noexcept nogil:
    return scored_check(<const uint8_t *> pack, pack_size(pack))
