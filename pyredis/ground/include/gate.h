/* A gate that threads wait at: each waits for the first opening after the count it has seen. */
#ifndef PYREDIS_GATE_H
#define PYREDIS_GATE_H

#include <pthread.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    uint64_t openings;
} Gate;

static inline int gate_init(Gate *gate) {
    int error = pthread_mutex_init(&gate->mutex, NULL);
    if (error == 0) {
        error = pthread_cond_init(&gate->opened, NULL);
        if (error) pthread_mutex_destroy(&gate->mutex);
    }
    gate->openings = 0;
    return error;
}

static inline void gate_destroy(Gate *gate) {
    pthread_cond_destroy(&gate->opened);
    pthread_mutex_destroy(&gate->mutex);
}

static inline uint64_t gate_openings(Gate *gate) {
    pthread_mutex_lock(&gate->mutex);
    uint64_t count = gate->openings;
    pthread_mutex_unlock(&gate->mutex);
    return count;
}

static inline void gate_open(Gate *gate) {
    pthread_mutex_lock(&gate->mutex);
    gate->openings++;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->mutex);
}

/* Returns once the gate has been opened more often than `seen` times, or after `ms` milliseconds. */
static inline void gate_wait(Gate *gate, uint64_t seen, long ms) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += ms * 1000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&gate->mutex);
    while (gate->openings == seen && pthread_cond_timedwait(&gate->opened, &gate->mutex, &end) == 0) {
    }
    pthread_mutex_unlock(&gate->mutex);
}

#endif
