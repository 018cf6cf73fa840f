#include "cli/cli.h"
#include "lib/base/text.h"
#include "lib/media/decode_host.h"
#include "lib/media/sandbox.h"

#include <inttypes.h>
#include <stdarg.h>

static int severity(enum bf_exit e)
{
    switch (e) {
    case BF_EXIT_FAILED:
        return 3;
    case BF_EXIT_NO:
        return 2;
    case BF_EXIT_INCONCLUSIVE:
        return 1;
    case BF_EXIT_YES:
        break;
    }
    return 0;
}

enum bf_exit bf_exit_worse(enum bf_exit a, enum bf_exit b)
{
    return severity(a) >= severity(b) ? a : b;
}

enum bf_exit bf_cli_fail(const struct bf_error *err)
{
    fprintf(stderr, "bonafide: %s\n", err->text);
    return BF_EXIT_FAILED;
}

static __attribute__((format(printf, 2, 0))) void say(const char *prefix, const char *fmt,
                                                      va_list ap)
{
    char raw[BF_ERROR_TEXT_MAX], text[BF_ERROR_TEXT_MAX];

    vsnprintf(raw, sizeof raw, fmt, ap);
    bf_text_escape(text, sizeof text, raw, strlen(raw));
    fprintf(stderr, "bonafide: %s%s\n", prefix, text);
}

void bf_cli_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("warning: ", fmt, ap);
    va_end(ap);
}

enum bf_exit bf_cli_usage(const struct bf_command *cmd, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
    if (cmd != NULL)
        fprintf(stderr, "usage: bonafide %s%s%s%s\n", cmd->name,
                cmd->opts && cmd->opts->name ? " [options]" : "", cmd->args[0] ? " " : "",
                cmd->args);
    else
        fprintf(stderr, "try 'bonafide --help'\n");
    return BF_EXIT_FAILED;
}

static void print_option(const struct bf_opt *o)
{
    char left[64];
    int n = 0;

    if (o->letter)
        n = snprintf(left, sizeof left, "-%c, ", o->letter);
    snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s%s",
             o->kind == BF_OPT_SWITCH ? "[no-]" : "", o->name, o->arg ? " " : "",
             o->arg ? o->arg : "");
    if (strlen(left) > 26)
        printf("  %s\n  %-26s  %s\n", left, "", o->help);
    else
        printf("  %-26s  %s\n", left, o->help);
}

static void print_command_help(const struct bf_command *cmd)
{
    const struct bf_opt *o;

    printf("usage: bonafide %s%s%s%s\n\n%s\n", cmd->name,
           cmd->opts && cmd->opts->name ? " [options]" : "", cmd->args[0] ? " " : "", cmd->args,
           cmd->summary);
    if (cmd->opts == NULL || cmd->opts->name == NULL)
        return;
    printf("\noptions:\n");
    for (o = cmd->opts; o->name != NULL; o++)
        print_option(o);
}

/* group NULL: all commands; else those whose name starts with that word. */
static void print_commands(FILE *to, const struct bf_command *const *commands, const char *group)
{
    size_t n = group ? strlen(group) : 0, i;

    for (i = 0; commands[i] != NULL; i++) {
        if (group && (strncmp(commands[i]->name, group, n) != 0 || commands[i]->name[n] != ' '))
            continue;
        fprintf(to, "  %-20s  %s\n", commands[i]->name, commands[i]->summary);
    }
}

static void print_help(const struct bf_command *const *commands)
{
    printf(
        "usage: bonafide COMMAND [options] [file...]\n\n"
        "Says where a video comes from and whether it is still what was published.\n\ncommands:\n");
    print_commands(stdout, commands, NULL);
    printf("\n'bonafide COMMAND --help' shows the options of one command.\n"
           "exit status: 0 yes, 1 no, 2 could not answer (usage, I/O, damaged input), 3 "
           "inconclusive\n");
}

/* Sets the option whose row is o; returns false where its argument is missing. */
static bool set_option(const struct bf_opt *o, void *opts, const char *value, bool negated)
{
    void *field = o->kind != BF_OPT_LIMIT ? (char *)opts + o->offset : NULL;
    struct bf_opt_list *list = field;
    uint64_t number;

    switch (o->kind) {
    case BF_OPT_FLAG:
        *(bool *)field = true;
        return true;
    case BF_OPT_SWITCH:
        *(int *)field = !negated;
        return true;
    case BF_OPT_TEXT:
        *(const char **)field = value;
        return value != NULL;
    case BF_OPT_LIST:
        if (value == NULL || list->n == BF_OPT_LIST_MAX)
            return false;
        list->item[list->n++] = value;
        return true;
    case BF_OPT_UNBOXED:
        bf_sandbox_use(false);
        return true;
    case BF_OPT_LIMIT:
        return value != NULL && bf_u64_parse(&number, UINT64_MAX, value, strlen(value)) &&
               bf_limit_set((enum bf_limit)o->offset, number);
    }
    return false;
}

static bool takes_value(const struct bf_opt *o)
{
    return o->kind == BF_OPT_TEXT || o->kind == BF_OPT_LIST || o->kind == BF_OPT_LIMIT;
}

static const struct bf_opt *find_long(const struct bf_opt *opts, const char *name, size_t n,
                                      bool *negated)
{
    const struct bf_opt *o;

    for (o = opts; o != NULL && o->name != NULL; o++) {
        *negated = false;
        if (strlen(o->name) == n && memcmp(o->name, name, n) == 0)
            return o;
        *negated = true;
        if (o->kind == BF_OPT_SWITCH && n == strlen(o->name) + 3 && memcmp(name, "no-", 3) == 0 &&
            memcmp(name + 3, o->name, n - 3) == 0)
            return o;
    }
    return NULL;
}

static const struct bf_opt *find_letter(const struct bf_opt *opts, char letter)
{
    const struct bf_opt *o;

    for (o = opts; o != NULL && o->name != NULL; o++)
        if (o->letter == letter)
            return o;
    return NULL;
}

/* Parses argv[i...] into opts and args. Returns -1 to go on, else an exit code. */
static int parse_options(const struct bf_command *cmd, void *opts, char **args, int *n_args,
                         int argc, char **argv)
{
    bool only_args = false;
    int i;

    for (i = 0; i < argc; i++) {
        const char *a = argv[i], *value = NULL, *eq;
        const struct bf_opt *o;
        bool negated = false;

        if (only_args || a[0] != '-' || a[1] == '\0') {
            args[(*n_args)++] = argv[i];
            continue;
        }
        if (strcmp(a, "--") == 0) {
            only_args = true;
            continue;
        }
        if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
            print_command_help(cmd);
            return BF_EXIT_YES;
        }
        if (a[1] == '-') {
            eq = strchr(a, '=');
            o = find_long(cmd->opts, a + 2, eq ? (size_t)(eq - a - 2) : strlen(a + 2), &negated);
            value = eq ? eq + 1 : NULL;
        } else {
            o = find_letter(cmd->opts, a[1]);
            value = a[2] ? a + 2 : NULL;
        }
        if (o == NULL)
            return (int)bf_cli_usage(cmd, "unknown option '%s'", a);
        if (!takes_value(o) && value != NULL)
            return (int)bf_cli_usage(cmd, "option '%s' takes no value", a);
        if (takes_value(o) && value == NULL && i + 1 < argc)
            value = argv[++i];
        if (set_option(o, opts, value, negated))
            continue;
        if (o->kind == BF_OPT_LIMIT && value != NULL)
            return (int)bf_cli_usage(
                cmd, "--%s takes a number from %" PRIu64 " to %" PRIu64 ", not '%s'", o->name,
                bf_limit_least((enum bf_limit)o->offset), bf_limit_most((enum bf_limit)o->offset),
                value);
        return (int)bf_cli_usage(cmd, "option '%s' needs a value", a);
    }
    return -1;
}

/* It loads while the command opens what else it wants. That it fails is said by the first file. */
static void start_decoder(const struct bf_command *cmd)
{
    const struct bf_opt *o;

    for (o = cmd->opts; o != NULL && o->name != NULL; o++)
        if (o->kind == BF_OPT_UNBOXED && bf_sandbox_used())
            bf_decode_host_start(NULL);
}

static enum bf_exit run_command(const struct bf_command *cmd, int argc, char **argv)
{
    union {
        max_align_t align;
        char bytes[BF_OPTS_MAX];
    } opts = {0};
    const struct bf_opt *o;
    char **args = calloc((size_t)argc + 1, sizeof *args);
    int n_args = 0, early;
    enum bf_exit rc;

    if (args == NULL || cmd->opts_size > sizeof opts) {
        free(args);
        return BF_EXIT_FAILED;
    }
    for (o = cmd->opts; o != NULL && o->name != NULL; o++)
        if (o->kind == BF_OPT_SWITCH)
            *(int *)(void *)(opts.bytes + o->offset) = -1;
    early = parse_options(cmd, opts.bytes, args, &n_args, argc, argv);
    if (early >= 0)
        rc = (enum bf_exit)early;
    else if ((size_t)n_args < cmd->min_args)
        rc = bf_cli_usage(cmd, "'%s' needs %s", cmd->name, cmd->args);
    else if ((size_t)n_args > cmd->max_args)
        rc = bf_cli_usage(cmd, "'%s' does not take '%s'", cmd->name, args[cmd->max_args]);
    else {
        start_decoder(cmd);
        rc = cmd->run(cmd, opts.bytes, n_args, args);
    }
    free(args);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "bonafide: cannot write the answer to standard output\n");
        rc = BF_EXIT_FAILED;
    }
    return rc;
}

enum bf_exit bf_cli_main(const struct bf_command *const *commands, int argc, char **argv)
{
    size_t i;

    if (argc < 2) {
        fprintf(stderr, "usage: bonafide COMMAND [options] [file...]\n");
        print_commands(stderr, commands, NULL);
        return BF_EXIT_FAILED;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(commands);
        return BF_EXIT_YES;
    }
    if (strcmp(argv[1], "--version") == 0)
        argv[1] += 2;
    for (i = 0; commands[i] != NULL; i++) {
        const char *name = commands[i]->name, *space = strchr(name, ' ');
        size_t n = space ? (size_t)(space - name) : strlen(name);

        if (strlen(argv[1]) != n || memcmp(argv[1], name, n) != 0)
            continue;
        if (space == NULL)
            return run_command(commands[i], argc - 2, argv + 2);
        if (argc > 2 && strcmp(argv[2], space + 1) == 0)
            return run_command(commands[i], argc - 3, argv + 3);
    }
    for (i = 0; commands[i] != NULL; i++) {
        size_t n = strlen(argv[1]);

        if (strncmp(commands[i]->name, argv[1], n) != 0 || commands[i]->name[n] != ' ')
            continue;
        if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
            printf("usage: bonafide %s COMMAND [options]\n\ncommands:\n", argv[1]);
            print_commands(stdout, commands, argv[1]);
            return BF_EXIT_YES;
        }
        if (argc > 2)
            fprintf(stderr, "bonafide: '%s' has no command '%s'; it has:\n", argv[1], argv[2]);
        else
            fprintf(stderr, "bonafide: '%s' needs one of these commands:\n", argv[1]);
        print_commands(stderr, commands, argv[1]);
        return BF_EXIT_FAILED;
    }
    return bf_cli_usage(NULL, "'%s' is not a command", argv[1]);
}
