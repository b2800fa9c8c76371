/* The title of a process on Linux: the kernel shows the memory that it filled with the arguments at the start.
 *
 * The environment follows the arguments. Before a title may be written over it, the environment is copied elsewhere; a
 * string that the C library has returned from there before must not be used any more. */
#ifndef PYREDIS_PROCESS_TITLE_H
#define PYREDIS_PROCESS_TITLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <sys/prctl.h>

extern char **environ;

/* Copies the strings of the environment that are between the two addresses. False if there is no memory. */
static inline bool title_move_environment(const char *begin, const char *end) {
    char **at;
    for (at = environ; at != NULL && *at != NULL; at++) {
        if (*at >= begin && *at < end) {
            char *copy = strdup(*at);
            if (copy == NULL) return false;
            *at = copy;
        }
    }
    return true;
}

/* Writes a title over the arguments and the environment, which are between the two addresses; what does not fit is cut
 * off. `name` is for tools that show the name of the process instead, at most 15 bytes. */
static inline bool title_set(uintptr_t begin, uintptr_t end, const char *title, size_t size, const char *name) {
    char *out = (char *) begin;
    size_t room = end - begin;
    if (!title_move_environment(out, (const char *) end)) return false;
    if (size > room - 1) size = room - 1;
    memcpy(out, title, size);
    memset(out + size, 0, room - size);
    prctl(PR_SET_NAME, name, 0, 0, 0);
    return true;
}
#else
static inline bool title_set(uintptr_t begin, uintptr_t end, const char *title, size_t size, const char *name) {
    (void) begin, (void) end, (void) title, (void) size, (void) name;
    return false;
}
#endif

#endif
