/*
 * caption.h - words drawn into a picture
 */
#ifndef BF_CAPTION_H
#define BF_CAPTION_H

#include "lib/media/picture.h"

/* Capital letters and spaces, white, five by seven dots of scale pixels, each letter six dots from
 * the last; (x, y) is the top left. What has no letter is left blank. */
void bf_caption_draw(struct bf_picture *p, const char *text, int x, int y, int scale);

#endif
