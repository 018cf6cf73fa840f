#include "cli/commands.h"

#include <jansson.h>

#include "lib/media/video.h"

struct version_opts {
    bool json;
};

static const struct bf_opt options[] = {
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct version_opts, json), "print one JSON object"},
    {0},
};

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct version_opts *o = opts;
    char *text;
    json_t *j;

    (void)cmd, (void)n_args, (void)args;
    if (!o->json) {
        printf("bonafide %s\n%s\n", BF_VERSION, bf_video_libraries());
        return BF_EXIT_YES;
    }
    j = json_pack("{s:s, s:s, s:s}", "schema", "bonafide.version/1", "version", BF_VERSION,
                  "libraries", bf_video_libraries());
    text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    if (text == NULL)
        return BF_EXIT_FAILED;
    puts(text);
    free(text);
    return BF_EXIT_YES;
}

const struct bf_command bf_cmd_version = {
    .name = "version",
    .args = "",
    .summary = "print the version and the libraries it runs on",
    .opts = options,
    .opts_size = sizeof(struct version_opts),
    .run = run,
};
