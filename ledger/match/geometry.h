/*
 * geometry.h - where a record's picture lies in a suspect's: turned, mirrored, cropped, squeezed,
 * with bars round it or inside another picture
 */
#ifndef BF_GEOMETRY_H
#define BF_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The record's picture, mirrored left to right where mirrored, then turned by quarter turns
 * clockwise, fills the box of the suspect's picture as shown: 0 to 1 across and down. A box that
 * reaches outside (left < 0, right > 1) means that the suspect is cropped; one that ends inside,
 * that there are bars or another picture round it.
 */
struct bf_geometry {
    bool mirrored;
    unsigned quarter_turns; /* 0 to 3 */
    double left, top, right, bottom;
};

#define BF_GEOMETRY_SAME ((struct bf_geometry){.right = 1, .bottom = 1})

/* The whole picture, neither turned nor mirrored, to within rounding. */
bool bf_geometry_is_same(const struct bf_geometry *g);
/* From how far inside the suspect's picture an edge of the box is sure to have a bar or another
 * picture beside it. Whole pictures, and other takes on one set, lie up to a hundredth inside. */
#define BF_GEOMETRY_INSET 0.02
bool bf_geometry_is_inset(const struct bf_geometry *g); /* at any of its edges */
/* How far apart two boxes' edges lie at most, as a share of b's size. */
double bf_geometry_apart(const struct bf_geometry *a, const struct bf_geometry *b);
/* A point of the record's picture (0 to 1) in the suspect's picture, and the way back. */
void bf_geometry_to_suspect(const struct bf_geometry *g, double *x, double *y, double u, double v);
void bf_geometry_to_record(const struct bf_geometry *g, double *u, double *v, double x, double y);
/*
 * "mirrored, cropped to 80 % x 85 % of the record", with "" where nothing was done; returns the
 * length that the whole text has.
 */
size_t bf_geometry_describe(char *text, size_t size, const struct bf_geometry *g);

#endif
