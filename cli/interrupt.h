/*
 * interrupt.h - being asked to stop by Ctrl-C or kill, for work that wants to leave things in order
 */
#ifndef BF_INTERRUPT_H
#define BF_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP only raise a flag, once: a second one ends the program as
 * it always does. */
void bf_interrupt_catch(void);
/* Whether one came. ctx is not used: it fits the libraries' calls. */
bool bf_interrupted(void *ctx);

#endif
