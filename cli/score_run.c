#include "cli/score_run.h"
#include "cli/common.h"

enum { JUMP_US = 1500000 }; /* to leave out less is not worth a seek */

int64_t bf_score_end_us(const struct bf_score_answer *a)
{
    const int64_t all_us = a->info->duration_us;

    return a->end_us > 0 && (all_us == 0 || a->end_us < all_us) ? a->end_us : all_us;
}

/* On to where the scorer wants to go on, in a long video. */
static enum bf_err leave_out(struct bf_video *v, const struct bf_scorer *scorer, int64_t pts_us,
                             int64_t end_us, struct bf_error *err)
{
    int64_t next = bf_scorer_next_us(scorer, pts_us);

    return next > pts_us + JUMP_US && next < end_us ? bf_video_seek(v, next, err) : BF_OK;
}

static enum bf_err look_at_all(struct bf_score_answer *a, struct bf_scorer *scorer,
                               struct bf_video *v, int progress, struct bf_error *err)
{
    int64_t end_us = bf_score_end_us(a), span_us;
    uint64_t n_seen = 0, every = a->every > 0 ? a->every : 1;
    const struct bf_frame *frame = NULL;
    struct bf_cli_progress line;
    enum bf_err rc;

    span_us = end_us > a->start_us ? end_us - a->start_us : 0;
    rc = bf_scorer_start(scorer, a->info, span_us, err);
    bf_cli_progress_start(&line, a->file, "s", 1e6, progress);
    if (rc == BF_OK && a->start_us > 0)
        rc = bf_video_seek(v, a->start_us, err);
    while (rc == BF_OK && (rc = bf_video_next(v, &frame, err)) == BF_OK && frame != NULL) {
        if (a->end_us > 0 && frame->pts_us >= a->end_us)
            break;
        if (n_seen++ % every == 0) {
            a->n_damaged += frame->damaged;
            rc = bf_scorer_frame(scorer, frame, err);
        }
        bf_progress_step(&line.sink, (uint64_t)(frame->pts_us - a->start_us), (uint64_t)span_us);
        if (rc == BF_OK)
            rc = leave_out(v, scorer, frame->pts_us, end_us, err);
    }
    bf_cli_progress_end(&line);
    if (rc == BF_OK && n_seen == 0)
        rc = bf_error_set(err, BF_ERR_USAGE, "'%s' has nothing in the time asked for", a->file);
    return rc;
}

enum bf_err bf_score_run(struct bf_score *score, struct bf_score_answer *a,
                         struct bf_scorer *scorer, struct bf_video *v, int progress,
                         struct bf_error *err)
{
    enum bf_err rc;

    a->info = bf_video_info(v);
    rc = look_at_all(a, scorer, v, progress, err);
    return rc == BF_OK ? bf_scorer_finish(score, scorer, err) : rc;
}

enum bf_err bf_score_beside(struct bf_score *score, struct bf_score_answer *a,
                            struct bf_scorer *scorer, const struct bf_intake *in, int progress,
                            struct bf_error *err)
{
    a->score = score;
    a->card = bf_scorer_card(scorer);
    a->beside_provenance = true;
    if (in->n_frames == 0)
        return bf_score_run(score, a, scorer, in->video, progress, err);
    a->info = in->info;
    a->n_damaged = in->n_damaged;
    return bf_scorer_finish(score, scorer, err);
}

enum bf_err bf_score_open(struct bf_scorer **scorer, const char *weights, const char *models,
                          unsigned n_frames, bool pictures, struct bf_error *err)
{
    char weights_dir[BF_PATH_MAX], models_dir[BF_PATH_MAX];
    const struct bf_scorer_options how = {.weights = weights_dir,
                                          .models = models_dir,
                                          .n_frames = n_frames,
                                          .no_pictures = !pictures};
    enum bf_err rc = bf_cli_detector_dir(weights_dir, sizeof weights_dir, weights, err);

    if (rc == BF_OK)
        rc = bf_cli_models_dir(models_dir, sizeof models_dir, models, err);
    return rc == BF_OK ? bf_scorer_create(scorer, &how, err) : rc;
}
