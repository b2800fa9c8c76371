/* An entry of the keyspace: one allocation.
 *
 *   8 bytes   header: access clock (24 bits), type (4), encoding (4), flags, epoch, key size, embedded value size
 *  [8 bytes]  expiry, milliseconds since 1970, where ENTRY_EXPIRES is set
 *  [8 bytes]  the value's word, where ENTRY_EMBEDDED is not set: an integer, or a pointer to the value
 *  [4 bytes]  the key's size, where ENTRY_LONG_KEY is set (keys of 256 bytes and more)
 *   n bytes   the key
 *  [n bytes]  the value itself, where ENTRY_EMBEDDED is set
 */
#ifndef PYREDIS_ENTRY_H
#define PYREDIS_ENTRY_H

#include "base.h"

enum { ENTRY_EXPIRES = 1, ENTRY_EMBEDDED = 2, ENTRY_LONG_KEY = 4, ENTRY_FIELD_EXPIRES = 8 };
enum { ENTRY_HEADER = 8, EMBED_MAX = 192, EMBSTR_MAX = 44, CLOCK_MAX = (1 << 24) - 1 };

typedef struct Entry {
    uint32_t clock : 24;
    uint32_t type : 4;
    uint32_t encoding : 4;
    uint8_t flags;
    uint8_t epoch;
    uint8_t key_size;
    uint8_t value_size;
    char payload[];
} Entry;

static inline char *entry_after_expiry(const Entry *e) {
    return (char *)e->payload + ((e->flags & ENTRY_EXPIRES) ? 8 : 0);
}

static inline bool entry_has_expiry(const Entry *e) { return e->flags & ENTRY_EXPIRES; }

/* -1 if there is none. */
static inline int64_t entry_expiry(const Entry *e) {
    return (e->flags & ENTRY_EXPIRES) ? (int64_t)load_u64(e->payload) : -1;
}

static inline void entry_store_expiry(Entry *e, int64_t ms) { store_u64(e->payload, (uint64_t)ms); }

static inline Slice entry_key(const Entry *e) {
    const char *p = entry_after_expiry(e) + ((e->flags & ENTRY_EMBEDDED) ? 0 : 8);
    if (PR_UNLIKELY(e->flags & ENTRY_LONG_KEY)) return slice_of(p + 4, load_u32(p));
    return slice_of(p, e->key_size);
}

static inline uint64_t entry_word(const Entry *e) { return load_u64(entry_after_expiry(e)); }
static inline void entry_store_word(Entry *e, uint64_t word) { store_u64(entry_after_expiry(e), word); }
static inline void *entry_pointer(const Entry *e) { return (void *)(uintptr_t)entry_word(e); }
static inline void entry_store_pointer(Entry *e, void *p) { entry_store_word(e, (uint64_t)(uintptr_t)p); }

static inline Slice entry_embedded(const Entry *e) {
    Slice key = entry_key(e);
    return slice_of(key.data + key.size, e->value_size);
}

static inline size_t entry_size_for(size_t key_size, bool expires, bool embedded, size_t value_size) {
    return ENTRY_HEADER + (expires ? 8 : 0) + (embedded ? value_size : 8) + (key_size > 255 ? 4 : 0) + key_size;
}

static inline size_t entry_size(const Entry *e) {
    Slice key = entry_key(e);
    return entry_size_for(key.size, e->flags & ENTRY_EXPIRES, e->flags & ENTRY_EMBEDDED, e->value_size);
}

#endif
