/*
 * decode_child.h - one file decoded inside the sandbox, for whoever is at the other end of a socket
 */
#ifndef BF_DECODE_CHILD_H
#define BF_DECODE_CHILD_H

/*
 * Enters the sandbox, then does what it is asked (decode_wire.h) until the socket is closed. The
 * process has one thread and nothing of value in it; its descriptors are those of decode_wire.h.
 */
void bf_decode_child_run(void);

#endif
