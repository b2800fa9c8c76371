"""The set in its three forms; ``set.pxd`` describes them and has the contracts.

Invariants between calls: all members differ. Every change of a member uses ``intset_add``, ``intset_remove``,
``pack_append``, ``pack_delete``, ``members_add`` or ``members_remove``.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from pyredis.ground.base cimport Slice, format_int64, likely, prefetch
from pyredis.ground.memory cimport mem_footprint
from pyredis.types.packs.listpack cimport (
    PACK_HEADER,
    PACK_OWNER_SHIFT,
    PACK_SIZE_LIMIT,
    Pack,
    PackCode,
    pack_append,
    pack_check,
    pack_copy,
    pack_count,
    pack_delete,
    pack_end,
    pack_find,
    pack_free,
    pack_is_backward,
    pack_new,
    pack_next_forward,
    pack_size,
)
from pyredis.types.packs.pack_distinct cimport pack_distinct
from pyredis.types.set.intset cimport (
    INTSET_COUNT_LIMIT,
    Intset,
    intset_add,
    intset_check,
    intset_copy,
    intset_count,
    intset_free,
    intset_get,
    intset_has,
    intset_new,
    intset_remove,
)
from pyredis.types.set.set_forms cimport (
    SET_INTEGERS,
    SET_PACKED,
    SET_TABLE,
    as_code,
    as_number,
    form_of,
    integers_of,
    members_of,
    new_packed,
    number_member,
    pack_of,
    packed_member,
    table_member,
)
from pyredis.types.set.set_members cimport (
    Members,
    members_add,
    members_copy,
    members_free_some,
    members_have,
    members_memory,
    members_new,
    members_remove,
    members_sound,
)
from pyredis.types.table.guard cimport Guard
from pyredis.types.table.hashtable cimport (
    Table,
    hash_of,
    table_iterate,
    table_iterate_end,
    table_next,
    table_prefetch_bucket,
    table_prefetch_element,
    table_reserve,
    table_scan,
    table_size,
)

cdef enum:
    # Bytes that the head of an element may add to its text in a pack.
    PACK_OVERHEAD = 16


# ---- the set ----

cdef Set *set_new_table(size_t count) noexcept nogil:
    cdef Members *members = members_new(SET_TABLE << PACK_OWNER_SHIFT)
    table_reserve(&members.table, count)
    return <Set *> members


cdef Set *set_new_integers() noexcept nogil:
    return <Set *> intset_new(SET_INTEGERS)


cdef Set *set_new(const SetMember *first, size_t count, const SetLimits *limits) noexcept nogil:
    cdef int64_t number
    if count <= limits.integers and as_number(first, &number):
        return set_new_integers()
    return new_packed() if count <= limits.entries else set_new_table(count)


cdef void *set_copy(const void *set) noexcept nogil:
    if form_of(set) == SET_TABLE:
        return members_copy(members_of(set))
    if form_of(set) == SET_PACKED:
        return pack_copy(<const Pack *> set)
    return intset_copy(<const Intset *> set)


cdef void set_free(Set *set) noexcept nogil:
    set_free_some(set, <size_t> -1)


cdef bint set_free_some(void *set, size_t budget) noexcept nogil:
    if form_of(set) == SET_TABLE:
        return members_free_some(members_of(set), budget)
    if form_of(set) == SET_PACKED:
        pack_free(<Pack *> set)
    else:
        intset_free(<Intset *> set)
    return True


cdef int set_form(const Set *set) noexcept nogil:
    return form_of(set)


cdef const char *set_encoding(const void *set) noexcept nogil:
    if form_of(set) == SET_TABLE:
        return "hashtable"
    return "listpack" if form_of(set) == SET_PACKED else "intset"


cdef size_t set_memory(const void *set) noexcept nogil:
    if form_of(set) == SET_TABLE:
        return members_memory(members_of(set))
    # Both packs and arrays of integers begin with their size.
    return mem_footprint(pack_size(<const Pack *> set))


cdef size_t set_size(const void *set) noexcept nogil:
    if form_of(set) == SET_TABLE:
        return table_size(&members_of(set).table)
    if form_of(set) == SET_PACKED:
        return pack_count(<const Pack *> set)
    return intset_count(<const Intset *> set)


cdef bint set_check(const uint8_t *bytes, size_t size) noexcept nogil:
    if size < PACK_HEADER:
        return False
    if form_of(bytes) == SET_INTEGERS:
        return intset_check(bytes, size)
    return (form_of(bytes) == SET_PACKED and pack_check(bytes, size, 1)
            and not pack_is_backward(bytes) and pack_distinct(bytes, 1))


cdef bint set_sound(Set *set) noexcept nogil:
    """Returns whether the invariants of this module hold; for tests."""
    if form_of(set) == SET_TABLE:
        return members_sound(members_of(set))
    return set_check(<const uint8_t *> set, pack_size(<const Pack *> set))


# ---- from one form to another ----

cdef void convert_to_table(Set **set, size_t count) noexcept nogil:
    """Converts the set to a table with room for ``count`` members, including the existing ones."""
    cdef Set *table = set_new_table(count)
    cdef SetIterator iterator
    cdef SetMember member
    cdef char digits[20]
    cdef Slice text
    set_iterate(set[0], &iterator)
    while set_next(&iterator, &member):
        text = member_slice(&member, digits)
        members_add(members_of(table), text, hash_of(text))
    set_iterate_end(&iterator)
    set_free(set[0])
    set[0] = table


cdef void convert_to_pack(Set **set) noexcept nogil:
    cdef Pack *pack = pack_new(SET_PACKED, False)
    cdef PackCode codes[SET_BATCH]
    cdef SetIterator iterator
    cdef SetBatch batch
    cdef size_t i
    set_iterate(set[0], &iterator)
    while set_next_batch(&iterator, &batch):
        for i in range(batch.count):
            as_code(&batch.members[i], &codes[i])
        pack_append(&pack, codes, batch.count)
    set_iterate_end(&iterator)
    set_free(set[0])
    set[0] = <Set *> pack


cdef size_t longest_number(const Intset *integers) noexcept nogil:
    """Returns the length of the longest member in decimal, including the sign."""
    cdef size_t count = intset_count(integers)
    cdef char digits[20]
    if count == 0:
        return 0
    return max(format_int64(digits, intset_get(integers, 0)), format_int64(digits, intset_get(integers, count - 1)))


cdef void leave_integers(Set **set, size_t size, const SetLimits *limits) noexcept nogil:
    """Converts the set to a form that can take a member of ``size`` bytes that is not an integer."""
    cdef size_t count = set_size(set[0])
    if count < limits.entries and max(size, longest_number(<Intset *> set[0])) <= limits.value and (
            size + PACK_OVERHEAD * (count + 1) < PACK_SIZE_LIMIT):
        convert_to_pack(set)
    else:
        convert_to_table(set, count + 1)


cdef inline size_t most_integers(const SetLimits *limits) noexcept nogil:
    return min(limits.integers, <size_t> INTSET_COUNT_LIMIT)


cdef void set_expect(Set **set, size_t count, const SetLimits *limits) noexcept nogil:
    cdef int form = form_of(set[0])
    if form == SET_TABLE:
        return
    if count > (limits.entries if form == SET_PACKED else most_integers(limits)):
        convert_to_table(set, max(count, set_size(set[0])))


cdef void set_confine_integers(Set **set, const SetLimits *limits) noexcept nogil:
    cdef size_t count = set_size(set[0]), longest
    if form_of(set[0]) != SET_INTEGERS or count <= most_integers(limits):
        return
    longest = longest_number(<Intset *> set[0])
    if count <= limits.entries and longest <= limits.value and (longest + PACK_OVERHEAD) * count < PACK_SIZE_LIMIT:
        convert_to_pack(set)
    else:
        convert_to_table(set, count)


cdef Guard **set_guard(void *set) noexcept nogil:
    return &members_of(set).guard if form_of(set) == SET_TABLE else NULL


cdef Table *set_table(void *set) noexcept nogil:
    return &members_of(set).table if form_of(set) == SET_TABLE else NULL


# ---- one member ----

cdef bint set_has(Set *set, const SetMember *member) noexcept nogil:
    cdef char digits[20]
    cdef int64_t number
    cdef PackCode code
    cdef Slice text
    if form_of(set) == SET_TABLE:
        text = member_slice(member, digits)
        return members_have(members_of(set), text, hash_of(text))
    if form_of(set) == SET_INTEGERS:
        return as_number(member, &number) and intset_has(<Intset *> set, number)
    as_code(member, &code)
    return pack_find(<Pack *> set, PACK_HEADER, &code, 1) != 0


cdef bint add_to_table(Members *members, const SetMember *member) noexcept nogil:
    cdef char digits[20]
    cdef Slice text = member_slice(member, digits)
    cdef uint64_t hash = hash_of(text)
    if members_have(members, text, hash):
        return False
    members_add(members, text, hash)
    return True


cdef bint add_number(Set **set, int64_t number, const SetLimits *limits) noexcept nogil:
    if not intset_add(integers_of(set), number):
        return False
    if intset_count(<Intset *> set[0]) > most_integers(limits):
        convert_to_table(set, set_size(set[0]))
    return True


cdef inline bint fits_pack(const Set *set, size_t size, const SetLimits *limits) noexcept nogil:
    return (size <= limits.value and set_size(set) < limits.entries
            and pack_size(<const Pack *> set) + size < PACK_SIZE_LIMIT - PACK_OVERHEAD)


cdef bint add_packed(Set **set, const SetMember *member, const SetLimits *limits) noexcept nogil:
    cdef char digits[20]
    cdef PackCode code
    as_code(member, &code)
    if pack_find(<Pack *> set[0], PACK_HEADER, &code, 1):
        return False
    if likely(fits_pack(set[0], member_slice(member, digits).size, limits)):
        pack_append(pack_of(set), &code, 1)
        return True
    convert_to_table(set, set_size(set[0]) + 1)
    return add_to_table(members_of(set[0]), member)


cdef bint set_add(Set **set, const SetMember *member, const SetLimits *limits) noexcept nogil:
    cdef int64_t number
    if form_of(set[0]) == SET_INTEGERS:
        if as_number(member, &number):
            return add_number(set, number, limits)
        leave_integers(set, member.size, limits)
    if form_of(set[0]) == SET_PACKED:
        return add_packed(set, member, limits)
    return add_to_table(members_of(set[0]), member)


cdef bint set_remove(Set **set, const SetMember *member) noexcept nogil:
    cdef char digits[20]
    cdef int64_t number
    cdef PackCode code
    cdef Slice text
    cdef size_t at
    if form_of(set[0]) == SET_TABLE:
        text = member_slice(member, digits)
        return members_remove(members_of(set[0]), text, hash_of(text))
    if form_of(set[0]) == SET_INTEGERS:
        return as_number(member, &number) and intset_remove(integers_of(set), number)
    as_code(member, &code)
    at = pack_find(<Pack *> set[0], PACK_HEADER, &code, 1)
    if at:
        pack_delete(pack_of(set), at, 1)
    return at != 0


# ---- many members ----

cdef void set_iterate(Set *set, SetIterator *iterator) noexcept nogil:
    iterator.set = set
    iterator.at = PACK_HEADER if form_of(set) == SET_PACKED else 0
    iterator.ended = False
    if form_of(set) == SET_TABLE:
        table_iterate(&members_of(set).table, &iterator.walk)


cdef inline bint next_compact(SetIterator *iterator, SetMember *out) noexcept nogil:
    """``set_next`` for the forms that are not tables."""
    cdef const Pack *pack = <const Pack *> iterator.set
    cdef const Intset *integers = <const Intset *> iterator.set
    if form_of(iterator.set) == SET_PACKED:
        if iterator.at == pack_end(pack):
            return False
        out[0] = packed_member(pack, iterator.at)
        iterator.at = pack_next_forward(pack, iterator.at)
        return True
    if iterator.at == intset_count(integers):
        return False
    out[0] = number_member(intset_get(integers, iterator.at))
    iterator.at += 1
    return True


cdef bint set_next(SetIterator *iterator, SetMember *out) noexcept nogil:
    cdef const void *element
    if form_of(iterator.set) != SET_TABLE:
        return next_compact(iterator, out)
    element = table_next(&iterator.walk)
    if element == NULL:
        return False
    out[0] = table_member(element)
    return True


cdef void set_iterate_end(SetIterator *iterator) noexcept nogil:
    if form_of(iterator.set) == SET_TABLE:
        table_iterate_end(&iterator.walk)


cdef struct Scan:
    SetVisitor visit
    void *context


cdef void scan_member(void *context, void *element) noexcept nogil:
    cdef Scan *scan = <Scan *> context
    cdef SetMember member = table_member(element)
    scan.visit(scan.context, &member)


cdef void set_visit(Set *set, SetVisitor visit, void *context) noexcept nogil:
    cdef SetIterator iterator
    cdef SetMember member
    set_iterate(set, &iterator)
    while set_next(&iterator, &member):
        visit(context, &member)
    set_iterate_end(&iterator)


cdef uint64_t set_scan(Set *set, uint64_t cursor, SetVisitor visit, void *context) noexcept nogil:
    cdef Scan scan
    if form_of(set) != SET_TABLE:
        set_visit(set, visit, context)
        return 0
    scan.visit = visit
    scan.context = context
    return table_scan(&members_of(set).table, cursor, scan_member, &scan)


cdef size_t next_elements(SetIterator *iterator, const void **elements) noexcept nogil:
    """Reads a batch of a table's elements and starts to prefetch them."""
    cdef size_t count = 0
    while count < SET_BATCH and not iterator.ended:
        elements[count] = table_next(&iterator.walk)
        if elements[count] == NULL:
            iterator.ended = True
            break
        prefetch(elements[count])
        count += 1
    return count


cdef bint set_next_batch(SetIterator *iterator, SetBatch *batch) noexcept nogil:
    cdef const void *elements[SET_BATCH]
    cdef size_t i
    batch.count = 0
    batch.hashed = False
    if form_of(iterator.set) == SET_TABLE:
        batch.count = next_elements(iterator, elements)
        for i in range(batch.count):
            batch.members[i] = table_member(elements[i])
    else:
        while batch.count < SET_BATCH and next_compact(iterator, &batch.members[batch.count]):
            batch.count += 1
    return batch.count > 0


cdef void fetch_batch(const Members *members, SetBatch *batch) noexcept nogil:
    """Computes the members' hashes, and prefetches their buckets and then the elements in these."""
    cdef char digits[20]
    cdef size_t i
    for i in range(batch.count):
        if not batch.hashed:
            batch.hashes[i] = hash_of(member_slice(&batch.members[i], digits))
        table_prefetch_bucket(&members.table, batch.hashes[i])
    batch.hashed = True
    for i in range(batch.count):
        table_prefetch_element(&members.table, batch.hashes[i])


cdef bint batch_has(Set *set, const SetBatch *batch, size_t i) noexcept nogil:
    cdef char digits[20]
    if form_of(set) != SET_TABLE:
        return set_has(set, &batch.members[i])
    return members_have(members_of(set), member_slice(&batch.members[i], digits), batch.hashes[i])


cdef size_t set_add_batch(Set **set, SetBatch *batch, const SetLimits *limits) noexcept nogil:
    cdef char digits[20]
    cdef size_t i, before = set_size(set[0])
    if form_of(set[0]) == SET_TABLE:
        fetch_batch(members_of(set[0]), batch)
        for i in range(batch.count):
            if not batch_has(set[0], batch, i):
                members_add(members_of(set[0]), member_slice(&batch.members[i], digits), batch.hashes[i])
    else:
        for i in range(batch.count):
            set_add(set, &batch.members[i], limits)
    return set_size(set[0]) - before


cdef void set_filter(Set *set, SetBatch *batch, bint present) noexcept nogil:
    cdef size_t i, kept = 0
    if form_of(set) == SET_TABLE:
        fetch_batch(members_of(set), batch)
    for i in range(batch.count):
        if batch_has(set, batch, i) == present:
            batch.members[kept] = batch.members[i]
            batch.hashes[kept] = batch.hashes[i]
            kept += 1
    batch.count = kept


# ---- prefetch hints ----

cdef uint64_t set_prefetch_place(const void *set, Slice member) noexcept nogil:
    cdef uint64_t key
    if form_of(set) != SET_TABLE:
        return 0
    key = hash_of(member)
    table_prefetch_bucket(&members_of(set).table, key)
    return key


cdef void set_prefetch_member(const void *set, uint64_t key) noexcept nogil:
    table_prefetch_element(&members_of(set).table, key)
