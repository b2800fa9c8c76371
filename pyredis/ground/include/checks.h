/* Run-time checks of a build with PYREDIS_CHECKS; other builds compile none of them. */
#ifndef PYREDIS_CHECKS_H
#define PYREDIS_CHECKS_H

#include <stdio.h>
#include <stdlib.h>

#ifdef PYREDIS_CHECKS
enum { CHECKING = 1 };
#else
enum { CHECKING = 0 };
#endif

/* Aborts the process, as a failed assertion does: the code that follows relies on what has just proved false. */
static inline void check_failed(const char *what, const char *of) {
    fprintf(stderr, "PYREDIS_CHECKS: %s: %s\n", of, what);
    abort();
}

#endif
