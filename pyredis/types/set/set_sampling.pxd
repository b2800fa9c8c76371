"""Random members of a set, all equally likely."""

from libc.stdint cimport uint64_t

from pyredis.types.set.set cimport SetLimits, SetVisitor
from pyredis.types.set.set_forms cimport Set, SetMember

# Reads a random member; the set must not be empty.
cdef void set_random(Set *set, uint64_t *random, SetMember *out) noexcept nogil
# Visits `count` different random members, or all of them if there are no more than that.
cdef void set_sample(Set *set, size_t count, uint64_t *random, SetVisitor visit, void *context) noexcept nogil
# Removes `count` random members and visits each one before that; the set must have more than `count`.
cdef void set_pop(
    Set **set, size_t count, const SetLimits *limits, uint64_t *random, SetVisitor visit, void *context) noexcept nogil
