/* Turns for other threads of the interpreter in the middle of a long command. Needs Python.h. */
#ifndef PYREDIS_TURNS_H
#define PYREDIS_TURNS_H

enum { STEPS_OF_A_TURN = 1024 };

/* Whether the process has other threads that want turns: it embeds a server. */
extern int pyredis_turns_are_wanted;
extern unsigned pyredis_steps;

static inline void give_turn(void) {
    PyThreadState *state = PyEval_SaveThread();
    PyEval_RestoreThread(state);
}

static inline void offer_turn(void) {
    if (__builtin_expect(pyredis_turns_are_wanted, 0) && ++pyredis_steps % STEPS_OF_A_TURN == 0) give_turn();
}

/* For a step that takes long itself. */
static inline void offer_turn_now(void) {
    if (__builtin_expect(pyredis_turns_are_wanted, 0)) give_turn();
}

#endif
