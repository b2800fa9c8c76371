"""Samples keys and keeps the best candidates for eviction; ``victims.pxd`` has the contract."""

from libc.stdint cimport uint64_t

from pyredis.ground.base cimport prefetch
from pyredis.keyspace.keyspace cimport CLOCK_MAX, Database, Entry, Keyspace, entry_expiry, entry_key
from pyredis.keyspace.lfu cimport LFU_MAX, lfu_counter, lfu_minutes
from pyredis.types.table.hashtable cimport (
    Table,
    hash_of,
    next_random,
    table_prefetch_sample,
    table_random,
    table_sample,
    table_size,
    table_with_hash,
)

cdef enum:
    # The last bucket of a sample may have more elements than are wanted.
    ROOM = MOST_SAMPLES + 32


cdef void victims_set_policy(Victims *victims, Order order, bint expiring_only) noexcept nogil:
    victims.order = order
    victims.expiring_only = expiring_only
    victims.count = 0


cdef inline Table *table_of(const Victims *victims, Database *database) noexcept nogil:
    return &database.expires if victims.expiring_only else &database.keys


# ---- scores ----

cdef uint64_t lfu_score(const Keyspace *keyspace, const Entry *entry) noexcept nogil:
    cdef uint64_t minutes = lfu_minutes(keyspace.now_ms)
    cdef uint64_t unused = (minutes - (entry.clock >> 8)) & 0xffff
    return (LFU_MAX - lfu_counter(entry.clock, minutes, keyspace.lfu_decay_time)) << 16 | unused


cdef inline uint64_t score_of(const Victims *victims, const Keyspace *keyspace, const Entry *entry) noexcept nogil:
    if victims.order == ORDER_LRU:
        return (keyspace.clock - entry.clock) & CLOCK_MAX
    if victims.order == ORDER_LFU:
        return lfu_score(keyspace, entry)
    return <uint64_t> -1 - <uint64_t> entry_expiry(entry)


# ---- candidates ----

cdef void drop_candidate(Victims *victims, int place) noexcept nogil:
    cdef int index
    victims.count -= 1
    for index in range(place, victims.count):
        victims.candidates[index] = victims.candidates[index + 1]


cdef void drop_earlier(Victims *victims, uint64_t hash) noexcept nogil:
    """Removes the candidate with this hash, if there is one: its entry has been sampled once more."""
    cdef int index
    for index in range(victims.count):
        if victims.candidates[index].hash == hash:
            drop_candidate(victims, index)
            return


cdef void insert_candidate(Victims *victims, Candidate candidate) noexcept nogil:
    """Puts a candidate in its place, and drops the lowest if there are too many."""
    cdef int place
    if victims.count == CANDIDATES:
        drop_candidate(victims, 0)
    place = victims.count
    while place > 0 and victims.candidates[place - 1].score > candidate.score:
        victims.candidates[place] = victims.candidates[place - 1]
        place -= 1
    victims.candidates[place] = candidate
    victims.count += 1


cdef inline void offer(Victims *victims, Database *database, const Entry *entry, uint64_t score) noexcept nogil:
    cdef Candidate candidate
    if victims.count == CANDIDATES and score <= victims.candidates[0].score:
        return
    candidate.score = score
    candidate.hash = hash_of(entry_key(entry))
    candidate.database = database
    drop_earlier(victims, candidate.hash)
    insert_candidate(victims, candidate)


cdef Entry *best_candidate(Victims *victims, Keyspace *keyspace, Database **database) noexcept nogil:
    """Takes candidates, the best first, until the entry of one is as it was when it was sampled; NULL if none is."""
    cdef Candidate candidate
    cdef Entry *entry
    while victims.count:
        victims.count -= 1
        candidate = victims.candidates[victims.count]
        entry = <Entry *> table_with_hash(table_of(victims, candidate.database), candidate.hash)
        if entry != NULL and score_of(victims, keyspace, entry) >= candidate.score:
            database[0] = candidate.database
            return entry
    return NULL


# ---- sampling ----

cdef void sample(Victims *victims, Keyspace *keyspace, Database *database, uint64_t dice) noexcept nogil:
    cdef void *elements[ROOM]
    cdef size_t index
    cdef size_t count = table_sample(table_of(victims, database), dice, victims.samples, elements, ROOM)
    for index in range(count):
        prefetch(elements[index])
    for index in range(count):
        offer(victims, database, <const Entry *> elements[index],
              score_of(victims, keyspace, <const Entry *> elements[index]))


cdef bint sample_all(Victims *victims, Keyspace *keyspace) noexcept nogil:
    """Samples every database; returns false if no key may be evicted."""
    cdef Database *database
    cdef uint64_t dice = victims.dice
    cdef bint any = False
    cdef int index
    for index in range(keyspace.count):
        database = &keyspace.databases[index]
        if table_size(table_of(victims, database)):
            sample(victims, keyspace, database, dice)
            dice = next_random(&keyspace.random)
            any = True
    victims.dice = dice
    return any


cdef Entry *next_random_entry(Victims *victims, Keyspace *keyspace, Database **database) noexcept nogil:
    """Returns a random entry; the databases take turns."""
    cdef Entry *entry
    cdef int _step
    for _step in range(keyspace.count):
        victims.turn = (victims.turn + 1) % keyspace.count
        database[0] = &keyspace.databases[victims.turn]
        entry = <Entry *> table_random(table_of(victims, database[0]), &keyspace.random)
        if entry != NULL:
            return entry
    return NULL


cdef Entry *victims_next(Victims *victims, Keyspace *keyspace, Database **database) noexcept nogil:
    cdef Entry *entry = NULL
    if victims.order == ORDER_RANDOM:
        return next_random_entry(victims, keyspace, database)
    while entry == NULL:
        if not sample_all(victims, keyspace):
            return NULL
        entry = best_candidate(victims, keyspace, database)
    table_prefetch_sample(table_of(victims, database[0]), victims.dice)
    return entry
