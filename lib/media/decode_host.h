/*
 * decode_host.h - the process that decoders are forked from
 *
 * A decoder must have nothing of this program's memory (keys, other files' pictures), and a program
 * with threads must not fork without exec. To load FFmpeg anew costs 30 ms, though. So the program
 * is executed once more, as a host without threads that has read nothing: each file gets a fork of
 * it, in a millisecond. The host sees no byte of any file, and ends with the program.
 *
 * What FFmpeg does for the first time in a process takes as long as opening a small file: where
 * more files are to come, one fork waits for the next, and has decoded a clip of the program's own.
 */
#ifndef BF_DECODE_HOST_H
#define BF_DECODE_HOST_H

#include "lib/base/error.h"

/* Starts the host where there is none yet, and has it get a decoder ready, without waiting for
 * either: a program that is going to decode calls it early to save the wait. From any thread. */
enum bf_err bf_decode_host_start(struct bf_error *err);
/*
 * A decoder (decode_child) with the files fd and memory_fd, which stay the caller's. *wire receives
 * the socket to it. To close it ends the decoder, whatever that is doing. When it ends by itself,
 * BF_WIRE_GONE is the last message.
 */
enum bf_err bf_decode_host_fork(int *wire, int fd, int memory_fd, struct bf_error *err);

#endif
