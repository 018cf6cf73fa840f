/*
 * grid_paint.h - what is known of a record's grid, painted where the record lies in a picture of
 * the suspect
 */
#ifndef BF_GRID_PAINT_H
#define BF_GRID_PAINT_H

#include "ledger/match/match.h"
#include "lib/media/picture.h"

#define BF_HEAT_SHOWN 48 /* from here on heat is painted: 3 standard deviations */
#define BF_HEAT_FULL 112 /* from here on it gets no hotter to look at */

extern const struct bf_rgb bf_colour_altered, bf_colour_foreign, bf_colour_follows;

/* Which cells each pixel of a picture of one size shows. */
struct bf_grid_paint;

enum bf_err bf_grid_paint_create(struct bf_grid_paint **g, const struct bf_match *m, uint32_t width,
                                 uint32_t height, struct bf_error *err);
void bf_grid_paint_free(struct bf_grid_paint **g);
/* cells is a bf_heat_row's; p is of the paint's size. Translucent, from yellow to dark red. */
void bf_grid_paint_heat(struct bf_picture *p, const struct bf_grid_paint *g, const uint8_t *cells);
/* grid is bf_digest_grid's: grey, and hatched where the record does not reach. */
void bf_grid_paint_luma(struct bf_picture *p, const struct bf_grid_paint *g, const uint8_t *grid);

/* The heat at a time of the suspect; NULL where nothing was compared. */
const struct bf_heat_row *bf_heat_at(const struct bf_match *m, int64_t suspect_us);
/* The span at a time of the suspect, NULL where there is none. */
const struct bf_span *bf_span_at(const struct bf_match *m, int64_t suspect_us);
/* The box of an altered span, in two colours so that it stands out from anything. */
void bf_span_outline(struct bf_picture *p, const struct bf_span *s);

#endif
