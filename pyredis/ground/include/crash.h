/* The report of a native crash: a handler for the signals of a fault, which writes to the server's log and lets the
 * signal end the process.
 *
 * Everything here is async-signal-safe, except that backtrace() is called once before, so that it allocates nothing
 * later. The handler runs on a stack of its own and only once: another thread that crashes meanwhile waits for the end,
 * and a fault inside the handler ends the process at once. The parts come in the order of what they rely on, the safest
 * first. */
#ifndef PYREDIS_CRASH_H
#define PYREDIS_CRASH_H

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<execinfo.h>)
#include <execinfo.h>
#define CRASH_HAS_BACKTRACE 1
#endif
#endif
#if defined(__linux__)
#include <ucontext.h>
#endif

enum { CRASH_SIGNALS = 5, CRASH_FRAMES = 100, CRASH_STACK = 256 << 10, CRASH_PATH = PATH_MAX, CRASH_FACTS = 4096 };

static const int crash_numbers[CRASH_SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static struct sigaction crash_before[CRASH_SIGNALS];
static char crash_path[CRASH_PATH];     /* of the log; empty for standard output */
static char crash_facts[CRASH_FACTS];   /* lines that do not change */
static int crash_python = -1;           /* the descriptor to which Python writes its stack */
static void (*crash_describe)(void);    /* writes what the server was doing */
static int crash_fd = -1;
static int crash_begun;
static bool crash_installed;

/* ---- writing ---- */

static char crash_out[4096];
static size_t crash_used;

static inline void crash_flush(void) {
    size_t at = 0;
    while (at < crash_used) {
        ssize_t written = write(crash_fd, crash_out + at, crash_used - at);
        if (written <= 0) break;
        at += (size_t) written;
    }
    crash_used = 0;
}

static inline void crash_byte(char byte) {
    if (crash_used == sizeof(crash_out)) crash_flush();
    crash_out[crash_used++] = byte;
}

static inline void crash_text(const char *text) {
    while (*text) crash_byte(*text++);
}

static inline void crash_number(int64_t value) {
    char digits[24];
    int count = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
    if (value < 0) crash_byte('-');
    do {
        digits[count++] = (char) ('0' + rest % 10);
        rest /= 10;
    } while (rest);
    while (count) crash_byte(digits[--count]);
}

static inline void crash_hex(uint64_t value, int digits) {
    crash_text("0x");
    while (digits--) crash_byte("0123456789abcdef"[value >> (4 * digits) & 15]);
}

/* Bytes of a client in double quotes; what a terminal could take for a command is escaped. */
static inline void crash_quoted(const char *data, size_t size) {
    size_t i;
    crash_byte('"');
    for (i = 0; i < size; i++) {
        unsigned char byte = (unsigned char) data[i];
        if (byte == '"' || byte == '\\') crash_byte('\\');
        if (byte >= 0x20 && byte < 0x7f) {
            crash_byte((char) byte);
        } else {
            crash_text("\\x");
            crash_byte("0123456789abcdef"[byte >> 4]);
            crash_byte("0123456789abcdef"[byte & 15]);
        }
    }
    crash_byte('"');
}

static inline void crash_field(const char *name, int64_t value) {
    crash_text(name);
    crash_byte(':');
    crash_number(value);
    crash_byte('\n');
}

static inline void crash_title(const char *title) {
    crash_text("\n------ ");
    crash_text(title);
    crash_text(" ------\n");
}

/* ---- registers ---- */

#if defined(__linux__) && defined(__x86_64__)
static inline uint64_t crash_instruction(const ucontext_t *context) {
    return (uint64_t) context->uc_mcontext.gregs[REG_RIP];
}

static inline void crash_registers(const ucontext_t *context) {
    static const struct { const char *name; int place; } registers[] = {
        {"RAX", REG_RAX}, {"RBX", REG_RBX}, {"RCX", REG_RCX}, {"RDX", REG_RDX}, {"RDI", REG_RDI}, {"RSI", REG_RSI},
        {"RBP", REG_RBP}, {"RSP", REG_RSP}, {"R8 ", REG_R8},  {"R9 ", REG_R9},  {"R10", REG_R10}, {"R11", REG_R11},
        {"R12", REG_R12}, {"R13", REG_R13}, {"R14", REG_R14}, {"R15", REG_R15}, {"RIP", REG_RIP}, {"EFL", REG_EFL},
    };
    size_t i;
    for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        crash_text(registers[i].name);
        crash_byte(':');
        crash_hex((uint64_t) context->uc_mcontext.gregs[registers[i].place], 16);
        crash_byte(i % 4 == 3 ? '\n' : ' ');
    }
    crash_byte('\n');
}
#elif defined(__linux__) && defined(__aarch64__)
static inline uint64_t crash_instruction(const ucontext_t *context) { return context->uc_mcontext.pc; }

static inline void crash_registers(const ucontext_t *context) {
    int i;
    for (i = 0; i < 31; i++) {
        crash_byte('X');
        crash_number(i);
        crash_byte(':');
        crash_hex(context->uc_mcontext.regs[i], 16);
        crash_byte(i % 4 == 3 ? '\n' : ' ');
    }
    crash_text("\nSP:");
    crash_hex(context->uc_mcontext.sp, 16);
    crash_text(" PC:");
    crash_hex(context->uc_mcontext.pc, 16);
    crash_byte('\n');
}
#else
static inline uint64_t crash_instruction(const void *context) { (void) context; return 0; }

static inline void crash_registers(const void *context) {
    (void) context;
    crash_text("(not known on this system)\n");
}
#endif

/* ---- the report ---- */

static inline void crash_open_log(void) {
    crash_fd = crash_path[0] ? open(crash_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : 1;
    if (crash_fd < 0) crash_fd = 2;
}

static inline void crash_head(int number, const siginfo_t *info, const void *context) {
    crash_text("\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n");
    crash_number(getpid());
    crash_text(":M # Redis crashed by signal: ");
    crash_number(number);
    crash_text(", si_code: ");
    crash_number(info->si_code);
    crash_byte('\n');
    if (info->si_code <= 0) {
        crash_text("Killed by PID: ");
        crash_number(info->si_pid);
        crash_text(", UID: ");
        crash_number(info->si_uid);
        crash_byte('\n');
    } else {
        crash_text("Accessing address: ");
        crash_hex((uint64_t) (uintptr_t) info->si_addr, 16);
        crash_byte('\n');
    }
    crash_text("Crashed running the instruction at: ");
    crash_hex(crash_instruction(context), 16);
    crash_byte('\n');
}

static inline void crash_stack(void) {
#ifdef CRASH_HAS_BACKTRACE
    void *frames[CRASH_FRAMES];
    int count = backtrace(frames, CRASH_FRAMES);
    crash_flush();
    backtrace_symbols_fd(frames, count, crash_fd);
#else
    crash_text("(not known on this system)\n");
#endif
}

/* Lets Python's own handler write the stacks of all threads. It also restores the default action of the signal, and
 * raises it, which has no effect before this handler returns. */
static inline void crash_python_stack(int place, int number, siginfo_t *info, void *context) {
    const struct sigaction *before = &crash_before[place];
    crash_flush();
    if (crash_python < 0 || dup2(crash_fd, crash_python) < 0) return;
    if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(number);
    }
}

static inline void crash_handle(int number, siginfo_t *info, void *context) {
    int place = 0;
    if (__atomic_exchange_n(&crash_begun, 1, __ATOMIC_SEQ_CST)) {
        for (;;) pause();
    }
    while (place < CRASH_SIGNALS - 1 && crash_numbers[place] != number) place++;
    crash_open_log();
    crash_head(number, info, context);
    crash_title("STACK TRACE");
    crash_stack();
    crash_title("REGISTERS");
    crash_registers(context);
    crash_title("PYTHON STACK");
    crash_python_stack(place, number, info, context);
    crash_title("INFO OUTPUT");
    crash_text(crash_facts);
    if (crash_describe != NULL) crash_describe();
    crash_text("\n=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n");
    crash_flush();
    signal(number, SIG_DFL);
    raise(number);
}

/* ---- installing ---- */

/* The handler may be called because the stack is full, so it has another one. */
static inline bool crash_make_stack(void) {
    static void *memory;
    stack_t stack = {0};
    if (memory == NULL) {
        memory = mmap(NULL, CRASH_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            memory = NULL;
            return false;
        }
    }
    stack.ss_sp = memory;
    stack.ss_size = CRASH_STACK;
    return sigaltstack(&stack, NULL) == 0;
}

static inline bool crash_install(void) {
    struct sigaction action;
    int i, j;
#ifdef CRASH_HAS_BACKTRACE
    void *frame[1];
    backtrace(frame, 1);
#endif
    if (crash_installed || !crash_make_stack()) return crash_installed;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = crash_handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (j = 0; j < CRASH_SIGNALS; j++) sigaddset(&action.sa_mask, crash_numbers[j]);
    for (i = 0; i < CRASH_SIGNALS; i++) sigaction(crash_numbers[i], &action, &crash_before[i]);
    return crash_installed = true;
}

static inline void crash_remove(void) {
    int i;
    for (i = 0; crash_installed && i < CRASH_SIGNALS; i++) sigaction(crash_numbers[i], &crash_before[i], NULL);
    crash_installed = false;
}

#endif
