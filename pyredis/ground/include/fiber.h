/* A second stack for the same thread: code that runs on it can stop in the middle, and continue there later.
 *
 * Python does not know of it. Python code may run on the fiber's stack between two switches, but at a switch none of
 * its frames may be there. fiber_open fails if there is no code for the machine, or if Python checks the bounds of its
 * stack and has no function to set others. */
#pragma once

#include <Python.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

#if defined(__SANITIZE_ADDRESS__)
void __sanitizer_start_switch_fiber(void **saved, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *saved, const void **bottom, size_t *size);
#endif

typedef struct {
    void *sp;                   /* of the side that does not run */
    char *stack;                /* its lowest page is a guard */
    size_t size;
    void (*body)(void *context);
    void *context;
    bool inside;                /* the fiber is running */
    const void *outer_bottom;   /* for the sanitizer: the thread's own stack */
    size_t outer_size;
    void *outer_saved;
    void *inner_saved;
} Fiber;

/* Pushes the callee-saved registers, stores the stack pointer, loads the other one, and pops the registers. */
#if defined(__x86_64__) && !defined(_WIN32)
#define FIBER_CODE 1
#if defined(__APPLE__)
#define FIBER_NAME "_pyredis_fiber_switch"
#else
#define FIBER_NAME "pyredis_fiber_switch"
#endif
__asm__(".text\n.p2align 4\n" FIBER_NAME ":\n"
        "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
        "movq %rsp, (%rdi)\nmovq %rsi, %rsp\n"
        "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n");
enum { FIBER_WORDS = 8, FIBER_RETURN = 6 };
#elif defined(__aarch64__)
#define FIBER_CODE 1
#if defined(__APPLE__)
#define FIBER_NAME "_pyredis_fiber_switch"
#else
#define FIBER_NAME "pyredis_fiber_switch"
#endif
__asm__(".text\n.p2align 4\n" FIBER_NAME ":\n"
        "sub sp, sp, #160\n"
        "stp x19, x20, [sp, #0]\nstp x21, x22, [sp, #16]\nstp x23, x24, [sp, #32]\nstp x25, x26, [sp, #48]\n"
        "stp x27, x28, [sp, #64]\nstp x29, x30, [sp, #80]\n"
        "stp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\nstp d12, d13, [sp, #128]\nstp d14, d15, [sp, #144]\n"
        "mov x9, sp\nstr x9, [x0]\nmov sp, x1\n"
        "ldp x19, x20, [sp, #0]\nldp x21, x22, [sp, #16]\nldp x23, x24, [sp, #32]\nldp x25, x26, [sp, #48]\n"
        "ldp x27, x28, [sp, #64]\nldp x29, x30, [sp, #80]\n"
        "ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\nldp d12, d13, [sp, #128]\nldp d14, d15, [sp, #144]\n"
        "add sp, sp, #160\nret\n");
enum { FIBER_WORDS = 22, FIBER_RETURN = 11 };
#else
#define FIBER_CODE 0
enum { FIBER_WORDS = 1, FIBER_RETURN = 0 };
#endif

#if FIBER_CODE
extern void pyredis_fiber_switch(void **save, void *load) __asm__(FIBER_NAME);
#else
static inline void pyredis_fiber_switch(void **save, void *load) { (void)save, (void)load; }
#endif

/* The fiber that is switched; fiber_begin reads it at the first switch. */
static Fiber *fiber_starting;

/* Python 3.14 compares the stack pointer with the bounds of the thread's stack; 3.14.0 has no function to set them. */
#if PY_VERSION_HEX >= 0x030E0000
typedef int (*FiberProtect)(PyThreadState *state, void *start, size_t size);
typedef void (*FiberUnprotect)(PyThreadState *state);

static FiberProtect fiber_protect;
static FiberUnprotect fiber_unprotect;

static bool fiber_python_knows(void) {
    fiber_protect = (FiberProtect)dlsym(RTLD_DEFAULT, "PyUnstable_ThreadState_SetStackProtection");
    fiber_unprotect = (FiberUnprotect)dlsym(RTLD_DEFAULT, "PyUnstable_ThreadState_ResetStackProtection");
    return fiber_protect && fiber_unprotect;
}

static void fiber_tell_python(Fiber *fiber, bool inside) {
    if (inside) fiber_protect(PyThreadState_Get(), fiber->stack, fiber->size);
    else fiber_unprotect(PyThreadState_Get());
}
#else
static bool fiber_python_knows(void) { return true; }
static void fiber_tell_python(Fiber *fiber, bool inside) { (void)fiber, (void)inside; }
#endif

static void fiber_arrived(Fiber *fiber) {
#if defined(__SANITIZE_ADDRESS__)
    if (fiber->inside) __sanitizer_finish_switch_fiber(fiber->inner_saved, &fiber->outer_bottom, &fiber->outer_size);
    else __sanitizer_finish_switch_fiber(fiber->outer_saved, NULL, NULL);
#endif
    fiber_tell_python(fiber, fiber->inside);
}

/* Switches to the other side; returns when that switches back. */
static void fiber_switch(Fiber *fiber) {
    void *other = fiber->sp;
#if defined(__SANITIZE_ADDRESS__)
    if (fiber->inside) __sanitizer_start_switch_fiber(&fiber->inner_saved, fiber->outer_bottom, fiber->outer_size);
    else __sanitizer_start_switch_fiber(&fiber->outer_saved, fiber->stack, fiber->size);
#endif
    fiber->inside = !fiber->inside;
    fiber_starting = fiber;
    pyredis_fiber_switch(&fiber->sp, other);
    fiber_arrived(fiber);
}

/* The first function on the new stack; `body` never returns. */
static void fiber_begin(void) {
    Fiber *fiber = fiber_starting;
    fiber_arrived(fiber);
    fiber->body(fiber->context);
    __builtin_trap();
}

/* Makes the stack; false if that is impossible. `body` is called at the first switch. */
static bool fiber_open(Fiber *fiber, size_t size, void (*body)(void *context), void *context) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void **top;
    if (!FIBER_CODE || !fiber_python_knows()) return false;
    fiber->stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fiber->stack == MAP_FAILED) return false;
    mprotect(fiber->stack, page, PROT_NONE);
    fiber->size = size;
    fiber->body = body;
    fiber->context = context;
    fiber->inside = false;
    /* As if fiber_begin had been called: the stack is aligned to 16 bytes before the return address. */
    top = (void **)(fiber->stack + size) - 2 - FIBER_WORDS;
    for (int i = 0; i < FIBER_WORDS; i++) top[i] = NULL;
    top[FIBER_RETURN] = (void *)fiber_begin;
    fiber->sp = top;
    return true;
}

static void fiber_close(Fiber *fiber) { munmap(fiber->stack, fiber->size); }
