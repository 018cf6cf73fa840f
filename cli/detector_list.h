/*
 * detector_list.h - which videos and photographs the detector learns from, whose they are, and in
 * which split each person is
 *
 * A text file of lines "FILE<TAB>PERSON<TAB>SPLIT", where SPLIT is train, calibration or test, and
 * a fourth column may name a trained swap model of that person and whom it makes of it
 * ("models/pair:b"). Names are from the list's own folder. Lines that begin with # are notes.
 */
#ifndef BF_DETECTOR_LIST_H
#define BF_DETECTOR_LIST_H

#include "generator/fake_plan.h"
#include "generator/swap_model.h"

#define BF_DETECTOR_LIST_MAX 100000

struct bf_detector_list {
    struct bf_detector_item {
        char *path;
        uint32_t person; /* a number of its name */
        enum bf_split split;
        char *model; /* folder; NULL: none */
        enum bf_swap_who to;
    } * item;
    size_t n;
};

/* The number that a person goes by in tables: of the name's SHA-256 the first four bytes. */
uint32_t bf_person_number(const char *name);
/* BF_ERR_FORMAT names the line; a person in two splits is one. */
enum bf_err bf_detector_list_read(struct bf_detector_list *l, const char *path,
                                  struct bf_error *err);
void bf_detector_list_release(struct bf_detector_list *l);

#endif
