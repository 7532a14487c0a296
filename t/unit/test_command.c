/* the ring of commands, and times as people write them */

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sk_test.h"
#include "sk_command.h"
#include "sk_time.h"


static void
test_times(void **state)
{
    char      text[SK_TIME_SIZE + 1];
    int64_t   ms;
    unsigned  i;

    static const char *const  none[] = {
        "", "2026-11-27", "2026-11-27T09:00:00", "2026-11-27 09:00:00Z",
        "2026-11-27T24:00:00Z", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-27T09:00:60Z", "2026-11-27T09:00:00.Z",
        "2026-11-27T09:00:00.Z0", "2026-11-27T09:00:00+1:00",
        "2026-11-27T09:00:00.1239.9Z", "2026-11-27T09:00:00.1239999+01:009",
        "2026-11-27T09:00:00.1234", "2026-11-27T09:00:61Z",
        "2026-12-31T23:59:61Z",
        "2026-11-27T09:00:00+24:00", "2026-11-27T09:00:00Zx",
        "1970-01-01T00:00:00+00:01", "1969-12-31T23:59:59Z"
    };

    (void) state;

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(sk_time_parse(none[i], strlen(none[i]), &ms),
                         SK_ERROR);
    }

    assert_int_equal(sk_time_parse("2026-11-27T10:00:00.12+01:00", 28, &ms),
                     SK_OK);
    assert_true(ms == 1795770000120);
    sk_time_format(text, ms);
    assert_string_equal(text, "2026-11-27T09:00:00.120Z");

    assert_int_equal(sk_time_parse("2026-11-27t10:00:00.123999999+01:00", 35,
                                   &ms), SK_OK);
    assert_true(ms == 1795770000123);
    assert_int_equal(sk_time_parse("2026-11-27T09:00:00.1239999999Z", 31, &ms),
                     SK_OK);
    assert_true(ms == 1795770000123);
    assert_int_equal(sk_time_parse("2026-11-27T10:00:00.00000000000000000000000"
                                   "00000000000000001+01:00", 66, &ms), SK_OK);
    assert_true(ms == 1795770000000);
    assert_int_equal(sk_time_parse("2026-11-27T09:00:00Z\0Z", 22, &ms),
                     SK_ERROR);
    assert_int_equal(sk_time_parse("2016-12-31t23:59:60z", 20, &ms), SK_OK);
    assert_true(ms == 1483228800000);
    assert_int_equal(sk_time_parse("2017-01-01T00:59:60+01:00", 25, &ms),
                     SK_OK);
    assert_true(ms == 1483228800000);

    assert_int_equal(sk_time_parse("2028-02-29T23:59:59Z", 20, &ms), SK_OK);
    sk_time_format(text, ms);
    assert_string_equal(text, "2028-02-29T23:59:59.000Z");
}


/* a ring of commands: posted, done, collected, or left by who posted them */

static void
test_commands(void **state)
{
    unsigned            i;
    uint64_t            first;
    sk_command_t        c;
    sk_commands_t      *ring;
    sk_command_cell_t  *cell;
    static sk_reply_t   reply;

    (void) state;

    ring = sk_commands_map();
    assert_non_null(ring);

    memset(&c, 0, sizeof(c));
    c.body = "{}";
    c.body_len = 2;

    first = sk_command_post(ring, &c, 0);
    assert_int_not_equal(first, 0);
    assert_true(sk_command_pending(ring));

    for (i = 1; i < SK_COMMANDS_MAX; i++) {
        assert_int_equal(sk_command_post(ring, &c, 0), first + i);
    }

    assert_int_equal(sk_command_post(ring, &c, 0), 0);

    /* the first is done and collected, once; the second's worker has gone */

    assert_int_equal(sk_command_begin(ring, first, &cell), SK_OK);
    assert_int_equal(cell->command.body_len, 2);
    assert_int_equal(sk_command_collect(ring, first, &reply), SK_AGAIN);
    assert_int_equal(sk_command_withdraw(ring, first + 2), SK_OK);
    cell->reply.len = 1;
    sk_command_done(ring, first, 1000);
    assert_int_equal(sk_command_collect(ring, first, &reply), SK_OK);
    assert_int_equal(sk_command_collect(ring, first, &reply), SK_ERROR);

    assert_int_equal(sk_command_begin(ring, first + 1, &cell), SK_OK);
    sk_command_leave(ring, first + 1);
    sk_command_done(ring, first + 1, 1000);
    assert_int_equal(sk_command_collect(ring, first + 1, &reply), SK_ERROR);

    assert_int_equal(sk_command_post(ring, &c, 0), first + SK_COMMANDS_MAX);
    assert_int_equal(sk_command_post(ring, &c, 0), first + SK_COMMANDS_MAX + 1);

    /* all are done; what was withdrawn, and what is done, is done by nobody */

    assert_int_equal(sk_command_begin(ring, first + 2, &cell), SK_MORE);
    sk_command_done(ring, first + 2, 1000);

    for (i = 3; i < SK_COMMANDS_MAX + 2; i++) {
        assert_int_equal(sk_command_begin(ring, first + i, &cell), SK_OK);
        sk_command_done(ring, first + i, 1000);
        assert_int_equal(sk_command_begin(ring, first + i, &cell), SK_MORE);
    }

    assert_false(sk_command_pending(ring));
    assert_int_equal(sk_command_begin(ring, first + SK_COMMANDS_MAX + 2, &cell),
                     SK_ERROR);

    sk_commands_unmap(ring);
}


/* replies that nobody collects are passed by, for a while */

static void
test_replies_are_left(void **state)
{
    unsigned            i;
    uint64_t            first, ticket;
    sk_command_t        c;
    sk_commands_t      *ring;
    sk_command_cell_t  *cell;
    static sk_reply_t   reply;

    (void) state;

    ring = sk_commands_map();
    assert_non_null(ring);

    memset(&c, 0, sizeof(c));
    first = sk_command_post(ring, &c, 0);

    for (i = 1; i < SK_COMMANDS_MAX; i++) {
        assert_int_equal(sk_command_post(ring, &c, 0), first + i);
    }

    for (i = 0; i < SK_COMMANDS_MAX; i++) {
        assert_int_equal(sk_command_begin(ring, first + i, &cell), SK_OK);
        cell->reply.len = 1;
        sk_command_done(ring, first + i, 1000);
    }

    /* one is collected: its place alone can be used */

    assert_int_equal(sk_command_post(ring, &c, 1000), 0);
    assert_int_equal(sk_command_collect(ring, first + 5, &reply), SK_OK);
    ticket = sk_command_post(ring, &c, 1000);
    assert_int_equal(ticket, first + SK_COMMANDS_MAX + 5);

    for (i = SK_COMMANDS_MAX; i < SK_COMMANDS_MAX + 5; i++) {
        assert_int_equal(sk_command_begin(ring, first + i, &cell), SK_MORE);
        sk_command_done(ring, first + i, 1000);
    }

    assert_int_equal(sk_command_begin(ring, ticket, &cell), SK_OK);
    sk_command_done(ring, ticket, 1000);

    /* and in the end all places are used again */

    assert_int_equal(sk_command_post(ring, &c, 1000 + SK_COMMAND_KEEP_US),
                     ticket + 1);

    sk_commands_unmap(ring);
}


/* replies to a process that was killed are in nobody's way */

static void
test_owner_is_gone(void **state)
{
    int                 status;
    pid_t               pid;
    unsigned            i;
    uint64_t            first;
    sk_command_t        c;
    sk_commands_t      *ring;
    sk_command_cell_t  *cell;
    static sk_reply_t   reply;

    (void) state;

    ring = sk_commands_map();
    assert_non_null(ring);

    memset(&c, 0, sizeof(c));
    first = sk_load(&ring->tail);

    pid = fork();
    assert_true(pid >= 0);

    if (pid == 0) {
        for (i = 0; i < SK_COMMANDS_MAX - 1; i++) {
            (void) sk_command_post(ring, &c, 0);
        }

        _exit(0);
    }

    assert_true(waitpid(pid, &status, 0) == pid);

    /* the last place is of a process that lives */

    assert_int_equal(sk_command_post(ring, &c, 0),
                     first + SK_COMMANDS_MAX - 1);
    assert_int_equal(sk_command_post(ring, &c, 0), 0);

    for (i = 0; i < SK_COMMANDS_MAX; i++) {
        assert_int_equal(sk_command_begin(ring, first + i, &cell), SK_OK);
        cell->reply.len = 1;
        sk_command_done(ring, first + i, 1000);
    }

    for (i = 0; i < SK_COMMANDS_MAX - 1; i++) {
        assert_int_equal(sk_command_post(ring, &c, 1000),
                         first + SK_COMMANDS_MAX + i);
    }

    assert_int_equal(sk_command_post(ring, &c, 1000), 0);
    assert_int_equal(sk_command_collect(ring, first + SK_COMMANDS_MAX - 1,
                                        &reply), SK_OK);

    sk_commands_unmap(ring);
}


/* begun by one that is gone: so it stays, also when it is postponed */

static void
test_command_of_another(void **state)
{
    uint64_t            ticket;
    sk_command_t        c;
    sk_commands_t      *ring;
    sk_command_cell_t  *cell;

    (void) state;

    ring = sk_commands_map();
    assert_non_null(ring);

    memset(&c, 0, sizeof(c));
    ticket = sk_command_post(ring, &c, 0);

    assert_int_equal(sk_command_begin(ring, ticket, &cell), SK_OK);
    assert_int_equal(sk_command_begin(ring, ticket, &cell), SK_AGAIN);
    sk_command_postpone(ring, ticket);
    assert_int_equal(sk_command_begin(ring, ticket, &cell), SK_AGAIN);
    sk_command_done(ring, ticket, 1000);

    sk_commands_unmap(ring);
}


/*
 * A worker is killed while it posts, and holds the mutex: what it had written
 * of its command is nobody's, and the next one goes on.
 */

static void
test_holder_dies(void **state)
{
    int                 status;
    pid_t               pid;
    uint64_t            first, ticket;
    sk_command_t        c;
    sk_commands_t      *ring;
    sk_command_cell_t  *cell;
    static sk_reply_t   reply;

    (void) state;

    ring = sk_commands_map();
    assert_non_null(ring);

    memset(&c, 0, sizeof(c));
    c.body = "{}";
    c.body_len = 2;

    first = sk_command_post(ring, &c, 0);
    assert_int_equal(sk_command_begin(ring, first, &cell), SK_OK);
    cell->reply.len = 1;
    sk_command_done(ring, first, 1000);

    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        (void) pthread_mutex_lock(&ring->mutex);

        /* as far as sk_command_post() without its last store */

        cell = sk_command_cell(ring, first + 1);
        cell->command.body_len = 1000;
        sk_store(&cell->ticket, first + 1);
        sk_store(&cell->state, SK_COMMAND_QUEUED);

        _exit(0);
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);

    assert_false(sk_command_pending(ring));
    assert_int_equal(sk_command_begin(ring, first + 1, &cell), SK_ERROR);
    assert_int_equal(sk_command_collect(ring, first, &reply), SK_OK);

    ticket = sk_command_post(ring, &c, 0);
    assert_int_equal(ticket, first + 1);
    assert_int_equal(sk_command_begin(ring, ticket, &cell), SK_OK);
    assert_int_equal(cell->command.body_len, 2);
    assert_int_equal(cell->again, 0);
    sk_command_done(ring, ticket, 1000);
    assert_int_equal(sk_command_collect(ring, ticket, &reply), SK_OK);

    /* a mutex that was not made whole would let everybody in */

    assert_int_equal(pthread_mutex_trylock(&ring->mutex), 0);
    assert_int_equal(pthread_mutex_trylock(&ring->mutex), EBUSY);
    assert_int_equal(pthread_mutex_unlock(&ring->mutex), 0);

    sk_commands_unmap(ring);
}


/* left when it is done already: its place is free at once */

static void
test_left_when_done(void **state)
{
    unsigned            i;
    uint64_t            first;
    sk_command_t        c;
    sk_commands_t      *ring;
    sk_command_cell_t  *cell;

    (void) state;

    ring = sk_commands_map();
    assert_non_null(ring);

    memset(&c, 0, sizeof(c));
    c.body_len = SK_COMMAND_BODY_SIZE_MAX + 1;
    assert_int_equal(sk_command_post(ring, &c, 0), 0);

    c.body_len = 0;
    first = sk_command_post(ring, &c, 0);

    for (i = 1; i < SK_COMMANDS_MAX; i++) {
        assert_int_equal(sk_command_post(ring, &c, 0), first + i);
    }

    for (i = 0; i < SK_COMMANDS_MAX; i++) {
        assert_int_equal(sk_command_begin(ring, first + i, &cell), SK_OK);
        sk_command_done(ring, first + i, 1000);
    }

    assert_int_equal(sk_command_post(ring, &c, 1000), 0);

    sk_command_leave(ring, first);
    assert_int_equal(sk_command_post(ring, &c, 1000), first + SK_COMMANDS_MAX);

    /* withdrawn too late: it was done, and that is said */

    assert_int_equal(sk_command_withdraw(ring, first + 1), SK_ERROR);
    assert_int_equal(sk_command_post(ring, &c, 1000),
                     first + SK_COMMANDS_MAX + 1);

    sk_commands_unmap(ring);
}


/* a drainer that was killed may have done it: nobody says that it was not */

static void
test_withdrawn_after_a_kill(void **state)
{
    uint64_t            ticket;
    sk_command_t        c;
    sk_commands_t      *ring;
    sk_command_cell_t  *cell;

    (void) state;

    ring = sk_commands_map();
    assert_non_null(ring);

    memset(&c, 0, sizeof(c));

    c.type = SK_SALE_PAUSE;
    ticket = sk_command_post(ring, &c, 0);

    assert_int_equal(sk_command_begin(ring, ticket, &cell), SK_OK);
    assert_int_equal(sk_command_begin(ring, ticket, &cell), SK_AGAIN);
    sk_command_postpone(ring, ticket);
    assert_int_equal(sk_command_withdraw(ring, ticket), SK_ERROR);

    /* put off alone, it was not done */

    ticket = sk_command_post(ring, &c, 0);

    assert_int_equal(sk_command_begin(ring, ticket, &cell), SK_OK);
    sk_command_postpone(ring, ticket);
    assert_int_equal(sk_command_withdraw(ring, ticket), SK_OK);

    sk_commands_unmap(ring);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_replies_are_left),
        cmocka_unit_test(test_owner_is_gone),
        cmocka_unit_test(test_command_of_another),
        cmocka_unit_test(test_holder_dies),
        cmocka_unit_test(test_left_when_done),
        cmocka_unit_test(test_withdrawn_after_a_kill),
    };

    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
