/*
 * face_cut.h - whether a frame begins another scene
 */
#ifndef BF_FACE_CUT_H
#define BF_FACE_CUT_H

#include "lib/face/face_view.h"

enum { BF_CUT_SIDE = 32 };

struct bf_cut_watch {
    bool started;
    float last[BF_CUT_SIDE * BF_CUT_SIDE]; /* the frame before, small */
    float usual;                           /* mean difference of late */
};

/*
 * Compare the view's frame with the one before it: *cut is true where nearly everything is other,
 * and far more so than of late. A flash that brightens all of the picture is no cut.
 */
enum bf_err bf_cut_watch_add(bool *cut, struct bf_cut_watch *w, struct bf_face_view *v,
                             struct bf_error *err);

#endif
