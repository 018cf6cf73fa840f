/*
 * secret_guard.h - a process that holds a key leaves no picture of its memory
 */
#ifndef BF_SECRET_GUARD_H
#define BF_SECRET_GUARD_H

/*
 * From now on the process dumps no core, and no other one of its user may trace it or read its
 * memory. To be called before a key or passphrase is read; there is no way back. Best effort: where
 * the kernel refuses, keys are used all the same.
 */
void bf_secret_guard(void);

#endif
