"""Random members of a set, each as likely as any other."""

from libc.stdint cimport uint64_t

from pyredis.types.set.set cimport SetLimits, SetVisitor
from pyredis.types.set.set_forms cimport Set, SetMember

# The set must have one.
cdef void set_random(Set *set, uint64_t *random, SetMember *out) noexcept nogil
# Visits `count` different random members, or all of them if there are not more.
cdef void set_sample(Set *set, size_t count, uint64_t *random, SetVisitor visit, void *context) noexcept nogil
# Removes `count` random members, each after a visit; the set must have more.
cdef void set_pop(
    Set **set, size_t count, const SetLimits *limits, uint64_t *random, SetVisitor visit, void *context) noexcept nogil
