/*
 * The prompt on a terminal: a child has a pseudo-terminal of its own and asks, this program types
 * and sees what the terminal shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/passphrase.h"
#include "cli/secret_guard.h"

enum { ASKED = 10, NONE = 11, WRONG = 12 };

struct terminal {
    int master, slave;
    pid_t child;
    char seen[512];
    size_t n;
};

/* Asks for want, twice where again; the status says what became of it. */
static _Noreturn void ask(int slave, const char *want, bool again)
{
    struct bf_passphrase p;
    struct bf_error err;

    /* Whatever goes wrong, nobody waits for ever. */
    alarm(20);
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    if (bf_passphrase_ask(&p, "passphrase: ", again ? "again: " : NULL, &err) != BF_OK)
        _exit(NONE);
    _exit(p.len == strlen(want) && memcmp(p.text, want, p.len) == 0 ? ASKED : WRONG);
}

static void open_terminal(struct terminal *t, const char *want, bool again)
{
    *t = (struct terminal){0};
    assert_int_equal(openpty(&t->master, &t->slave, NULL, NULL, NULL), 0);
    t->child = fork();
    if (t->child == 0)
        ask(t->slave, want, again);
    assert_true(t->child > 0);
}

/* Reads until the terminal has shown text. */
static void await(struct terminal *t, const char *text)
{
    struct pollfd p = {.fd = t->master, .events = POLLIN};

    while (strstr(t->seen, text) == NULL) {
        ssize_t k;

        assert_int_equal(poll(&p, 1, 10000), 1);
        k = read(t->master, t->seen + t->n, sizeof t->seen - 1 - t->n);
        assert_true(k > 0);
        t->n += (size_t)k;
    }
}

static void type(struct terminal *t, const char *text)
{
    assert_int_equal(write(t->master, text, strlen(text)), strlen(text));
}

static bool echoes(const struct terminal *t)
{
    struct termios now;

    assert_int_equal(tcgetattr(t->slave, &now), 0);
    return now.c_lflag & ECHO;
}

/* The child's wait status; nothing of secret was shown, and the terminal shows again what is typed.
 */
static int finish(struct terminal *t, const char *secret)
{
    struct pollfd p = {.fd = t->master, .events = POLLIN};
    int status;

    assert_int_equal(waitpid(t->child, &status, 0), t->child);
    while (t->n < sizeof t->seen - 1 && poll(&p, 1, 0) == 1) {
        ssize_t k = read(t->master, t->seen + t->n, sizeof t->seen - 1 - t->n);

        if (k <= 0)
            break;
        t->n += (size_t)k;
    }
    assert_null(strstr(t->seen, secret));
    assert_true(echoes(t));
    close(t->slave);
    close(t->master);
    return status;
}

static void not_shown(void **state)
{
    struct terminal t;
    int status;

    (void)state;
    open_terminal(&t, "correct horse", false);
    await(&t, "passphrase: ");
    assert_false(echoes(&t));
    type(&t, "correct horse\n");
    status = finish(&t, "horse");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ASKED);
}

static void asked_twice(void **state)
{
    struct terminal t;
    int i, status;

    (void)state;
    for (i = 0; i < 2; i++) {
        open_terminal(&t, "correct horse", true);
        await(&t, "passphrase: ");
        type(&t, "correct horse\n");
        await(&t, "again: ");
        assert_false(echoes(&t));
        type(&t, i == 0 ? "correct horse\n" : "wrong horse\n");
        status = finish(&t, "horse");
        assert_int_equal(WEXITSTATUS(status), i == 0 ? ASKED : NONE);
    }
}

/* Ctrl-C, Ctrl-D, and a signal from elsewhere: the echo is there again. */
static void broken_off(void **state)
{
    struct terminal t;
    int status;

    (void)state;
    open_terminal(&t, "", false);
    await(&t, "passphrase: ");
    type(&t, "correct ho\003");
    status = finish(&t, "correct");
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);

    open_terminal(&t, "", false);
    await(&t, "passphrase: ");
    type(&t, "\004");
    status = finish(&t, "correct");
    assert_int_equal(WEXITSTATUS(status), NONE);

    open_terminal(&t, "", false);
    await(&t, "passphrase: ");
    kill(t.child, SIGTERM);
    status = finish(&t, "correct");
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* Whoever holds a key dumps no core, and cannot be traced. */
static void guarded(void **state)
{
    struct rlimit core;

    (void)state;
    bf_secret_guard();
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
    assert_int_equal(core.rlim_max, 0);
#if !defined(__SANITIZE_ADDRESS__)
    assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_shown),
        cmocka_unit_test(asked_twice),
        cmocka_unit_test(broken_off),
        cmocka_unit_test(guarded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
