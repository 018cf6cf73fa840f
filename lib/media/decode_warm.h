/*
 * decode_warm.h - what a decoder does for the first time in a process, done before it has a file
 */
#ifndef BF_DECODE_WARM_H
#define BF_DECODE_WARM_H

/*
 * Decodes a few small pictures that are part of this program: FFmpeg makes its tables, and the
 * pages of its code and data are there. Reads nothing else; that it fails does no harm. For a
 * process with one thread that is not in the sandbox yet.
 */
void bf_decode_warm(void);

#endif
