/*
 * cli.h - commands, option tables, and how a command speaks
 *
 * A command is a row: its name ("key new"), its arguments, its options and its function. Help,
 * shell completion and the check of the man pages are made from the same rows. stdout carries the
 * answer, stderr everything else.
 */
#ifndef BF_CLI_H
#define BF_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "lib/media/limits.h"

/* Exit codes; a run over several files ends with the worst: 2, else 1, else 3, else 0. */
enum bf_exit {
    BF_EXIT_YES = 0,          /* authentic, done */
    BF_EXIT_NO = 1,           /* altered, not registered, not valid */
    BF_EXIT_FAILED = 2,       /* usage, I/O, damaged input: there is no answer */
    BF_EXIT_INCONCLUSIVE = 3, /* looked, and cannot tell */
};

enum bf_exit bf_exit_worse(enum bf_exit a, enum bf_exit b);

enum bf_opt_kind {
    BF_OPT_FLAG,    /* bool */
    BF_OPT_TEXT,    /* const char * */
    BF_OPT_LIST,    /* struct bf_opt_list: may be given several times */
    BF_OPT_SWITCH,  /* int: -1 not given, 1 --name, 0 --no-name */
    BF_OPT_UNBOXED, /* the whole program decodes without the sandbox; no field */
    BF_OPT_LIMIT,   /* a number for the whole program; offset is an enum bf_limit */
};

#define BF_OPT_LIST_MAX 32

struct bf_opt_list {
    const char *item[BF_OPT_LIST_MAX];
    size_t n;
};

struct bf_opt {
    char letter;      /* 0: none */
    const char *name; /* without dashes */
    enum bf_opt_kind kind;
    const char *arg; /* name of the argument in the help; NULL for flags and switches */
    size_t offset;   /* of the field in the command's option struct */
    const char *help;
};

/* Rows of every command that decodes files. Without --no-sandbox their decoder is started as soon
 * as the options are known. */
#define BF_OPT_DECODING                                                                \
    {0,                                                                                \
     "no-sandbox",                                                                     \
     BF_OPT_UNBOXED,                                                                   \
     NULL,                                                                             \
     0,                                                                                \
     "decode in this process: for kernels without seccomp, and files that you trust"}, \
        {0,        "max-side",    BF_OPT_LIMIT,                                        \
         "PIXELS", BF_LIMIT_SIDE, "refuse files with larger frames (16384)"},          \
        {0,   "max-frames",    BF_OPT_LIMIT,                                           \
         "N", BF_LIMIT_FRAMES, "refuse files with more frames (100000000)"},           \
        {0,   "max-seconds",    BF_OPT_LIMIT,                                          \
         "S", BF_LIMIT_SECONDS, "refuse longer files (720000, which are 200 hours)"},  \
        {0,   "max-streams",    BF_OPT_LIMIT,                                          \
         "N", BF_LIMIT_STREAMS, "refuse files with more streams (1000)"},              \
    {                                                                                  \
        0, "max-memory", BF_OPT_LIMIT, "MIB", BF_LIMIT_MEMORY,                         \
            "memory of the process that decodes a file (32768)"                        \
    }
/* And of every one that looks for faces in them. */
#define BF_OPT_LOOKING                                        \
    BF_OPT_DECODING,                                          \
    {                                                         \
        0, "max-faces", BF_OPT_LIMIT, "N", BF_LIMIT_FACES,    \
            "refuse files with more faces in one frame (256)" \
    }

struct bf_command {
    const char *name;          /* "key new" */
    const char *args;          /* "FILE..." */
    const char *summary;       /* one line */
    const struct bf_opt *opts; /* ends with a row whose name is NULL */
    size_t opts_size;          /* of the option struct, at most BF_OPTS_MAX */
    size_t min_args, max_args; /* SIZE_MAX: any number */
    /* opts is the command's zeroed (switches: -1) and filled option struct */
    enum bf_exit (*run)(const struct bf_command *cmd, const void *opts, int n_args, char **args);
};

#define BF_OPTS_MAX 4096

/* Runs the command that argv names. */
enum bf_exit bf_cli_main(const struct bf_command *const *commands, int argc, char **argv);

/* Prints "bonafide: <sentence>" on stderr and returns BF_EXIT_FAILED. */
enum bf_exit bf_cli_fail(const struct bf_error *err);
enum bf_exit bf_cli_usage(const struct bf_command *cmd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "bonafide: warning: <text>" on stderr, control characters escaped. */
void bf_cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* All commands, ending with NULL; used for help and completion. */
extern const struct bf_command *const bf_commands[];

/*
 * A progress line on stderr: shown on a foreground terminal (or where on is 1) after one second, at
 * most six times a second, with the rate and the time left. Units are what done and total count;
 * scale turns them into unit.
 */
struct bf_cli_progress {
    struct bf_progress sink; /* pass this to the library */
    const char *label;
    const char *unit; /* "s" of video, "records" */
    double scale;     /* units of done per unit shown */
    int on;           /* -1 automatic, 0 off, 1 on */
    bool shown;
    int64_t start_ms, last_ms;
};

void bf_cli_progress_start(struct bf_cli_progress *p, const char *label, const char *unit,
                           double scale, int on);
/* Wipes the line; call before anything is printed. */
void bf_cli_progress_end(struct bf_cli_progress *p);

#endif
