/*
 * score_run.h - the frames of a video, or those asked for, to the scorer
 */
#ifndef BF_SCORE_RUN_H
#define BF_SCORE_RUN_H

#include "cli/intake.h"
#include "cli/score_answer.h"

/*
 * Shows the scorer the frames of v that a->every, start_us and end_us name, and fills in *score,
 * which bf_score_release takes then, and a's info and n_damaged. progress: as the option says.
 * BF_ERR_USAGE where there is no frame in that time.
 */
enum bf_err bf_score_run(struct bf_score *score, struct bf_score_answer *a,
                         struct bf_scorer *scorer, struct bf_video *v, int progress,
                         struct bf_error *err);

/* Where what is looked at ends: as asked for, but no later than the video of a's info; 0 unknown.
 */
int64_t bf_score_end_us(const struct bf_score_answer *a);

/*
 * The score beside a provenance, of a file that was taken in with this scorer; where nothing was
 * decoded then, it is decoded now. a's file is set; the rest, and *score, are filled in.
 */
enum bf_err bf_score_beside(struct bf_score *score, struct bf_score_answer *a,
                            struct bf_scorer *scorer, const struct bf_intake *in, int progress,
                            struct bf_error *err);

/* A scorer of the weights and face networks that the options name, or that are found. */
enum bf_err bf_score_open(struct bf_scorer **scorer, const char *weights, const char *models,
                          unsigned n_frames, bool pictures, struct bf_error *err);

#endif
