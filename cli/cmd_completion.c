#include "cli/commands.h"

/*
 * The script is made from bf_commands, so that it cannot fall behind. A case for each command word,
 * and inside it the options of each command; file names everywhere else.
 */

static void print_opts(const struct bf_command *c, bool with_value)
{
    const struct bf_opt *o;

    for (o = c->opts; o != NULL && o->name != NULL; o++) {
        bool takes_value =
            o->kind == BF_OPT_TEXT || o->kind == BF_OPT_LIST || o->kind == BF_OPT_LIMIT;

        if (with_value && !takes_value)
            continue;
        printf(" --%s", o->name);
        if (o->kind == BF_OPT_SWITCH)
            printf(" --no-%s", o->name);
        if (with_value && o->letter)
            printf(" -%c", o->letter);
    }
}

/* The length of a command's first word. */
static size_t group_len(const struct bf_command *c)
{
    return strcspn(c->name, " ");
}

static bool same_group(const struct bf_command *a, const struct bf_command *b)
{
    return group_len(a) == group_len(b) && memcmp(a->name, b->name, group_len(a)) == 0;
}

/* Whether commands[i] is the first of its group. */
static bool is_first(size_t i)
{
    size_t j;

    for (j = 0; j < i; j++)
        if (same_group(bf_commands[i], bf_commands[j]))
            return false;
    return true;
}

static void print_words(void)
{
    size_t i, j;

    printf("    local words='help");
    for (i = 0; bf_commands[i] != NULL; i++)
        if (is_first(i))
            printf(" %.*s", (int)group_len(bf_commands[i]), bf_commands[i]->name);
    printf(" --help --version'\n    local group=${COMP_WORDS[1]} subs= opts= valued=\n\n    case "
           "$group in\n");
    for (i = 0; bf_commands[i] != NULL; i++) {
        if (strchr(bf_commands[i]->name, ' ') == NULL || !is_first(i))
            continue;
        printf("    %.*s) subs='", (int)group_len(bf_commands[i]), bf_commands[i]->name);
        for (j = i; bf_commands[j] != NULL; j++)
            if (same_group(bf_commands[i], bf_commands[j]))
                printf("%s%s", j == i ? "" : " ",
                       bf_commands[j]->name + group_len(bf_commands[j]) + 1);
        printf("' ;;\n");
    }
    printf("    esac\n");
}

static void print_bash(void)
{
    size_t i;

    printf("# bash completion for bonafide, made by 'bonafide completion bash'\n"
           "_bonafide()\n"
           "{\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n");
    print_words();
    printf("    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
           "        return\n"
           "    fi\n"
           "    if [ -n \"$subs\" ] && [ \"$COMP_CWORD\" = 2 ]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$subs --help\" -- \"$cur\")\n"
           "        return\n"
           "    fi\n"
           "    case \"$group${subs:+ ${COMP_WORDS[2]}}\" in\n");
    for (i = 0; bf_commands[i] != NULL; i++) {
        printf("    '%s')\n        opts='", bf_commands[i]->name);
        printf("--help");
        print_opts(bf_commands[i], false);
        printf("'\n        valued='");
        print_opts(bf_commands[i], true);
        printf(" '\n        ;;\n");
    }
    printf("    esac\n"
           "    if [[ $cur == -* && \"$valued\" != *\" $prev \"* ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$opts\" -- \"$cur\")\n"
           "    elif [ \"$group\" = completion ]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W bash -- \"$cur\")\n"
           "    else\n"
           "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
           "        compopt -o filenames 2>/dev/null\n"
           "    fi\n"
           "}\n"
           "complete -F _bonafide bonafide\n");
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    (void)opts, (void)n_args;
    if (strcmp(args[0], "bash") != 0)
        return bf_cli_usage(cmd, "there is no completion for '%s', only for bash", args[0]);
    print_bash();
    return BF_EXIT_YES;
}

const struct bf_command bf_cmd_completion = {
    .name = "completion",
    .args = "SHELL",
    .summary = "print the completion script of a shell (bash)",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
