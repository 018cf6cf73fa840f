/*
 * chip_maker.h - fakes of a moment, in memory and without the generator's mark, as chips for the
 * detector to train on
 *
 * The mark is for what leaves the program: a detector that had seen it on fakes alone would learn
 * the mark. Real and fake of one moment go through the same coder at the same rate and size.
 */
#ifndef BF_CHIP_MAKER_H
#define BF_CHIP_MAKER_H

#include "cli/face_moment.h"
#include "detector/chip_set.h"
#include "generator/swap_convert.h"

#define BF_CHIP_GROUP_MAX 6 /* records of one group: a real one and its fakes */

/* What a group is made of, all of it the caller's. */
struct bf_chip_job {
    const struct bf_moment *moment;
    const struct bf_donor *own;   /* the same person's faces */
    const struct bf_donor *other; /* another person's */
    const char *swap_model;       /* folder of a model of this person; NULL: none */
    enum bf_swap_who swap_to;
    uint32_t person;
    uint64_t seed; /* of methods, rates and all else */
    unsigned n_fakes;
};

struct bf_chip_maker;

/* For one thread. models is the folder of the face networks. */
enum bf_err bf_chip_maker_create(struct bf_chip_maker **m, const char *models,
                                 struct bf_error *err);
void bf_chip_maker_free(struct bf_chip_maker **m);
/*
 * out (BF_CHIP_GROUP_MAX) receives *n records: the real one, whose number the caller puts into
 * group, and the fakes; 0 where the face gives no chip. A method that changed nothing is left out.
 */
enum bf_err bf_chip_maker_run(struct bf_chip_record *out, size_t *n, struct bf_chip_maker *m,
                              const struct bf_chip_job *job, struct bf_error *err);

#endif
