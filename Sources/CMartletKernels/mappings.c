// Mapped memory that may lose its pages: a fault in it is survived and remembered.
#define _GNU_SOURCE
#include "include/CMartletKernels.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAPPINGS = 4096 };

// The handler reads these while other threads change them, so every field is atomic; a base of 0 is a
// free place.
static struct {
    atomic_uintptr_t base;
    atomic_size_t count;
    atomic_int lost;
} mappings[MAPPINGS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
// Places after this one were never taken, so that the handler need not look at them.
static atomic_int taken;
static uintptr_t page_size;
static struct sigaction before;

// Calls nothing but mmap, which is a bare system call everywhere we run.
static int survive(uintptr_t address) {
    int end = atomic_load(&taken);
    for (int i = 0; i < end; i++) {
        uintptr_t base = atomic_load(&mappings[i].base);
        size_t count = atomic_load(&mappings[i].count);
        if (base == 0 || address < base || address - base >= count) continue;
        uintptr_t first = address / page_size * page_size;
        uintptr_t last = (base + count + page_size - 1) / page_size * page_size;
        atomic_store(&mappings[i].lost, 1);
        // Zeros up to the end at once: a fault for each page would take minutes in a large file.
        return mmap((void *)first, last - first, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0) !=
               MAP_FAILED;
    }
    return 0;
}

static void on_fault(int number, siginfo_t *info, void *context) {
    int saved = errno;
    // A signal that a process sends has no address.
    int survived = info->si_code > 0 && survive((uintptr_t)info->si_addr);
    errno = saved;
    if (survived) return;
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
        // The access is repeated, and ends the process as it would have without us.
        signal(number, SIG_DFL);
        if (info->si_code <= 0) raise(number);
    } else {
        before.sa_handler(number);
    }
}

static void install(void) {
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {0};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &before);
}

int32_t mk_guard_mapping(const void *base, size_t count) {
    pthread_once(&once, install);
    int32_t place = -1;
    pthread_mutex_lock(&lock);
    for (int32_t i = 0; i < MAPPINGS && place < 0; i++) {
        if (atomic_load(&mappings[i].base) == 0) place = i;
    }
    if (place >= 0) {
        atomic_store(&mappings[place].lost, 0);
        atomic_store(&mappings[place].count, count);
        atomic_store(&mappings[place].base, (uintptr_t)base);
        if (place >= atomic_load(&taken)) atomic_store(&taken, place + 1);
    }
    pthread_mutex_unlock(&lock);
    return place;
}

void mk_unguard_mapping(int32_t place) { atomic_store(&mappings[place].base, 0); }

bool mk_mapping_lost(int32_t place) { return atomic_load(&mappings[place].lost) != 0; }
