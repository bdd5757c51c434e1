#include "tests/support/failing_memory.h"

#include "backend/utils/json_memory.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static struct {
    s1_memory_case *memory; /* NULL: not armed */
    uint64_t number;
    bool is_for_ever;
    void (*on_failure)(void *user);
    void *user;
} armed;

/* Over the program's own hook (backend/utils/json_memory.h), which asks malloc. */
static json_malloc_t programs_malloc;
static _Thread_local bool is_jansson;

static void *jansson_malloc(size_t size)
{
    is_jansson = true;
    void *const memory = programs_malloc(size);
    is_jansson = false;
    return memory;
}

static bool fails(void)
{
    s1_memory_case *const memory = armed.memory;
    if (memory == NULL) {
        return false;
    }
    /* The journal's thread allocates, too. */
    const uint64_t number = __atomic_add_fetch(&memory->allocations, 1, __ATOMIC_RELAXED);
    if (armed.number == 0 && number < S1_MEMORY_KNOWN) {
        memory->is_jansson[number] = is_jansson;
    }
    if (armed.number == 0 || number < armed.number ||
        (number > armed.number && !armed.is_for_ever)) {
        return false;
    }
    if (__atomic_fetch_add(&memory->failed, 1, __ATOMIC_RELAXED) == 0) {
        memory->has_jansson = is_jansson;
        if (armed.on_failure != NULL) {
            armed.on_failure(armed.user);
        }
    }
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

void s1_memory_arm(s1_memory_case *memory, uint64_t number, bool is_for_ever,
                   void (*on_failure)(void *user), void *user)
{
    armed.number = number;
    armed.is_for_ever = is_for_ever;
    armed.on_failure = on_failure;
    armed.user = user;
    if (programs_malloc == NULL) {
        json_free_t programs_free;
        (void)s1_json_memory_failures();
        json_get_alloc_funcs(&programs_malloc, &programs_free);
        json_set_alloc_funcs(jansson_malloc, programs_free);
    }
    armed.memory = memory;
}

void s1_memory_disarm(void)
{
    armed.memory = NULL;
}

s1_memory_case *s1_memory_case_new(void)
{
    void *const memory = mmap(NULL, sizeof(s1_memory_case), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        abort();
    }
    return memory;
}

int32_t s1_memory_try(s1_memory_case *memory, void (*fn)(s1_memory_case *memory, void *user),
                      void *user)
{
    int status = 0;
    (void)fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)dup2(STDOUT_FILENO, STDERR_FILENO);
        fn(memory, user);
        s1_memory_disarm();
        memory->is_done = true;
        exit(0); /* where there is a leak, the sanitizer makes another status of it */
    }
    while (pid > 0 && waitpid(pid, &status, 0) != pid && errno == EINTR) {}
    if (pid < 0) {
        abort();
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        return S1_MEMORY_ABORTED;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !memory->is_done) {
        (void)snprintf(memory->what, sizeof memory->what, "the process ended with status %#x",
                       (unsigned)status);
        return S1_MEMORY_WRONG;
    }
    return memory->is_right ? S1_MEMORY_RIGHT : S1_MEMORY_WRONG;
}
