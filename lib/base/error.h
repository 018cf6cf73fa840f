/*
 * error.h - the one way a call in this tree says that it could not do its work
 *
 * An error is a code and one sentence. Verdicts (altered, bad signature, not on the ledger) are
 * values, never errors; a bug is an assert. The sentence is written once, where the cause is known,
 * in git's wording: "cannot open 'a.mp4': No such file or directory".
 */
#ifndef BF_ERROR_H
#define BF_ERROR_H

enum bf_err {
    BF_OK = 0,
    BF_ERR_IO,        /* the system refused: open, read, write, disk full */
    BF_ERR_NOMEM,     /* memory */
    BF_ERR_FORMAT,    /* input is malformed, damaged or of an unknown version */
    BF_ERR_LIMIT,     /* a named limit was reached */
    BF_ERR_USAGE,     /* the caller asked for something that makes no sense */
    BF_ERR_EXISTS,    /* it is there already: output file, record */
    BF_ERR_NOT_FOUND, /* no such record, key, file */
    BF_ERR_AUTH,      /* wrong passphrase */
    BF_ERR_LIBRARY,   /* a library failed in a way that is none of the above */
};

#define BF_ERROR_TEXT_MAX 1024

struct bf_error {
    enum bf_err code;
    char text[BF_ERROR_TEXT_MAX]; /* one sentence, no newline, control characters escaped */
};

/*
 * Set err (which may be NULL) to code and the formatted sentence, and return code, so that a
 * failing call reads `return bf_error_set(err, BF_ERR_IO, ...)`. Control characters in the result
 * are escaped.
 */
enum bf_err bf_error_set(struct bf_error *err, enum bf_err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ": <strerror(errno)>" appended; code is BF_ERR_IO, or BF_ERR_NOMEM where errno is
 * ENOMEM. */
enum bf_err bf_error_errno(struct bf_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "not enough memory" */
enum bf_err bf_error_nomem(struct bf_error *err);

#endif
