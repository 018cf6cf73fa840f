#include "lib/media/decode_talk.h"
#include "lib/media/decode_host.h"
#include "lib/media/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of patience: what a slow disk reads in a second, what is decoded of the largest frames, and how
 * many messages that answer nothing (a seek says each second that it goes on). */
enum { BYTES_PER_S = 8 << 20, PIXELS_PER_S = 2 << 20, OTHERS_MAX = 100000, CROWD_MAX = 16 };

static atomic_uint patience_s = 30;

void bf_decode_talk_set_patience(unsigned seconds)
{
    atomic_store(&patience_s, seconds);
}

/* No word of this decoder is heard again, and it ends. */
enum bf_err bf_decode_talk_lose(struct bf_decode_talk *t, enum bf_err code, const char *why,
                                struct bf_error *err)
{
    bf_error_set(&t->lost, code, "refused '%s': %s", t->path, why);
    if (t->wire >= 0)
        close(t->wire);
    t->wire = -1;
    return bf_error_set(err, code, "%s", t->lost.text);
}

enum bf_err bf_decode_talk_nonsense(struct bf_decode_talk *t, struct bf_error *err)
{
    return bf_decode_talk_lose(t, BF_ERR_FORMAT, "its decoder said what makes no sense", err);
}

static enum bf_err gone(struct bf_decode_talk *t, int status, struct bf_error *err)
{
    if (status == -1)
        return bf_decode_talk_lose(t, BF_ERR_LIBRARY, "no decoder could be started", err);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return bf_decode_talk_lose(t, BF_ERR_FORMAT,
                                   "its decoder was stopped (a forbidden system call)", err);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return bf_decode_talk_lose(t, BF_ERR_FORMAT, "its decoder was killed", err);
    return bf_decode_talk_lose(t, BF_ERR_FORMAT, "its decoder crashed", err);
}

enum bf_err bf_decode_talk_ask(struct bf_decode_talk *t, const struct bf_wire_asked *m,
                               struct bf_error *err)
{
    if (t->wire < 0)
        return bf_error_set(err, t->lost.code, "%s", t->lost.text);
    t->out.len = 0;
    if (!bf_wire_asked_encode(&t->out, m))
        return bf_error_nomem(err);
    /* Where the other end has gone, what it left to be read says why. One that lets hundreds of
     * orders lie must not make us wait. */
    while (send(t->wire, t->out.data, t->out.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return bf_decode_talk_nonsense(t, err);
        if (errno == EPIPE || errno == ECONNRESET)
            break;
        /* What was not said is not answered: nobody must wait for it. */
        if (errno != EINTR) {
            char why[128];

            snprintf(why, sizeof why, "its decoder cannot be spoken to: %s", strerror(errno));
            return bf_decode_talk_lose(t, errno == ENOMEM ? BF_ERR_NOMEM : BF_ERR_IO, why, err);
        }
    }
    return BF_OK;
}

/* How many want each of the processors: where hundreds do, a sound decoder is silent for long. */
static uint64_t crowd(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    double load;

    if (n < 1 || getloadavg(&load, 1) != 1 || load <= (double)n)
        return 1;
    return load < (double)n * CROWD_MAX ? (uint64_t)(load / (double)n + 0.5) : CROWD_MAX;
}

/*
 * Waits for the socket. In steps of a second: while this program is stopped (Ctrl-Z, a laptop
 * asleep) the decoder is as well, and the clock must not count that.
 */
static bool wait_for(struct bf_decode_talk *t)
{
    uint64_t most = atomic_load(&patience_s) + (uint64_t)t->size / BYTES_PER_S, waited = 0;
    struct pollfd p = {.fd = t->wire, .events = POLLIN};

    most += t->pixels / PIXELS_PER_S;
    for (;;) {
        int n = poll(&p, 1, 1000);

        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (n == 0 && waited++ >= most && waited > most * crowd())
            return false;
    }
}

/* The next message into said. */
static enum bf_err hear_one(struct bf_decode_talk *t, struct bf_error *err)
{
    ssize_t n;

    if (t->wire < 0)
        return bf_error_set(err, t->lost.code, "%s", t->lost.text);
    do {
        n = recv(t->wire, t->in, sizeof t->in, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for(t))
                return bf_decode_talk_lose(t, BF_ERR_LIMIT, "decoding it took too long", err);
            errno = EINTR;
        }
        /* The other end closed with orders unread, and what it said before is still to be heard. */
    } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
    if (n <= 0)
        return bf_decode_talk_lose(t, BF_ERR_FORMAT, "its decoder crashed", err);
    if (!bf_wire_said_decode(&t->said, t->in, (size_t)n))
        return bf_decode_talk_nonsense(t, err);
    return t->said.kind == BF_WIRE_GONE ? gone(t, t->said.status, err) : BF_OK;
}

/* The next message that answers what was asked last. */
enum bf_err bf_decode_talk_hear(struct bf_decode_talk *t, struct bf_error *err)
{
    unsigned n_others;
    enum bf_err rc = BF_OK;

    for (n_others = 0; n_others < OTHERS_MAX && rc == BF_OK; n_others++) {
        rc = hear_one(t, err);
        if (rc == BF_OK && t->said.seeks > t->seeks)
            rc = bf_decode_talk_nonsense(t, err);
        else if (rc == BF_OK && t->said.kind != BF_WIRE_BUSY && t->said.seeks == t->seeks)
            return BF_OK;
    }
    return rc == BF_OK ? bf_decode_talk_nonsense(t, err) : rc;
}

bool bf_decode_talk_memory_limited(void)
{
    return bf_limit(BF_LIMIT_MEMORY) < bf_limit_most(BF_LIMIT_MEMORY);
}

enum bf_err bf_decode_talk_too_much_memory(struct bf_decode_talk *t, struct bf_error *err)
{
    char why[96];

    snprintf(why, sizeof why, "it wants more memory than the limit of %" PRIu64 " MiB",
             bf_limit(BF_LIMIT_MEMORY));
    return bf_decode_talk_lose(t, BF_ERR_LIMIT, why, err);
}

enum bf_err bf_decode_talk_failed(struct bf_decode_talk *t, struct bf_error *err)
{
    /* Where memory was short because it was to be. */
    if (t->said.code == BF_ERR_NOMEM && bf_decode_talk_memory_limited())
        return bf_decode_talk_too_much_memory(t, err);
    if (t->said.code == BF_ERR_NOMEM)
        return bf_error_nomem(err);
    return bf_error_set(err, t->said.code, "%s", t->said.text);
}

/* A memory file that can only grow: no access to it can fault, whatever the other end does. */
static enum bf_err create_memory(struct bf_decode_talk *t, struct bf_error *err)
{
    t->memory_fd = memfd_create("bonafide frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (t->memory_fd < 0 || fcntl(t->memory_fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
        return bf_error_errno(err, "cannot share memory with a decoder");
    return BF_OK;
}

enum bf_err bf_decode_talk_hear_bytes(struct bf_decode_talk *t, uint8_t *out, size_t n,
                                      struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    size_t had = 0;

    while (had < n && (rc = bf_decode_talk_hear(t, err)) == BF_OK) {
        if (t->said.kind != BF_WIRE_PART || t->said.part_len > n - had)
            return bf_decode_talk_nonsense(t, err);
        memcpy(out + had, t->said.part, t->said.part_len);
        had += t->said.part_len;
    }
    return rc;
}

enum bf_err bf_decode_talk_open(struct bf_decode_talk *t, int fd, int wire, int64_t size,
                                const char *path, struct bf_error *err)
{
    enum bf_err rc;

    t->wire = wire;
    t->memory_fd = -1;
    t->size = size;
    t->path = strdup(path);
    rc = t->path == NULL ? bf_error_nomem(err) : create_memory(t, err);
    if (rc == BF_OK && wire < 0)
        rc = bf_decode_host_fork(&t->wire, fd, t->memory_fd, err);
    return rc;
}

void bf_decode_talk_close(struct bf_decode_talk *t)
{
    if (t->wire >= 0)
        close(t->wire);
    if (t->memory_fd >= 0)
        close(t->memory_fd);
    bf_buf_release(&t->out);
    free(t->path);
}
