/*
 * report.h - verify's answers as sections of a page: verdict, timeline, stills, what was not
 * checked
 */
#ifndef BF_REPORT_H
#define BF_REPORT_H

#include "cli/page.h"
#include "cli/verify_answer.h"

/*
 * The section of one file; decodes it once more where there is something to show. digest: the
 * record's blob, empty where it is not at hand. progress: as the option says.
 */
enum bf_err bf_report_add(struct bf_page *p, const struct bf_answer *a, const struct bf_buf *digest,
                          int progress, struct bf_error *err);

#endif
