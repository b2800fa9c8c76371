"""Which key to evict next: the best among a few random ones and those that earlier samples have left.

Samples are taken in every database that has keys: the elements of one bucket or a few. All of them compete for a place
among the *candidates*, the best that have been seen so far. The best candidate is the victim. So the choice is nearly
that of a server that keeps all keys in order, without the memory that an order needs.

A candidate is remembered by the hash of its key. It is passed over if the key is gone, or has been used since it was
sampled. Scores are higher for better victims:

- LRU: seconds since the last access.
- LFU: the lower the counter, the higher; among equal ones, the minutes since the last access.
- TTL: the earlier the key expires, the higher.

A policy for volatile keys samples the table of keys that expire instead of the table of all keys.
"""

from libc.stdint cimport uint64_t

from pyredis.keyspace.keyspace cimport Database, Entry, Keyspace

cdef enum:
    CANDIDATES = 16
    # Redis's limit for maxmemory-samples.
    MOST_SAMPLES = 64

cdef enum Order:
    ORDER_NONE              # no key is evicted
    ORDER_LRU
    ORDER_LFU
    ORDER_RANDOM
    ORDER_TTL

ctypedef struct Candidate:
    uint64_t score
    uint64_t hash           # of its key
    Database *database

ctypedef struct Victims:
    Order order
    bint expiring_only      # only keys with an expiry are evicted
    size_t samples          # keys to sample in a database, 1 to MOST_SAMPLES
    int count               # candidates
    Candidate candidates[CANDIDATES]    # the lowest score first
    uint64_t dice           # for the next sample: its bucket has been prefetched
    int turn                # ORDER_RANDOM: the database whose turn it was

# Changes the policy, and forgets the candidates, whose scores belong to the previous one.
cdef void victims_set_policy(Victims *victims, Order order, bint expiring_only) noexcept nogil
# Returns the entry to evict next and sets `database`; NULL if no key may be evicted. There must be an order.
cdef Entry *victims_next(Victims *victims, Keyspace *keyspace, Database **database) noexcept nogil
