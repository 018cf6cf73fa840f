#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

void bf_passphrase_release(struct bf_passphrase *p)
{
    explicit_bzero(p, sizeof *p);
}

/* Signals come while this waits and at no other time: one that came between the prompt and the
 * reading would else be lost. False with EINTR where one came. */
static bool wait_for_byte(int fd, const sigset_t *open_to)
{
    fd_set set;

    if (fd >= FD_SETSIZE)
        return true;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    return pselect(fd + 1, &set, NULL, NULL, NULL, open_to) >= 0;
}

/*
 * Bytes up to the end of the line. One at a time: what follows belongs to whoever reads next, and
 * there are few. True where a line or the end was reached; false with errno set (EINTR: a signal
 * came; EMSGSIZE: too long).
 */
static bool read_line(struct bf_passphrase *p, int fd, const sigset_t *open_to)
{
    p->len = 0;
    for (;;) {
        char c = 0;
        ssize_t n;

        if (open_to != NULL && !wait_for_byte(fd, open_to))
            return false;
        n = read(fd, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0 || c == '\n')
            break;
        if (p->len == BF_PASSPHRASE_MAX) {
            errno = EMSGSIZE;
            return false;
        }
        p->text[p->len++] = c;
    }
    if (p->len > 0 && p->text[p->len - 1] == '\r')
        p->len--;
    p->text[p->len] = '\0';
    return true;
}

enum bf_err bf_passphrase_read(struct bf_passphrase *p, const char *path, struct bf_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    enum bf_err rc = BF_OK;

    *p = (struct bf_passphrase){0};
    if (fd < 0)
        return bf_error_errno(err, "cannot open '%s'", path);
    if (!read_line(p, fd, NULL)) {
        if (errno == EMSGSIZE)
            rc = bf_error_set(err, BF_ERR_FORMAT, "the passphrase in '%s' is longer than %d bytes",
                              path, BF_PASSPHRASE_MAX);
        else
            rc = bf_error_errno(err, "cannot read '%s'", path);
    } else if (p->len == 0) {
        rc = bf_error_set(err, BF_ERR_FORMAT,
                          "the first line of '%s' is empty: there is no passphrase in it", path);
    }
    close(fd);
    if (rc != BF_OK)
        bf_passphrase_release(p);
    return rc;
}

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define N_CAUGHT (sizeof caught / sizeof caught[0])

static volatile sig_atomic_t arrived;

static void on_signal(int sig)
{
    arrived = sig;
}

/* One prompt with the echo off. Whatever ends it, the terminal and the signals are as they were
 * when it returns. */
static bool ask_once(struct bf_passphrase *p, int tty, const char *prompt)
{
    struct sigaction act = {.sa_handler = on_signal}, old[N_CAUGHT];
    struct termios shown, hidden;
    sigset_t mask, old_mask;
    bool ok = false;
    int saved = 0;
    size_t i;

    if (tcgetattr(tty, &shown) != 0)
        return false;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    hidden.c_lflag |= ICANON | ECHONL;
    arrived = 0;
    sigemptyset(&act.sa_mask);
    sigemptyset(&mask);
    for (i = 0; i < N_CAUGHT; i++)
        sigaddset(&mask, caught[i]);
    pthread_sigmask(SIG_BLOCK, &mask, &old_mask);
    for (i = 0; i < N_CAUGHT; i++)
        sigaction(caught[i], &act, &old[i]);
    if (tcsetattr(tty, TCSAFLUSH, &hidden) == 0) {
        ok = write(tty, prompt, strlen(prompt)) >= 0 && read_line(p, tty, &old_mask);
        saved = errno;
        tcsetattr(tty, TCSAFLUSH, &shown);
    }
    /* One that came since the line was whole is taken here, and done by the caller. */
    pthread_sigmask(SIG_SETMASK, &old_mask, NULL);
    for (i = 0; i < N_CAUGHT; i++)
        sigaction(caught[i], &old[i], NULL);
    ok = ok && arrived == 0;
    errno = saved;
    return ok;
}

/* After a stop the question is put again; any other signal does now what it would have done. */
static bool ask(struct bf_passphrase *p, int tty, const char *prompt)
{
    for (;;) {
        int sig;

        if (ask_once(p, tty, prompt))
            return true;
        sig = arrived;
        if (sig == 0)
            return false;
        (void)!write(tty, "\n", 1);
        bf_passphrase_release(p);
        raise(sig);
        if (sig != SIGTSTP)
            return false;
    }
}

enum bf_err bf_passphrase_ask(struct bf_passphrase *p, const char *prompt, const char *again,
                              struct bf_error *err)
{
    struct bf_passphrase second = {.len = 0};
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    enum bf_err rc = BF_OK;

    *p = (struct bf_passphrase){.len = 0};
    if (tty < 0)
        return bf_error_set(err, BF_ERR_AUTH,
                            "a passphrase is needed and there is no terminal to ask for it; "
                            "give it with --passphrase-file");
    if (!ask(p, tty, prompt) || (again != NULL && !ask(&second, tty, again)))
        rc = errno == EMSGSIZE ? bf_error_set(err, BF_ERR_AUTH, "a passphrase has at most %d bytes",
                                              BF_PASSPHRASE_MAX)
                               : bf_error_set(err, BF_ERR_AUTH, "no passphrase was given");
    else if (p->len == 0)
        rc = bf_error_set(err, BF_ERR_AUTH, "no passphrase was given");
    else if (again != NULL && (p->len != second.len || memcmp(p->text, second.text, p->len) != 0))
        rc = bf_error_set(err, BF_ERR_AUTH, "the two passphrases differ");
    close(tty);
    bf_passphrase_release(&second);
    if (rc != BF_OK)
        bf_passphrase_release(p);
    return rc;
}
