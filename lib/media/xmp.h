/*
 * xmp.h - a packet of XMP (ISO 16684-1) that says how a video came to be
 */
#ifndef BF_XMP_H
#define BF_XMP_H

#include "lib/base/bytes.h"

/* IPTC's words for where pictures come from:
 * http://cv.iptc.org/newscodes/digitalsourcetype/<word> */
#define BF_XMP_GENERATED "trainedAlgorithmicMedia"
#define BF_XMP_COMPOSITE "compositeWithTrainedAlgorithmicMedia"

struct bf_xmp {
    const char *source_type; /* one of the words above */
    const char *title, *description, *tool;
};

/* Appends the packet to out and a NUL behind it; false where memory ran out. Text is UTF-8. */
bool bf_xmp_build(struct bf_buf *out, const struct bf_xmp *xmp);

#endif
