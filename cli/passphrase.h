/*
 * passphrase.h - where a passphrase comes from: the first line of a file, or a terminal that does
 * not show it
 */
#ifndef BF_PASSPHRASE_H
#define BF_PASSPHRASE_H

#include "ledger/chain/key.h"

/* Cleared by bf_passphrase_release; text is NUL-terminated, len does not count the NUL. */
struct bf_passphrase {
    char text[BF_PASSPHRASE_MAX + 1];
    size_t len;
};

/* The first line of the file at path, which may be a pipe. BF_ERR_FORMAT where it is empty or too
 * long. */
enum bf_err bf_passphrase_read(struct bf_passphrase *p, const char *path, struct bf_error *err);
/*
 * Ask on the controlling terminal, without echo; again (may be NULL) asks a second time and the two
 * must agree. A signal while it waits gives the terminal its echo back first. BF_ERR_AUTH where
 * there is no terminal, or nothing was typed.
 */
enum bf_err bf_passphrase_ask(struct bf_passphrase *p, const char *prompt, const char *again,
                              struct bf_error *err);
void bf_passphrase_release(struct bf_passphrase *p);

#endif
