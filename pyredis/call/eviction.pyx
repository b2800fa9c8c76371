"""Removes the keys that are evicted; ``eviction.pxd`` has the contract."""

from libc.math cimport pow
from libc.stdint cimport int64_t, uint64_t

from pyredis.call.changes cimport EVENT_EVICTED
from pyredis.call.propagation cimport end_unit, propagate_removed
from pyredis.call.state cimport Server, exceeds_memory
from pyredis.ground.base cimport cycles_now, unlikely
from pyredis.ground.memory cimport mem_free, mem_zalloc
from pyredis.journal.log cimport log_is_open
from pyredis.keyspace.keyspace cimport (
    Database,
    Entry,
    entry_key,
    keyspace_delete,
    keyspace_release_garbage,
    keyspace_signal,
    keyspace_tick,
)
from pyredis.keyspace.victims cimport (
    ORDER_LFU,
    ORDER_LRU,
    ORDER_NONE,
    ORDER_RANDOM,
    ORDER_TTL,
    victims_next,
    victims_set_policy,
)
from pyredis.types.table.hashtable cimport hash_of

cdef enum:
    # The clock is read after this many keys.
    LOOK = 16
    # Parts of garbage that are released at a time.
    RELEASE = 512
    LINEAR_TENACITY = 10
    MOST_TENACITY = 100

EVICTION_DIRECTIVES = (
    "maxmemory-policy", "maxmemory-samples", "maxmemory-eviction-tenacity", "lazyfree-lazy-eviction",
)
# By the end of a policy's name.
_ORDERS = {
    "noeviction": ORDER_NONE,
    "lru": ORDER_LRU,
    "lfu": ORDER_LFU,
    "random": ORDER_RANDOM,
    "ttl": ORDER_TTL,
}


cdef void evictor_init(Server *server) noexcept nogil:
    server.evictor = mem_zalloc(sizeof(Evictor))
    evictor_of(server).victims.samples = 5


cdef void evictor_destroy(Server *server) noexcept nogil:
    mem_free(server.evictor, sizeof(Evictor))


cdef int evictor_configure(Server *server, str name, value) except -1:
    cdef Evictor *evictor = evictor_of(server)
    if name == "maxmemory-policy":
        server.keyspace.lfu = value.endswith("lfu")
        keyspace_tick(&server.keyspace)
        victims_set_policy(&evictor.victims, _ORDERS[value.rpartition("-")[2]], value.startswith("volatile"))
    elif name == "maxmemory-samples":
        evictor.victims.samples = value
    elif name == "maxmemory-eviction-tenacity":
        set_tenacity(evictor, value)
    else:
        evictor.unlinks = value
    return 0


cdef void set_tenacity(Evictor *evictor, int tenacity) noexcept:
    """Sets how long a run may take, as in Redis: 50 us for each of the first ten steps, then 15 % more with each, and
    no limit at 100."""
    if tenacity >= MOST_TENACITY:
        evictor.limit_ns = -1
    elif tenacity <= LINEAR_TENACITY:
        evictor.limit_ns = 50e3 * tenacity
    else:
        evictor.limit_ns = 500e3 * pow(1.15, tenacity - LINEAR_TENACITY)


cdef inline bint time_is_up(const Server *server, uint64_t began) noexcept nogil:
    cdef double limit = evictor_of(server).limit_ns
    return limit >= 0 and (cycles_now() - began) * server.ns_per_cycle > limit


cdef void note(Server *server, const char *event, uint64_t began) noexcept nogil:
    evictor_of(server).note(server, event, <int64_t> ((cycles_now() - began) * server.ns_per_cycle))


cdef void remove_victim(Server *server, Database *database, Entry *entry) noexcept nogil:
    cdef Evictor *evictor = evictor_of(server)
    evictor.evicted += 1
    propagate_removed(server, database, entry_key(entry), "UNLINK" if evictor.unlinks else "DEL", EVENT_EVICTED,
                      "evicted")
    keyspace_signal(database, entry_key(entry), hash_of(entry_key(entry)))
    keyspace_delete(&server.keyspace, database, entry, True)


cdef bint evict_one(Server *server) noexcept nogil:
    """Returns false if no key may be evicted."""
    cdef Evictor *evictor = evictor_of(server)
    cdef Database *database = NULL
    cdef Entry *entry
    cdef uint64_t began
    if evictor.victims.order == ORDER_NONE:
        return False
    entry = victims_next(&evictor.victims, &server.keyspace, &database)
    if entry == NULL:
        return False
    if unlikely(server.settings.latency_ms > 0):
        began = cycles_now()
        remove_victim(server, database, entry)
        note(server, "eviction-del", began)
    else:
        remove_victim(server, database, entry)
    return True


cdef Outcome free_memory(Server *server, uint64_t began) noexcept nogil:
    cdef unsigned count = 0
    while exceeds_memory(server):
        if server.keyspace.garbage != NULL:
            keyspace_release_garbage(&server.keyspace, RELEASE)
            if time_is_up(server, began):
                return EVICTION_RUNNING
            continue
        if not evict_one(server):
            return EVICTION_FAILED
        count += 1
        if count % LOOK == 0 and time_is_up(server, began):
            return EVICTION_RUNNING
    return EVICTION_DONE


cdef Outcome evict(Server *server) noexcept nogil:
    cdef uint64_t began
    cdef Outcome outcome
    if not exceeds_memory(server):
        return EVICTION_DONE
    began = cycles_now()
    server.log.loose = True
    outcome = free_memory(server, began)
    if log_is_open(&server.log):
        end_unit(server)
    server.log.loose = False
    if unlikely(server.settings.latency_ms > 0):
        note(server, "eviction-cycle", began)
    if unlikely(outcome == EVICTION_RUNNING):
        evictor_of(server).go_on(server)
    if unlikely(server.waiting.ready != NULL):
        server.serve_waiting(server)
        # What the clients that waited have changed belongs to their commands.
        server.touched_count = 0
    return outcome
