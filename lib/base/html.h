/*
 * html.h - text and pictures into a page or a drawing: nothing from outside is ever markup
 */
#ifndef BF_HTML_H
#define BF_HTML_H

#include "lib/base/bytes.h"

/* Our own text or such as has passed bf_text_escape: &, <, > and quotes become references. */
void bf_html_put(struct bf_buf *out, const char *text, size_t n);
/* Text from outside: control characters are escaped first, as on a terminal. */
void bf_html_text(struct bf_buf *out, const char *text);
/* "data:<type>;base64,..." */
void bf_html_data(struct bf_buf *out, const char *type, const struct bf_buf *bytes);

#endif
