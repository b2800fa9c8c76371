/* Checks that a build with PYREDIS_CHECKS makes as it runs; others compile none of them. */
#ifndef PYREDIS_CHECKS_H
#define PYREDIS_CHECKS_H

#include <stdio.h>
#include <stdlib.h>

#ifdef PYREDIS_CHECKS
enum { CHECKING = 1 };
#else
enum { CHECKING = 0 };
#endif

/* Ends the process, as a failed assertion does: what follows would be built on a broken promise. */
static inline void check_failed(const char *what, const char *of) {
    fprintf(stderr, "PYREDIS_CHECKS: %s: %s\n", of, what);
    abort();
}

#endif
