/*
 * sandbox.h - the walls round the process that decodes: what a flaw in a decoder can do is compute,
 * and speak on the descriptors it was given
 *
 * seccomp (an allowlist of system calls, through libseccomp) must hold or there is no decoding;
 * landlock is added where the kernel has it, and limits on memory, files and descriptors.
 */
#ifndef BF_SANDBOX_H
#define BF_SANDBOX_H

#include <stdbool.h>

#include "lib/base/error.h"

/*
 * Whether decoding happens in such a process, from now on, in the whole program; true at first. For
 * a program's start: with false a flaw in a decoder is a flaw in the program.
 */
void bf_sandbox_use(bool on);
bool bf_sandbox_used(void);

/*
 * For ever, for this process, which has one thread; threads that it starts are inside too.
 * Descriptors below n_fds stay; above there are none. What is allowed: memory that cannot be
 * executed, threads, locks, clocks, exit, pread of any descriptor, send and receive on descriptor
 * wire_fd. Opening and asking for files fails with EACCES, other calls end the process with SIGSYS.
 * BF_ERR_LIBRARY where the kernel has no seccomp filters; then nothing may be decoded.
 */
enum bf_err bf_sandbox_enter(int wire_fd, int n_fds, struct bf_error *err);

/* Closes every descriptor from first on. */
void bf_sandbox_close_from(int first);

#endif
