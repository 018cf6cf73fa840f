#include "cli/commands.h"
#include "cli/common.h"
#include "cli/score_pieces.h"
#include "cli/score_report.h"
#include "cli/score_run.h"
#include "lib/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct score_opts {
    const char *report, *frames, *every, *start, *end, *weights, *models;
    bool pieces, json, force;
    int progress;
};

static const struct bf_opt options[] = {
    {0, "report", BF_OPT_TEXT, "OUT.html", offsetof(struct score_opts, report),
     "write a page that shows the evidence, face by face"},
    {'f', "force", BF_OPT_FLAG, NULL, offsetof(struct score_opts, force), "replace OUT.html"},
    {0, "json", BF_OPT_FLAG, NULL, offsetof(struct score_opts, json),
     "print one JSON object a file"},
    {0, "frames", BF_OPT_TEXT, "N", offsetof(struct score_opts, frames),
     "show the network about so many frames of each face (32)"},
    {0, "every", BF_OPT_TEXT, "N", offsetof(struct score_opts, every),
     "look at each N-th frame only"},
    {0, "pieces", BF_OPT_FLAG, NULL, offsetof(struct score_opts, pieces),
     "go through all of a long video as well, and judge each piece of some seconds by itself"},
    {0, "start", BF_OPT_TEXT, "SECONDS", offsetof(struct score_opts, start),
     "look from here on; also as minutes:seconds"},
    {0, "end", BF_OPT_TEXT, "SECONDS", offsetof(struct score_opts, end),
     "and no further than here"},
    {0, "weights", BF_OPT_TEXT, "DIR", offsetof(struct score_opts, weights),
     "the folder of the detector's weights"},
    {'m', "models", BF_OPT_TEXT, "DIR", offsetof(struct score_opts, models),
     "the folder of the face networks"},
    {0, "progress", BF_OPT_SWITCH, NULL, offsetof(struct score_opts, progress),
     "show progress, or never"},
    BF_OPT_LOOKING,
    {0},
};

/* What all files of one call share. */
struct session {
    const struct score_opts *opts;
    struct bf_scorer *scorer;
    uint64_t n_frames, every;
    int64_t start_us, end_us; /* end_us 0: all the rest */
    struct bf_page *report;   /* NULL where none was asked for */
    struct bf_score_line *line;
};

static enum bf_err show(const struct session *s, const struct bf_score_answer *a,
                        const struct bf_error *failed, struct bf_error *err)
{
    if (s->report == NULL)
        return BF_OK;
    return failed != NULL ? bf_page_add_failed(s->report, a->file, failed, err)
                          : bf_score_report_add(s->report, a, err);
}

static enum bf_exit score_file(struct session *s, const char *path, struct bf_score_line *line)
{
    struct bf_score_pieces pieces = {0};
    struct bf_score score = {0};
    struct bf_score_answer a = {.file = path,
                                .score = &score,
                                .card = bf_scorer_card(s->scorer),
                                .every = s->every,
                                .start_us = s->start_us,
                                .end_us = s->end_us};
    struct bf_error err = {0}, page_err = {0};
    struct bf_video *v = NULL;
    enum bf_exit answer;
    enum bf_err rc = bf_video_open(&v, path, &err);

    if (rc == BF_OK)
        rc = bf_score_run(&score, &a, s->scorer, v, s->opts->progress, &err);
    if (rc == BF_OK && s->opts->pieces) {
        rc = bf_score_pieces_run(&pieces, &a, s->scorer, v, s->opts->progress, &err);
        a.pieces = &pieces;
        if (pieces.n_damaged > a.n_damaged)
            a.n_damaged = pieces.n_damaged;
        if (rc != BF_OK)
            bf_score_release(&score);
    }
    *line = (struct bf_score_line){.file = path, .failed = rc != BF_OK, .likelihood = (double)NAN};
    if (rc != BF_OK) {
        answer = bf_cli_fail_json(s->opts->json, BF_SCORE_SCHEMA, path, &err);
    } else {
        answer = bf_score_answer_exit(&score);
        line->verdict = score.verdict;
        line->likelihood = score.likelihood;
        line->n_faces = score.n_tracks;
        line->marked = score.mark.found;
        if (!s->opts->json)
            bf_score_answer_print(&a);
        else if (!bf_score_answer_print_json(&a))
            answer = BF_EXIT_FAILED;
        fflush(stdout);
    }
    if (show(s, &a, rc == BF_OK ? NULL : &err, &page_err) != BF_OK)
        answer = bf_exit_worse(answer, bf_cli_fail(&page_err));
    if (rc == BF_OK)
        bf_score_release(&score);
    bf_score_pieces_release(&pieces);
    bf_video_close(&v);
    return answer;
}

static bool parse_count(uint64_t *n, uint64_t max, const char *text)
{
    return text == NULL || (bf_u64_parse(n, max, text, strlen(text)) && *n > 0);
}

/* "12", "12.5", "1:02:03.5": to the microsecond, what comes after is refused */
static bool parse_time(int64_t *us, const char *text)
{
    int64_t whole = 0, part, scale;
    int n_parts = 0, n;

    if (text == NULL)
        return true;
    do {
        for (part = 0, n = 0; *text >= '0' && *text <= '9' && n < 7; n++)
            part = part * 10 + (*text++ - '0');
        if (n == 0 || (n_parts > 0 && part > 59))
            return false;
        whole = whole * 60 + part;
    } while (++n_parts < 3 && *text == ':' && *text++ != '\0');
    *us = whole * 1000000;
    if (*text == '.' && text[1] != '\0')
        for (text++, scale = 100000; *text >= '0' && *text <= '9' && scale > 0; scale /= 10)
            *us += scale * (*text++ - '0');
    return *text == '\0';
}

/* The page is tried before the work is done. */
static enum bf_err open_all(struct session *s, size_t n_files, struct bf_error *err)
{
    const struct score_opts *o = s->opts;
    enum bf_err rc = BF_OK;

    s->line = calloc(n_files, sizeof *s->line);
    if (s->line == NULL)
        return bf_error_nomem(err);
    if (o->report != NULL)
        rc = bf_page_open(&s->report, o->report, o->force ? BF_OUTPUT_FORCE : 0, "score", n_files,
                          err);
    if (rc == BF_OK && s->report != NULL && n_files > 1)
        rc = bf_page_keep_aside(s->report, o->report, err);
    return rc == BF_OK ? bf_score_open(&s->scorer, o->weights, o->models, (unsigned)s->n_frames,
                                       o->report != NULL, err)
                       : rc;
}

static enum bf_err finish_page(struct session *s, size_t n_files, struct bf_error *err)
{
    struct bf_buf table = {0};
    enum bf_err rc;

    if (n_files > 1)
        bf_score_report_table(&table, s->line, n_files);
    rc = table.failed ? bf_error_nomem(err) : bf_page_commit(s->report, &table, err);
    bf_buf_release(&table);
    return rc;
}

static enum bf_exit run(const struct bf_command *cmd, const void *opts, int n_args, char **args)
{
    const struct score_opts *o = opts;
    struct session s = {.opts = o, .n_frames = 32, .every = 1};
    struct bf_error err = {0};
    enum bf_exit worst = BF_EXIT_YES;
    enum bf_err rc;
    int i;

    if (!parse_count(&s.n_frames, BF_SCORE_FRAMES_MAX, o->frames))
        return bf_cli_usage(cmd, "--frames is a number from 1 to %d", BF_SCORE_FRAMES_MAX);
    if (!parse_count(&s.every, 1000, o->every))
        return bf_cli_usage(cmd, "--every is a number from 1 to 1000");
    if (!parse_time(&s.start_us, o->start))
        return bf_cli_usage(cmd, "--start is a time in seconds, such as 90, 90.5 or 1:30.5");
    if (!parse_time(&s.end_us, o->end))
        return bf_cli_usage(cmd, "--end is a time in seconds, such as 90, 90.5 or 1:30.5");
    if (o->end != NULL && s.end_us <= s.start_us)
        return bf_cli_usage(cmd, "--end must be later than --start");
    if (bf_cli_is_one_of(o->report, n_args, args))
        return bf_cli_usage(cmd, "--report does not replace a FILE");
    rc = open_all(&s, (size_t)n_args, &err);
    if (rc != BF_OK)
        worst = bf_cli_fail_json(o->json, BF_SCORE_SCHEMA, NULL, &err);
    for (i = 0; rc == BF_OK && i < n_args; i++)
        worst = bf_exit_worse(worst, score_file(&s, args[i], &s.line[i]));
    if (rc == BF_OK && n_args > 1 && !o->json)
        bf_score_print_table(s.line, (size_t)n_args);
    if (rc == BF_OK && s.report != NULL && finish_page(&s, (size_t)n_args, &err) != BF_OK)
        worst = bf_exit_worse(worst, bf_cli_fail(&err));
    bf_page_close(&s.report);
    bf_scorer_free(&s.scorer);
    free(s.line);
    return worst;
}

const struct bf_command bf_cmd_score = {
    .name = "score",
    .args = "FILE...",
    .summary = "say how likely the faces in videos are fakes, and why",
    .opts = options,
    .opts_size = sizeof(struct score_opts),
    .min_args = 1,
    .max_args = SIZE_MAX,
    .run = run,
};
