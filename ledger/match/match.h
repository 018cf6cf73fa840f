/*
 * match.h - what a suspect is to one record: its spans, and the verdict they add up to
 *
 * SPEC.md "Matching" gives the steps. Knows digests alone: whether the record may be believed is
 * for ledger/chain.
 */
#ifndef BF_MATCH_H
#define BF_MATCH_H

#include "ledger/match/align.h"
#include "ledger/match/geometry.h"

enum bf_verdict {
    BF_VERDICT_IDENTICAL = 1, /* the same bytes, or the same decoded frames */
    BF_VERDICT_SAME_CONTENT,  /* all of it from the record, re-encoded, scaled or trimmed */
    BF_VERDICT_ALTERED,       /* derived from the record, and not the same */
    BF_VERDICT_UNREGISTERED,  /* nothing of the record in it */
    BF_VERDICT_INCONCLUSIVE,  /* cannot tell; the reason says why */
};

/* "identical", "same-content", "altered", "unregistered", "inconclusive" */
const char *bf_verdict_name(enum bf_verdict v);

enum bf_span_state {
    BF_SPAN_EXACT = 1, /* the record's own decoded frames, bit for bit */
    BF_SPAN_SAME,      /* the record's content, within this copy's noise */
    BF_SPAN_ALTERED,   /* follows the record, and a region shows something else */
    BF_SPAN_FOREIGN,   /* not of the record */
};

/* "exact", "same", "altered", "foreign" */
const char *bf_span_state_name(enum bf_span_state s);

/* What kind of change it looks like, where that can be told. */
enum bf_change {
    BF_CHANGE_NONE,
    BF_CHANGE_REGION,   /* a region shows something else: a face, a mouth, an object */
    BF_CHANGE_OVERLAY,  /* something that does not move with the picture lies on it: box, caption */
    BF_CHANGE_GRADE,    /* the whole picture, in light or colour */
    BF_CHANGE_INSERTED, /* time that is not of the record */
    BF_CHANGE_REPLACED, /* time that is not of the record, in place of as much of it */
    BF_CHANGE_REMOVED,  /* time of the record that is missing */
    BF_CHANGE_REORDERED, /* time of the record in another place */
    BF_CHANGE_SPEED,     /* slower, faster or backwards */
};

/* "region-replaced", "overlay", "grade", "inserted", "replaced", "removed", "re-ordered", "speed";
 * "" */
const char *bf_change_name(enum bf_change c);

/* A region of the suspect's picture that shows something else than the record. */
struct bf_changed {
    double left, top, right, bottom; /* 0 to 1 of the picture as shown */
    double strength;                 /* its mean squared residual, in units of the copy's noise */
    double false_alarm; /* how likely a copy with nothing changed is to show as much anywhere */
    enum bf_change change;
};

#define BF_SPAN_REGIONS 4
#define BF_OVERLAYS_MAX 4

struct bf_span {
    enum bf_span_state state;
    int64_t suspect_start_us, suspect_end_us;
    int64_t source_start_us; /* of the record; -1 where FOREIGN */
    double rate;             /* of the record's clock there; 0 where FOREIGN */
    enum bf_change change;
    unsigned part; /* of which record: 0 is the one the verdict names, others count from 1 */
    struct bf_changed region[BF_SPAN_REGIONS]; /* ALTERED: the strongest first */
    unsigned n_regions;
    /* EXACT: the first frame's number in suspect and record, the last one's in the record, and how
     * many are there */
    uint64_t suspect_frame, source_frame, source_last_frame, n_frames;
};

/* Where the record's time jumps between two spans. */
struct bf_cut {
    enum bf_change change;                /* REMOVED or REORDERED */
    int64_t suspect_us;                   /* where */
    int64_t source_from_us, source_to_us; /* the record's time before and after */
};

#define BF_CUTS_MAX 64

#define BF_REASON_MAX 256

/* How far each cell of the record's grid is from the copy's own noise, pooled over time and
 * neighbours. */
struct bf_heat_row {
    int64_t suspect_us;          /* from here on, for one sample */
    uint8_t cell[BF_GRID_CELLS]; /* (rows, cols): sixteenths of a standard deviation, at most 255 */
};

struct bf_spool;

struct bf_match {
    enum bf_verdict verdict;
    char reason[BF_REASON_MAX]; /* one sentence; empty for SAME_CONTENT */
    struct bf_span *span;       /* in the suspect's order, without gaps or overlaps */
    size_t n_spans;
    struct bf_cut cut[BF_CUTS_MAX]; /* the first of them */
    size_t n_cuts;
    /* A logo or a caption at the picture's margin from beginning to end: a transform that is named,
     * as a crop is, and like it hides what it hides. */
    struct bf_changed overlay[BF_OVERLAYS_MAX];
    size_t n_overlays;
    double coverage;   /* share of the suspect's time that follows the record */
    double gain, bias; /* suspect luma = gain x record luma + bias, over the longest run */
    double distance;
    struct bf_geometry geometry; /* where the record's picture lies in the suspect's */
    double speed;        /* of the suspect against the record; 1: the same; below 0: backwards */
    int64_t offset_us;   /* of the longest run: record time - suspect time */
    bool trimmed;        /* part of the record is missing before or after */
    unsigned cols, rows; /* of the record's grid */
    /* struct bf_heat_row, sealed, in the suspect's order; NULL where nothing was compared */
    struct bf_spool *heat;
};

void bf_match_release(struct bf_match *m);
/*
 * The steps that bf_match_digest takes, for callers that look at the runs in between. First: are
 * all of the suspect's frames the record's own? Then m is whole and *done is true.
 */
enum bf_err bf_match_exact(bool *done, struct bf_match *m, const struct bf_trace *suspect,
                           struct bf_digest *source, struct bf_error *err);
/* Then: compare the runs that follow the record, and judge. */
enum bf_err bf_match_runs(struct bf_match *m, const struct bf_runs *runs,
                          const struct bf_trace *suspect, struct bf_digest *source,
                          const char *tmp_dir, struct bf_error *err);
/*
 * Hold the sealed suspect against one record's digest. tmp_dir: for rows that do not fit memory. A
 * record that the suspect has nothing of gives UNREGISTERED.
 */
enum bf_err bf_match_digest(struct bf_match *m, const struct bf_trace *suspect,
                            struct bf_digest *source, const char *tmp_dir, struct bf_error *err);
/* True where a says more about the suspect than b: whole before altered before nothing, then more
 * of it, then closer. */
bool bf_match_better(const struct bf_match *a, const struct bf_match *b);

#endif
