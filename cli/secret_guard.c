#include "cli/secret_guard.h"

#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* The leak sanitiser traces its own process. */
#if defined(__SANITIZE_ADDRESS__)
#define TRACED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRACED 1
#endif
#endif
#ifndef TRACED
#define TRACED 0
#endif

void bf_secret_guard(void)
{
    const struct rlimit none = {0, 0};

    /* Both: a core that is piped to a program knows no limit, and a program that is set to be
     * dumpable later still has none. */
    setrlimit(RLIMIT_CORE, &none);
    if (!TRACED)
        prctl(PR_SET_DUMPABLE, 0);
}
