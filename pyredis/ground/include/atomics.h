/* Loads and stores of plain words that another thread may touch: acquire and release, nothing stronger.
 *
 * They pair: whatever was written before a release store is seen after an acquire load of the stored value. */
#ifndef PYREDIS_ATOMICS_H
#define PYREDIS_ATOMICS_H

#include <stdint.h>

static inline uint64_t atomic_load_u64(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void atomic_store_u64(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline int atomic_load_int(const int *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void atomic_store_int(int *p, int v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }

#endif
