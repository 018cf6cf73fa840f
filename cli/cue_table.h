/*
 * cue_table.h - what was measured of many videos of known kind, as a text file: for fitting and for
 * evaluating
 *
 * A line of tab-separated values a video, under a line of names: file, person, method ("real", or
 * how the fake was made), crf, half, size (of the face, pixels), sharpness, the baseline's mean
 * logit, then every cue by its name; "-" where one could not be measured.
 */
#ifndef BF_CUE_TABLE_H
#define BF_CUE_TABLE_H

#include "detector/score.h"
#include "lib/base/bytes.h"

#define BF_CUE_METHOD_MAX 32

struct bf_cue_row {
    char *file;
    uint32_t person;
    char method[BF_CUE_METHOD_MAX];
    bool fake, half;
    unsigned crf; /* 0: as it was */
    float size, sharpness;
    double baseline;
    double cue[BF_CUES];
};

struct bf_cue_table {
    struct bf_cue_row *row; /* (n) */
    size_t n, cap;
};

/* Takes a copy of row; file too. */
enum bf_err bf_cue_table_add(struct bf_cue_table *t, const struct bf_cue_row *row,
                             struct bf_error *err);
void bf_cue_table_release(struct bf_cue_table *t);
enum bf_err bf_cue_table_write(const struct bf_cue_table *t, const char *path, unsigned flags,
                               struct bf_error *err);
/* Adds the rows of the file at path. BF_ERR_FORMAT names the line that is not as it should be. */
enum bf_err bf_cue_table_read(struct bf_cue_table *t, const char *path, struct bf_error *err);

/* Whether the file at path begins as a table of cues does. */
bool bf_cue_table_is_one(const char *path);

/* What score found of the most suspicious track, or the one that was seen most where none could be
 * scored. false where the artifact network saw none of them. */
bool bf_cue_row_of_score(struct bf_cue_row *row, const struct bf_score *score);

#endif
