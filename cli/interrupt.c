#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t raised;

static void raise_flag(int number)
{
    (void)number;
    raised = 1;
}

void bf_interrupt_catch(void)
{
    struct sigaction a = {.sa_handler = raise_flag, .sa_flags = SA_RESETHAND | SA_RESTART};

    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGHUP, &a, NULL);
}

bool bf_interrupted(void *ctx)
{
    (void)ctx;
    return raised != 0;
}
