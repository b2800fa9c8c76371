"""The hash table of pointers behind the keyspace and the collections.

A resize allocates the second array and then moves the buckets of the first in order. Until bucket ``i`` has been moved,
everything that hashes to it is found in, inserted into and removed from the first array; afterwards, the second. So a
lookup probes only one bucket chain, the new array is touched in address order (its pages are not all faulted in at
once), and the memory of the old one is returned to the system piece by piece.
"""

from libc.stdint cimport uint8_t, uint64_t

from pyredis.ground.base cimport (
    Bucket,
    Slice,
    bucket_match,
    likely,
    lowest_bit,
    prefetch,
    siphash13,
    slice_equal,
    unlikely,
)
from pyredis.ground.memory cimport (
    mem_advise_table,
    mem_alloc_table,
    mem_discard_table,
    mem_free_table,
    mem_would_exceed,
)

import os

cdef enum:
    SLOTS = 7
    LINKED = 0x80
    ALL = 0x7f
    # A table grows at GROW_AT elements per bucket on average, and shrinks below SHRINK_AT.
    GROW_AT = 6
    # If the larger array would exceed the account's limit, a table grows only at this many. It is then so full of
    # overflow buckets that it would not be smaller without the larger array.
    GROW_LATE = 10
    SHRINK_AT = 1
    # When a random element is picked, a bucket with more elements than this counts as if it had exactly this many.
    CROWD = 14
    # Bytes of an emptied array that are returned to the system at a time.
    DISCARD = 2 << 20
    # A sample examines at most this many buckets for each element that is wanted.
    SAMPLE_REACH = 10

cdef uint64_t _seed[2]


def _seed_from_system():
    cdef bytes secret = os.urandom(16)
    cdef const char *p = secret
    hash_seed((<const uint64_t *> p)[0], (<const uint64_t *> p)[1])


cdef void hash_seed(uint64_t first, uint64_t second) noexcept nogil:
    _seed[0] = first
    _seed[1] = second


_seed_from_system()


cdef uint64_t hash_key(const char *data, size_t size) noexcept nogil:
    return siphash13(_seed[0], _seed[1], data, size)


cdef inline uint8_t tag_of(uint64_t hash) noexcept nogil:
    return <uint8_t> (hash >> 56)


cdef inline size_t bucket_count(const Table *table, int array) noexcept nogil:
    return <size_t> 1 << table.exponent[array] if table.buckets[array] != NULL else 0


cdef inline unsigned occupied(const Bucket *bucket) noexcept nogil:
    return bucket.meta & (0x3f if bucket.meta & LINKED else ALL)


cdef inline Bucket *next_bucket(const Bucket *bucket) noexcept nogil:
    return <Bucket *> bucket.slots[SLOTS - 1] if bucket.meta & LINKED else NULL


cdef inline int array_of(const Table *table, uint64_t hash) noexcept nogil:
    """Returns the index of the array that is responsible for this hash now."""
    if likely(table.buckets[1] == NULL):
        return 0
    return 0 if (hash & (bucket_count(table, 0) - 1)) >= table.moved else 1


cdef inline Bucket *home(const Table *table, uint64_t hash) noexcept nogil:
    cdef int array = array_of(table, hash)
    return &table.buckets[array][hash & ((<size_t> 1 << table.exponent[array]) - 1)]


cdef Bucket *new_array(uint8_t exponent) noexcept nogil:
    return <Bucket *> mem_alloc_table(sizeof(Bucket) << exponent)


cdef void free_array(Table *table, int array) noexcept nogil:
    mem_free_table(table.buckets[array], sizeof(Bucket) << table.exponent[array])
    table.buckets[array] = NULL


cdef void table_init(Table *table, const TableType *type) noexcept nogil:
    table.buckets[0] = NULL
    table.buckets[1] = NULL
    table.exponent[0] = 0
    table.exponent[1] = 0
    table.pauses = 0
    table.used[0] = 0
    table.used[1] = 0
    table.overflow = 0
    table.moved = 0
    table.type = type


cdef size_t table_size(const Table *table) noexcept nogil:
    return table.used[0] + table.used[1]


cdef size_t table_memory(const Table *table) noexcept nogil:
    return sizeof(Bucket) * (bucket_count(table, 0) + bucket_count(table, 1) + table.overflow)


cdef bint table_is_resizing(const Table *table) noexcept nogil:
    return table.buckets[1] != NULL


# ---- one bucket chain ----

cdef void chain_add(Table *table, Bucket *bucket, void *element, uint8_t tag) noexcept nogil:
    cdef Bucket *child
    cdef unsigned vacant
    while bucket.meta & LINKED:
        vacant = ~bucket.meta & 0x3f
        if vacant:
            break
        bucket = <Bucket *> bucket.slots[SLOTS - 1]
    vacant = ~bucket.meta & (0x3f if bucket.meta & LINKED else ALL)
    if unlikely(vacant == 0):
        child = new_array(0)
        table.overflow += 1
        child.meta = 1
        child.tags[0] = bucket.tags[SLOTS - 1]
        child.slots[0] = bucket.slots[SLOTS - 1]
        bucket.slots[SLOTS - 1] = child
        bucket.meta |= LINKED
        bucket = child
        vacant = ~child.meta & ALL
    cdef int slot = lowest_bit(vacant)
    bucket.tags[slot] = tag
    bucket.slots[slot] = element
    bucket.meta |= 1 << slot


cdef void chain_prune(Table *table, Bucket *bucket) noexcept nogil:
    """Releases the empty overflow buckets of a chain."""
    cdef Bucket *child = next_bucket(bucket)
    while child != NULL:
        if child.meta == 0:
            bucket.meta &= 0x3f
            mem_free_table(child, sizeof(Bucket))
            table.overflow -= 1
            return
        if occupied(child) == 0:
            bucket.slots[SLOTS - 1] = child.slots[SLOTS - 1]
            mem_free_table(child, sizeof(Bucket))
            table.overflow -= 1
        else:
            bucket = child
        child = next_bucket(bucket)


cdef void chain_release(Table *table, Bucket *bucket) noexcept nogil:
    """Releases all overflow buckets of a chain, even those with elements, and marks the first bucket as empty."""
    cdef Bucket *child = next_bucket(bucket)
    cdef Bucket *after
    while child != NULL:
        after = next_bucket(child)
        mem_free_table(child, sizeof(Bucket))
        table.overflow -= 1
        child = after
    bucket.meta = 0


cdef unsigned chain_count(const Bucket *bucket) noexcept nogil:
    cdef unsigned total = 0, taken
    while bucket != NULL:
        taken = occupied(bucket)
        while taken:
            taken &= taken - 1
            total += 1
        bucket = next_bucket(bucket)
    return total


cdef void *chain_pick(const Bucket *bucket, unsigned which) noexcept nogil:
    cdef unsigned taken
    while bucket != NULL:
        taken = occupied(bucket)
        while taken:
            if which == 0:
                return bucket.slots[lowest_bit(taken)]
            which -= 1
            taken &= taken - 1
        bucket = next_bucket(bucket)
    return NULL


# ---- resizing ----

cdef inline uint64_t element_hash(const Table *table, const void *element) noexcept nogil:
    cdef Slice key
    table.type.key(element, &key)
    return hash_of(key)


cdef void prefetch_elements(const Bucket *bucket) noexcept nogil:
    cdef unsigned taken = occupied(bucket)
    while taken:
        prefetch(bucket.slots[lowest_bit(taken)])
        taken &= taken - 1


cdef inline bint is_shrinking(const Table *table) noexcept nogil:
    return table.exponent[1] < table.exponent[0]


cdef inline void move_element(Table *table, size_t index, const Bucket *bucket, int slot) noexcept nogil:
    """Copies the element in ``slot`` of ``bucket``, which is in the chain of bucket ``index``, to the new array.

    If the new array is smaller, ``index`` and the tag contain all the bits of the hash that are needed. If it is
    larger, the hash is computed again.
    """
    cdef size_t mask = bucket_count(table, 1) - 1
    cdef uint64_t hash
    if is_shrinking(table):
        chain_add(table, &table.buckets[1][index & mask], bucket.slots[slot], bucket.tags[slot])
    else:
        hash = element_hash(table, bucket.slots[slot])
        chain_add(table, &table.buckets[1][hash & mask], bucket.slots[slot], tag_of(hash))
    table.used[0] -= 1
    table.used[1] += 1


cdef void move_bucket(Table *table, size_t index) noexcept nogil:
    cdef Bucket *origin = &table.buckets[0][index]
    cdef Bucket *bucket = origin
    cdef unsigned taken
    while bucket != NULL:
        taken = occupied(bucket)
        while taken:
            move_element(table, index, bucket, lowest_bit(taken))
            taken &= taken - 1
        bucket = next_bucket(bucket)
    chain_release(table, origin)


cdef void finish_resize(Table *table) noexcept nogil:
    free_array(table, 0)
    table.buckets[0] = table.buckets[1]
    table.exponent[0] = table.exponent[1]
    table.used[0] = table.used[1]
    table.buckets[1] = NULL
    table.used[1] = 0
    table.moved = 0
    if table.buckets[0] != NULL:
        mem_advise_table(table.buckets[0], sizeof(Bucket) << table.exponent[0])


cdef void discard_moved(Table *table) noexcept nogil:
    cdef size_t end = table.moved * sizeof(Bucket)
    if end % DISCARD == 0:
        mem_discard_table(table.buckets[0], sizeof(Bucket) << table.exponent[0], end - DISCARD, end)


cdef bint table_step(Table *table, size_t buckets) noexcept nogil:
    cdef size_t count
    cdef bint shrinking
    if table.buckets[1] == NULL or table.pauses:
        return False
    shrinking = is_shrinking(table)
    count = bucket_count(table, 0)
    while buckets and table.moved < count:
        if not shrinking and table.moved + 1 < count:
            prefetch_elements(&table.buckets[0][table.moved + 1])
        move_bucket(table, table.moved)
        table.moved += 1
        discard_moved(table)
        buckets -= 1
    if table.moved == count:
        finish_resize(table)
        if shrinking:
            shrink_sparse(table)
    return table.buckets[1] != NULL


cdef uint8_t exponent_for(size_t count) noexcept nogil:
    """Returns the exponent of the smallest array that holds ``count`` elements and leaves room to grow by half."""
    cdef uint8_t exponent = 0
    while (<size_t> GROW_AT << exponent) < count + count // 2:
        exponent += 1
    return exponent


cdef void start_resize(Table *table, uint8_t exponent) noexcept nogil:
    if exponent == table.exponent[0]:
        return
    table.buckets[1] = new_array(exponent)
    table.exponent[1] = exponent
    table.used[1] = 0
    table.moved = 0
    if table.exponent[0] < 4:
        table_step(table, <size_t> -1)


cdef inline void make_room(Table *table) noexcept nogil:
    """Before an insertion: takes a step of a resize in progress, or starts one if the table is full."""
    if unlikely(table.pauses):
        return
    if table.buckets[1] != NULL:
        table_step(table, 1)
    elif table.used[0] >= (<size_t> GROW_AT << table.exponent[0]) + (table.exponent[0] == 0):
        grow(table)


cdef void grow(Table *table) noexcept nogil:
    cdef size_t size = sizeof(Bucket) << (table.exponent[0] + 1)
    if table.used[0] >= (<size_t> GROW_LATE << table.exponent[0]) or not mem_would_exceed(size):
        start_resize(table, table.exponent[0] + 1)


cdef inline void shrink_sparse(Table *table) noexcept nogil:
    if table.exponent[0] > 0 and table.used[0] < (<size_t> SHRINK_AT << table.exponent[0]):
        start_resize(table, exponent_for(table.used[0]))


cdef inline void make_smaller(Table *table) noexcept nogil:
    """After a removal: takes a step of a resize in progress, or starts one if the table is sparse."""
    if unlikely(table.pauses):
        return
    if table.buckets[1] != NULL:
        table_step(table, 1)
    else:
        shrink_sparse(table)


cdef void table_reserve(Table *table, size_t count) noexcept nogil:
    cdef uint8_t exponent = 0
    while (<size_t> GROW_AT << exponent) < count:
        exponent += 1
    if table.pauses or table.buckets[1] != NULL:
        return
    if table.buckets[0] == NULL:
        table.buckets[0] = new_array(exponent)
        table.exponent[0] = exponent
    elif exponent > table.exponent[0]:
        start_resize(table, exponent)


# ---- elements ----

cdef void **find_in_chain(Table *table, Bucket *bucket, Slice key, uint8_t tag) noexcept nogil:
    cdef unsigned hits
    cdef int slot
    cdef Slice other
    while bucket != NULL:
        hits = bucket_match(bucket, tag)
        while hits:
            slot = lowest_bit(hits)
            hits &= hits - 1
            table.type.key(bucket.slots[slot], &other)
            if likely(slice_equal(key, other)):
                return &bucket.slots[slot]
        bucket = next_bucket(bucket)
    return NULL


cdef void **table_find(Table *table, Slice key, uint64_t hash) noexcept nogil:
    if unlikely(table.buckets[0] == NULL):
        return NULL
    return find_in_chain(table, home(table, hash), key, tag_of(hash))


cdef void table_insert(Table *table, void *element, uint64_t hash) noexcept nogil:
    if unlikely(table.buckets[0] == NULL):
        table.buckets[0] = new_array(0)
        table.exponent[0] = 0
    make_room(table)
    table.used[array_of(table, hash)] += 1
    chain_add(table, home(table, hash), element, tag_of(hash))


cdef void *table_remove(Table *table, Slice key, uint64_t hash) noexcept nogil:
    cdef Bucket *first
    cdef Bucket *bucket
    cdef void **slot
    cdef void *element
    if unlikely(table.buckets[0] == NULL):
        return NULL
    first = home(table, hash)
    slot = find_in_chain(table, first, key, tag_of(hash))
    if slot == NULL:
        return NULL
    element = slot[0]
    bucket = first
    while not (&bucket.slots[0] <= slot < &bucket.slots[SLOTS]):
        bucket = next_bucket(bucket)
    bucket.meta &= ~(1 << (slot - &bucket.slots[0]))
    table.used[array_of(table, hash)] -= 1
    if first.meta & LINKED and table.pauses == 0:
        chain_prune(table, first)
    make_smaller(table)
    return element


# ---- clearing ----

cdef size_t chain_destroy(Table *table, Bucket *origin) noexcept nogil:
    """Destroys the elements of a chain, which is then empty. Returns how many there were."""
    cdef Bucket *bucket = origin
    cdef unsigned taken
    cdef size_t count = 0
    while bucket != NULL:
        taken = occupied(bucket)
        while taken:
            if table.type.destroy != NULL:
                table.type.destroy(bucket.slots[lowest_bit(taken)])
            taken &= taken - 1
            count += 1
        bucket = next_bucket(bucket)
    chain_release(table, origin)
    return count


cdef bint table_clear_some(Table *table, size_t budget) noexcept nogil:
    cdef size_t count, spent = 0
    while table.buckets[0] != NULL:
        count = bucket_count(table, 0)
        while table.moved < count:
            if spent >= budget:
                return False
            if table.moved + 1 < count and table.type.destroy != NULL:
                prefetch_elements(&table.buckets[0][table.moved + 1])
            spent += 1 + chain_destroy(table, &table.buckets[0][table.moved])
            table.moved += 1
            discard_moved(table)
        table.used[0] = 0
        finish_resize(table)
    return True


cdef void table_clear(Table *table) noexcept nogil:
    table_clear_some(table, <size_t> -1)
    table_init(table, table.type)


# ---- walks ----

cdef void visit_chain(Bucket *bucket, TableVisitor visit, void *context) noexcept nogil:
    cdef unsigned taken
    while bucket != NULL:
        taken = occupied(bucket)
        while taken:
            visit(context, bucket.slots[lowest_bit(taken)])
            taken &= taken - 1
        bucket = next_bucket(bucket)


cdef inline uint64_t reversed_bits(uint64_t v) noexcept nogil:
    v = (v >> 1) & 0x5555555555555555ULL | (v & 0x5555555555555555ULL) << 1
    v = (v >> 2) & 0x3333333333333333ULL | (v & 0x3333333333333333ULL) << 2
    v = (v >> 4) & 0x0f0f0f0f0f0f0f0fULL | (v & 0x0f0f0f0f0f0f0f0fULL) << 4
    v = (v >> 8) & 0x00ff00ff00ff00ffULL | (v & 0x00ff00ff00ff00ffULL) << 8
    v = (v >> 16) & 0x0000ffff0000ffffULL | (v & 0x0000ffff0000ffffULL) << 16
    return v >> 32 | v << 32


cdef inline uint64_t cursor_after(uint64_t cursor, uint64_t mask) noexcept nogil:
    """Adds one to the cursor's bits under ``mask``, carrying from the highest bit down."""
    return reversed_bits(reversed_bits(cursor | ~mask) + 1)


cdef uint64_t table_scan(Table *table, uint64_t cursor, TableVisitor visit, void *context) noexcept nogil:
    cdef int small, large
    cdef uint64_t small_mask, large_mask
    if table_size(table) == 0:
        return 0
    table.pauses += 1
    if table.buckets[1] == NULL:
        small_mask = bucket_count(table, 0) - 1
        visit_chain(&table.buckets[0][cursor & small_mask], visit, context)
        cursor = cursor_after(cursor, small_mask)
    else:
        small = 0 if table.exponent[0] < table.exponent[1] else 1
        large = 1 - small
        small_mask = bucket_count(table, small) - 1
        large_mask = bucket_count(table, large) - 1
        visit_chain(&table.buckets[small][cursor & small_mask], visit, context)
        while True:
            visit_chain(&table.buckets[large][cursor & large_mask], visit, context)
            cursor = cursor_after(cursor, large_mask)
            if cursor & (small_mask ^ large_mask) == 0:
                break
    table.pauses -= 1
    return cursor


cdef bint table_scan_passed(uint64_t cursor, uint64_t hash) noexcept nogil:
    return reversed_bits(hash) < reversed_bits(cursor)


cdef inline size_t buckets_in_use(const Table *table) noexcept nogil:
    """Returns how many buckets, without overflow buckets, may contain elements."""
    return bucket_count(table, 0) - table.moved + bucket_count(table, 1)


cdef inline const Bucket *bucket_in_use(const Table *table, size_t which) noexcept nogil:
    cdef size_t rest = bucket_count(table, 0) - table.moved
    if which < rest:
        return &table.buckets[0][table.moved + which]
    return &table.buckets[1][which - rest]


cdef const Bucket *random_bucket(const Table *table, uint64_t *state) noexcept nogil:
    """Returns a random bucket among those that may contain elements."""
    return bucket_in_use(table, next_random(state) % buckets_in_use(table))


cdef void *table_random(Table *table, uint64_t *state) noexcept nogil:
    cdef const Bucket *bucket
    cdef unsigned count
    cdef uint64_t dice
    if table_size(table) == 0:
        return NULL
    while True:
        bucket = random_bucket(table, state)
        count = chain_count(bucket)
        dice = next_random(state)
        if count >= CROWD or dice % CROWD < count:
            return chain_pick(bucket, <unsigned> ((dice >> 32) % count))


cdef size_t chain_collect(const Bucket *bucket, void **out, size_t room) noexcept nogil:
    """Sets ``out`` to the elements of a chain, as far as there is room, and returns how many they are."""
    cdef unsigned taken
    cdef size_t count = 0
    while bucket != NULL:
        taken = occupied(bucket)
        while taken and count < room:
            out[count] = bucket.slots[lowest_bit(taken)]
            taken &= taken - 1
            count += 1
        bucket = next_bucket(bucket)
    return count


cdef size_t table_sample(const Table *table, uint64_t dice, size_t want, void **out, size_t room) noexcept nogil:
    cdef size_t buckets = buckets_in_use(table)
    cdef size_t steps = min(buckets, want * SAMPLE_REACH)
    cdef bint complete = steps == buckets
    cdef size_t found = 0, count, at
    if table_size(table) == 0:
        return 0
    at = dice % buckets
    while steps and found < want:
        count = chain_collect(bucket_in_use(table, at), out + found, room - found)
        found += count
        # Going on after an empty bucket would favour elements that follow many of them.
        at = at + 1 if count or complete else next_random(&dice)
        at %= buckets
        steps -= 1
    return found


cdef void table_prefetch_sample(const Table *table, uint64_t dice) noexcept nogil:
    if table_size(table):
        prefetch(bucket_in_use(table, dice % buckets_in_use(table)))


cdef void *table_with_hash(const Table *table, uint64_t hash) noexcept nogil:
    cdef const Bucket *bucket
    cdef unsigned hits
    cdef void *element
    if table_size(table) == 0:
        return NULL
    bucket = home(table, hash)
    while bucket != NULL:
        hits = bucket_match(bucket, tag_of(hash))
        while hits:
            element = bucket.slots[lowest_bit(hits)]
            if element_hash(table, element) == hash:
                return element
            hits &= hits - 1
        bucket = next_bucket(bucket)
    return NULL


cdef void table_iterate(Table *table, TableIterator *iterator) noexcept nogil:
    table.pauses += 1
    iterator.table = table
    iterator.bucket = NULL
    iterator.index = 0
    iterator.array = 0
    iterator.slot = 0


cdef bint iterator_advance(TableIterator *iterator) noexcept nogil:
    """Advances to the next bucket; returns false at the end."""
    cdef Bucket *child
    if iterator.bucket != NULL:
        child = next_bucket(iterator.bucket)
        iterator.slot = 0
        if child != NULL:
            iterator.bucket = child
            return True
        iterator.index += 1
    while iterator.array < 2:
        if iterator.index < bucket_count(iterator.table, iterator.array):
            iterator.bucket = &iterator.table.buckets[iterator.array][iterator.index]
            if iterator.index + 1 < bucket_count(iterator.table, iterator.array):
                prefetch_elements(iterator.bucket + 1)
            return True
        iterator.array += 1
        iterator.index = 0
    return False


cdef void *table_next(TableIterator *iterator) noexcept nogil:
    cdef unsigned taken
    while True:
        if iterator.bucket != NULL:
            taken = occupied(iterator.bucket) >> iterator.slot
            if taken:
                iterator.slot += lowest_bit(taken) + 1
                return iterator.bucket.slots[iterator.slot - 1]
        if not iterator_advance(iterator):
            return NULL


cdef void table_iterate_end(TableIterator *iterator) noexcept nogil:
    iterator.table.pauses -= 1


cdef void table_prefetch_bucket(const Table *table, uint64_t hash) noexcept nogil:
    if likely(table.buckets[0] != NULL):
        prefetch(home(table, hash))


cdef void table_prefetch_element(const Table *table, uint64_t hash) noexcept nogil:
    cdef const Bucket *bucket
    cdef unsigned hits
    if unlikely(table.buckets[0] == NULL):
        return
    bucket = home(table, hash)
    hits = bucket_match(bucket, tag_of(hash))
    while hits:
        prefetch(bucket.slots[lowest_bit(hits)])
        hits &= hits - 1
