/*
 * mark.h - a mark that says "made by a generator", laid into the luma where nobody sees it
 *
 * The same weak pattern of light and dark patches in every frame, drawn once from a public constant
 * and laid over the picture as shown, so that it outlives scaling and strong compression. It is no
 * secret and no proof: who knows it can take it out, or put it into a real video. It tells honest
 * people what they are looking at when the label is gone.
 */
#ifndef BF_MARK_H
#define BF_MARK_H

#include "lib/media/canvas.h"

struct bf_mark;

struct bf_mark *bf_mark_create(void); /* NULL where memory ran out */
void bf_mark_free(struct bf_mark **m);
/*
 * Mark a canvas, whose luma alone changes, by some two steps. Takes the frames of one video, in
 * order or not: what it does to one depends on that one alone.
 */
enum bf_err bf_mark_apply(struct bf_mark *m, struct bf_canvas *canvas, struct bf_error *err);

struct bf_mark_result {
    bool found;
    double
        z; /* deviations from what an unmarked video shows, the larger of as shown and mirrored */
    bool mirrored;
    uint64_t n_frames; /* that were looked at; found is false where it is 0 */
};

/*
 * Reads some frames a second of all that it is given. Where the patterns of the mark are as random
 * to the video as they are, an unmarked one passes for marked less than once in 10^9.
 */
struct bf_mark_reader;
struct bf_mark_reader *bf_mark_reader_create(void); /* NULL where memory ran out */
void bf_mark_reader_free(struct bf_mark_reader **r);
/* frame is of one video, in its order. */
enum bf_err bf_mark_reader_add(struct bf_mark_reader *r, const struct bf_frame *frame,
                               struct bf_error *err);
void bf_mark_reader_finish(struct bf_mark_result *result, const struct bf_mark_reader *r);

#endif
