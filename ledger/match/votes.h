/*
 * votes.h - how a suspect's clock may run against a record's, as lookup codes and sightings suggest
 */
#ifndef BF_VOTES_H
#define BF_VOTES_H

#include "ledger/match/sighting.h"
#include "ledger/match/trace.h"

#define BF_VOTES_DISTANCE 40 /* bits up to which two codes may be of one picture */

/* Record time = rate x suspect time + offset. */
struct bf_time_line {
    double rate; /* 1: as registered; 0.5: slowed to half; negative: backwards */
    int64_t offset_us;
    int64_t from_us, to_us; /* of the suspect: where those lie that agree on it */
};

/*
 * The up to cap lines that most of the suspect's frames agree on, best first. Those of rate 1 are
 * at least 0.4 s apart; another rate, from half to twice and backwards, is proposed where clearly
 * more frames agree on it. moment: what sightings add, (n_moments). *n receives how many.
 */
enum bf_err bf_votes_count(struct bf_time_line *line, size_t cap, size_t *n,
                           const struct bf_trace *suspect, struct bf_digest *source,
                           const struct bf_moment_pair *moment, size_t n_moments,
                           struct bf_error *err);

/* The same from sightings alone, over a suspect that lasts so long. */
enum bf_err bf_votes_moments(struct bf_time_line *line, size_t cap, size_t *n,
                             const struct bf_moment_pair *moment, size_t n_moments,
                             int64_t duration_us, struct bf_error *err);

#endif
