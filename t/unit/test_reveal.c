/*
 * Seeds in the ledger: a commitment with the sale, the seed in no event before
 * its window is over and in one then, whoever is killed, restarted or has
 * another secret meanwhile; what may be edited; beacons.
 */

#include <sys/stat.h>
#include <sys/wait.h>

#include "sk_test_operator.h"
#include "sk_json.h"
#include "sk_view.h"


#define START_MS  (SK_TEST_NOW + 10000)
#define OVER_MS   (START_MS + 30000)

#define START     "\"start\":\"1970-01-01T00:16:50Z\""
#define LATER     "\"start\":\"1970-01-01T01:00:00Z\""
#define LATER_MS  3600000
#define DRAW      "{\"name\":\"draw\",\"stock\":5," START ",\"shuffle\":30}"
#define BEACON    "{\"round\":17,\"value\":\"0aFF10\"}"

#define REVEALED  "SELECT count(*) FROM ledger WHERE type = 'seed_revealed'"


static const char *const  suffixes[] = { "", "-wal", "-shm" };

static int64_t      now_ms;
static sk_secret_t  ours = { 40, "0123456789012345678901234567890123456789" };
static sk_secret_t  theirs = { 33, "012345678901234567890123456789012" };


static int
start(void **state)
{
    now_ms = SK_TEST_NOW;

    return begin(state);
}


static void
at(int64_t ms)
{
    now_ms = ms;
    assert_int_equal(settle_at(&d, now_ms), SK_OK);
}


static unsigned
order_at(sk_command_e type, const char *what, const char *body)
{
    uint64_t  ticket;

    ticket = post(type, what, body, "", 0);
    assert_int_equal(settle_at(&d, now_ms), SK_OK);
    collect(ticket);

    return reply.status;
}


static sk_sale_t *
draw(sk_zone_t *z)
{
    return sk_zone_sale(z, "draw", 4);
}


static sk_answer_t
claim_in(sk_zone_t *z, const char *user, int64_t ms)
{
    sk_claim_t   claim = { draw(z), user, strlen(user) };
    sk_answer_t  answer;

    sk_gate_claim(z, &claim, ms, &answer);

    return answer;
}


static const char *
hex(const uint8_t *data)
{
    static char  text[2 * SK_SEED_SIZE + 1];

    return sodium_bin2hex(text, sizeof(text), data, SK_SEED_SIZE);
}


/* how many events have this in their detail */

static int
told(const uint8_t *data)
{
    char  sql[256];

    (void) snprintf(sql, sizeof(sql), "SELECT count(*) FROM ledger"
                    " WHERE instr(lower(detail), '%s')", hex(data));

    return count_sql(sql);
}


/* from a start of the server on, at this moment */

static void
restart_at(int64_t ms)
{
    sk_commands_t      *commands;
    const sk_secret_t  *secret;

    commands = d.commands;
    secret = d.writer.secret;

    sk_drain_close(&d);
    sk_test_zone_free(zone);

    zone = sk_test_zone(ZONE_SIZE, 0);
    d = drainer(zone, NULL, 0);
    d.commands = commands;
    d.writer.secret = secret;

    at(ms);
}


static void
test_commitment_then_seed(void **state)
{
    char         *text;
    uint8_t       seed[SK_SEED_SIZE], hash[SK_SEED_SIZE];
    sk_opening_t  *o;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    says("\"shuffle\":30");
    says("\"beacon\":null,\"seed\":null");

    o = &draw(zone)->opening;
    assert_int_equal(sk_load(&o->state), SK_OPENING_KNOWN);
    memcpy(seed, o->seed, sizeof(seed));
    sk_opening_commit(seed, hash);

    says(hex(hash));
    assert_int_equal(told(hash), 1);
    assert_int_equal(told(seed), 0);
    assert_null(strstr(reply.body, hex(seed)));
    assert_int_equal(count_sql("SELECT count(*) FROM ledger, secrets"
                               " WHERE instr(detail, secret)"), 0);

    /* an edit says it again */

    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"shuffle\":20}"), 200);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"shuffle\":30}"), 200);
    assert_int_equal(told(hash), 3);

    /* the window goes along with the start */

    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{" LATER "}"), 200);
    at(OVER_MS);
    assert_int_equal(count_sql(REVEALED), 0);
    now_ms = SK_TEST_NOW;
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{" START "}"), 200);

    at(OVER_MS - 1);
    assert_int_equal(count_sql(REVEALED), 0);
    assert_int_equal(told(seed), 0);
    text = sk_view_sale(draw(zone), now_ms);
    assert_null(strstr(text, hex(seed)));
    free(text);

    at(OVER_MS);
    assert_int_equal(count_sql(REVEALED), 1);
    assert_int_equal(told(seed), 1);
    text = sk_view_sale(draw(zone), now_ms);
    assert_non_null(strstr(text, hex(seed)));
    free(text);

    at(OVER_MS + 1);
    restart_at(OVER_MS + 2);
    at(OVER_MS + 3);
    assert_int_equal(count_sql(REVEALED), 1);
    assert_true(sk_load(&draw(zone)->opening.revealed));
}


/* a sale without it leaves nothing, and its store stays as it was */

static void
test_without(void **state)
{
    struct stat  st;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"plain\","
                              "\"stock\":1," START "}"), 201);
    says("\"shuffle\":0,\"waitlist\":0,\"group\":null,\"state\"");
    assert_null(strstr(reply.body, "commitment"));
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE instr(detail, 'opening')"), 0);
    assert_int_equal(count_sql("SELECT count(*) FROM secrets"), 0);

    at(OVER_MS);
    assert_int_equal(count_sql(REVEALED), 0);

    /* with the first secret, it is nobody else's to read */

    assert_int_equal(chmod(path, 0644), 0);
    now_ms = SK_TEST_NOW;
    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    assert_int_equal(count_sql("SELECT length(secret) FROM secrets"), 64);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);

    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"two\",\"stock\":1,"
                              START ",\"shuffle\":1}"), 201);
    assert_int_equal(count_sql("SELECT count(*) FROM secrets"), 1);
    assert_memory_not_equal(draw(zone)->opening.seed,
                            sk_zone_sale(zone, "two", 3)->opening.seed,
                            SK_SEED_SIZE);
}


/* all of the store's files, as they are while it is open */

static void
modes(mode_t mode, unsigned change)
{
    char         name[sizeof(path) + 8];
    unsigned     i;
    struct stat  st;

    for (i = 0; i < 3; i++) {
        (void) snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);

        if (change) {
            assert_int_equal(chmod(name, mode), 0);
        }

        assert_int_equal(stat(name, &st), 0);
        assert_int_equal(st.st_mode & 0777, mode);
    }
}


/* where a copy has been put that has one, it is nobody else's either */

static void
test_secret_of_a_copy(void **state)
{
    (void) state;

    modes(0644, 1);
    restart_at(SK_TEST_NOW);
    modes(0644, 0);
    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    modes(0640, 0);

    /* when it is opened, though no seed is to be made */

    at(OVER_MS);
    assert_int_equal(count_sql(REVEALED), 1);
    sk_drain_close(&d);
    assert_int_equal(chmod(path, 0644), 0);
    restart_at(OVER_MS + 1);
    modes(0640, 0);

    /* and whenever it is of use */

    modes(0644, 1);
    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"two\","
                              "\"stock\":1," LATER ",\"shuffle\":1}"), 201);
    modes(0640, 0);
}


/* a start, and a second server on the store, find the same seed */

static void
test_restart(void **state)
{
    uint8_t      seed[SK_SEED_SIZE];
    sk_zone_t   *second;
    sk_drain_t   e;
    sk_answer_t  a, b;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    memcpy(seed, draw(zone)->opening.seed, sizeof(seed));
    a = claim_in(zone, "ann", START_MS);

    restart_at(START_MS + 1);
    assert_memory_equal(draw(zone)->opening.seed, seed, sizeof(seed));

    second = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(second, NULL, 0);
    assert_int_equal(settle_at(&e, START_MS + 2), SK_OK);
    assert_memory_equal(draw(second)->opening.seed, seed, sizeof(seed));

    b = claim_in(second, "ann", START_MS);
    assert_int_equal(b.starts_in_ms, a.starts_in_ms);
    assert_true(a.result == SK_WAITING && b.result == SK_WAITING);

    /* both want to reveal it */

    assert_int_equal(settle_at(&e, OVER_MS), SK_OK);
    at(OVER_MS);
    assert_int_equal(settle_at(&e, OVER_MS), SK_OK);
    assert_int_equal(count_sql(REVEALED), 1);
    assert_true(sk_load(&draw(zone)->opening.revealed));

    sk_drain_close(&e);
    sk_test_zone_free(second);
}


/* a child works at a moment, and is killed at its Nth write: its exit code */

static int
killed_at(int n, int64_t ms)
{
    int       status;
    pid_t     pid;
    unsigned  decided;

    /* SQLite must not cross the fork */

    sk_drain_close(&d);

    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        fault_vfs_on(FAULT_CRASH, n);

        while (sk_drain_work(&d, ms, ms, &decided) == SK_MORE) {
            /* void */
        }

        _exit(0);
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));

    return WEXITSTATUS(status);
}


static void
test_killed_while_it_is_made(void **state)
{
    int  n, status;

    (void) state;

    for (n = 1, status = FAULT_EXIT; status == FAULT_EXIT; n++) {
        assert_true(n < 200);

        if (draw(zone) == NULL) {
            (void) post(SK_SALE_ADD, "", DRAW, "key", 1);
        }

        status = killed_at(n, SK_TEST_NOW);

        /* there are a sale and a secret that fits, or neither */

        sk_commands_unmap(d.commands);
        d.commands = sk_commands_map();
        restart_at(SK_TEST_NOW);
        assert_int_equal(count_sql("SELECT count(*) FROM secrets"),
                         draw(zone) ? 1 : 0);

        if (draw(zone)) {
            assert_int_equal(sk_load(&draw(zone)->opening.state),
                             SK_OPENING_KNOWN);
        }
    }

    assert_true(n > 3 && draw(zone));
}


static void
test_killed_while_it_is_revealed(void **state)
{
    int  n, status;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    exec_sql("DROP TRIGGER ledger_delete; DROP TRIGGER commits_delete");

    for (n = 1, status = FAULT_EXIT; status == FAULT_EXIT; n++) {
        assert_true(n < 200);

        status = killed_at(n, OVER_MS);

        restart_at(OVER_MS);
        assert_int_equal(count_sql(REVEALED), 1);
        assert_true(sk_load(&draw(zone)->opening.revealed));

        /* and from the start */

        sk_drain_close(&d);
        exec_sql("DELETE FROM ledger WHERE type = 'seed_revealed';"
                 "DELETE FROM commits WHERE last >"
                 " (SELECT max(seq) FROM ledger)");
        restart_at(SK_TEST_NOW);
    }

    assert_true(n > 3);
}


/* what may be said of a window, and when */

static void
test_edits(void **state)
{
    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                              "\"shuffle\":30}"), 400);
    says("\"message\":\"shuffle: a sale with \\\"shuffle\\\" needs a start\","
         "\"field\":\"shuffle\"");
    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                              START ",\"shuffle\":86401}"), 400);
    says("\"field\":\"shuffle\"");
    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                              START ",\"end\":\"1970-01-01T00:17:20Z\","
                              "\"shuffle\":30}"), 400);
    says("\"message\":\"end: the end has to be after the start and "
         "\\\"shuffle\\\"\"");
    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"x\",\"stock\":1,"
                              START ",\"end\":\"1970-01-01T00:17:20.001Z\","
                              "\"shuffle\":30}"), 201);

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"start\":null}"), 400);
    says("\"field\":\"start\"");
    assert_int_equal(order_at(SK_SALE_EDIT, "draw",
                              "{\"start\":null,\"shuffle\":0}"), 200);
    at(SK_TEST_NOW + 1);
    assert_int_equal(count_sql(REVEALED), 1);

    /* the seed was of use to nobody, and is known: there is no second window */

    assert_int_equal(order_at(SK_SALE_EDIT, "draw",
                              "{" START ",\"shuffle\":30}"), 409);
    says("the seed has been revealed");
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{" START "}"), 200);
    assert_int_equal(order_at(SK_SALE_END, "draw", ""), 200);
    assert_int_equal(order_at(SK_SALE_REMOVE, "draw", ""), 200);
}


static void
test_edits_in_the_window(void **state)
{
    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);

    at(START_MS);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"shuffle\":40}"), 409);
    says("\"message\":\"shuffle: the sale has started\"");
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"shuffle\":0}"), 409);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"stock\":9}"), 200);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw",
                              "{\"shuffle\":30,\"limit\":2}"), 200);

    /* one that has not started yet, again */

    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{" LATER "}"), 200);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"shuffle\":40}"), 200);
    assert_int_equal(claim_in(zone, "ann", now_ms).result, SK_NOT_STARTED);

    at(OVER_MS);
    assert_int_equal(count_sql(REVEALED), 0);
    at(LATER_MS + 40000);
    assert_int_equal(count_sql(REVEALED), 1);

    assert_int_equal(order_at(SK_SALE_EDIT, "draw",
                              "{\"start\":\"1970-01-02T00:00:00Z\"}"), 409);
    says("\"field\":\"start\"");
    assert_int_equal(order_at(SK_SALE_EDIT, "draw",
                              "{\"start\":\"1970-01-02T00:00:00Z\","
                              "\"shuffle\":0}"), 200);
    assert_int_equal(claim_in(zone, "ann", now_ms).result, SK_NOT_STARTED);
}


/* whoever has won in it is to be checked, though the sale is no more */

static void
test_removed(void **state)
{
    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    at(START_MS);
    assert_int_equal(order_at(SK_SALE_END, "draw", ""), 200);
    assert_int_equal(count_sql(REVEALED), 0);
    assert_int_equal(order_at(SK_SALE_REMOVE, "draw", ""), 200);
    says("\"commitment\":\"");
    assert_int_equal(count_sql("SELECT max(seq) - (SELECT seq FROM ledger"
                               " WHERE type = 'seed_revealed') FROM ledger"
                               " WHERE type = 'sale_removed'"), 1);
    at(OVER_MS);
    assert_int_equal(count_sql(REVEALED), 1);

    /* another one of its name has another seed */

    now_ms = SK_TEST_NOW;
    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    assert_int_equal(count_sql("SELECT count(DISTINCT detail ->>"
                               " '$.opening.commitment') FROM ledger"
                               " WHERE type = 'sale_added'"), 2);
}


/* what the configuration says of a window that is open comes too late */

static void
test_declared(void **state)
{
    sk_sale_def_t  def;

    (void) state;

    def = sk_test_def("draw", 5, 1);
    def.start_ms = START_MS;
    def.shuffle_s = 30;

    restart(&def, 1);
    assert_int_equal(sk_load(&draw(zone)->opening.state), SK_OPENING_KNOWN);

    def.shuffle_s = 40;
    restart(&def, 1);
    assert_int_equal(sk_load(&draw(zone)->shuffle_s), 40);

    d.declare.sales = NULL;
    d.declare.n_sales = 0;
    at(START_MS);

    def.shuffle_s = 50;
    def.stock = 7;
    logged[0] = '\0';
    sk_drain_close(&d);
    d.declare.sales = &def;
    d.declare.n_sales = 1;
    d.declare.done = 0;
    at(START_MS + 1);

    assert_int_equal(sk_load(&draw(zone)->shuffle_s), 40);
    assert_int_equal(sk_load(&draw(zone)->stock), 7);
    assert_non_null(strstr(logged, "sale \"draw\": its start, end and shuffle "
                           "stay as they are: the sale has started"));

    /* said once: it is what was declared last */

    logged[0] = '\0';
    d.declare.done = 0;
    at(START_MS + 2);
    assert_null(strstr(logged, "stay as they are"));

    def.start_ms = LATER_MS;
    d.declare.done = 0;
    at(START_MS + 3);
    assert_int_equal(sk_load(&draw(zone)->shuffle_s), 50);
    assert_int_equal(sk_load(&draw(zone)->start_ms), LATER_MS);
}


/* a worker whose clock is ahead lets nobody in before the ledger's time */

static void
test_clock_ahead(void **state)
{
    int64_t      opening_ms;
    sk_answer_t  a;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    at(START_MS);

    opening_ms = START_MS + claim_in(zone, "ann", START_MS).starts_in_ms;

    a = claim_in(zone, "ann", opening_ms);
    assert_true(a.admitted);
    at(opening_ms - 1);
    assert_int_equal(outcome_of(zone, a.ticket), SK_OUTCOME_REFUSED);

    a = claim_in(zone, "ann", opening_ms + 200);
    assert_true(a.admitted);
    at(opening_ms - 101);
    assert_int_equal(outcome_of(zone, a.ticket), SK_OUTCOME_UNAVAILABLE);
    assert_int_equal(count_sql("SELECT count(*) FROM orders"), 0);

    a = claim_in(zone, "ann", opening_ms);
    at(opening_ms);
    assert_int_equal(outcome_of(zone, a.ticket), SK_OUTCOME_WON);
    sk_test_conserved(zone);
}


static int
agree(void *ctx, sk_ledger_t *ledger, const sk_commit_t *commit)
{
    (void) ctx;
    (void) ledger;
    (void) commit;

    return SK_OK;
}


static int
nothing(void *ctx, sk_ledger_t *ledger)
{
    (void) ctx;
    (void) ledger;

    return SK_OK;
}


static const char *
fine(void *ctx)
{
    (void) ctx;

    return NULL;
}


static const sk_authority_t  log_of_all = { agree, nothing, fine, NULL };


/* machines that share a ledger share a secret, or have no such sale */

static void
test_machines(void **state)
{
    char         reason[SK_REASON_SIZE_MAX];
    sk_zone_t   *same, *wrong;
    sk_drain_t   e, f;
    sk_answer_t  a;

    (void) state;

    d.writer.authority = &log_of_all;
    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 409);
    says("\"field\":\"shuffle\"");
    says("need \\\"secret=\\\"");
    assert_int_equal(count_sql("SELECT count(*) FROM secrets"), 0);

    d.writer.secret = &ours;
    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    assert_int_equal(count_sql("SELECT count(*) FROM secrets"), 0);
    at(START_MS);
    a = claim_in(zone, "ann", START_MS);
    assert_int_equal(a.result, SK_WAITING);

    same = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(same, NULL, 0);
    e.writer.authority = &log_of_all;
    e.writer.secret = &ours;
    assert_int_equal(settle_at(&e, START_MS), SK_OK);
    assert_int_equal(claim_in(same, "ann", START_MS).starts_in_ms,
                     a.starts_in_ms);

    /* one with another secret does not guess, until it is told */

    logged[0] = '\0';
    wrong = sk_test_zone(ZONE_SIZE, 0);
    f = drainer(wrong, NULL, 0);
    f.writer.authority = &log_of_all;
    f.writer.secret = &theirs;
    assert_int_equal(settle_at(&f, START_MS), SK_OK);
    assert_int_equal(claim_in(wrong, "ann", START_MS).result, SK_UNAVAILABLE);
    assert_non_null(strstr(logged, "the seed of sale \"draw\" is not known"));
    assert_int_equal(sk_zone_seeds(wrong, reason), SK_ERROR);
    assert_non_null(strstr(reason, "the seed of sale \"draw\""));

    logged[0] = '\0';
    assert_int_equal(settle_at(&f, START_MS + 1), SK_OK);
    assert_string_equal(logged, "");
    assert_int_equal(settle_at(&f, OVER_MS), SK_OK);
    assert_int_equal(count_sql(REVEALED), 0);
    assert_int_equal(sk_zone_seeds(wrong, reason), SK_OK);

    at(OVER_MS);
    assert_int_equal(count_sql(REVEALED), 1);
    assert_int_equal(settle_at(&f, OVER_MS + 1), SK_OK);
    assert_int_equal(settle_at(&e, OVER_MS + 1), SK_OK);
    assert_int_equal(count_sql(REVEALED), 1);
    assert_int_equal(claim_in(wrong, "ann", START_MS).starts_in_ms,
                     a.starts_in_ms);

    sk_drain_close(&e);
    sk_drain_close(&f);
    sk_test_zone_free(same);
    sk_test_zone_free(wrong);
}


/* with the secret in place after all, and with one that the store had before */

static void
test_secrets(void **state)
{
    int64_t  in_ms;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    in_ms = claim_in(zone, "ann", START_MS).starts_in_ms;

    d.writer.secret = &ours;
    restart_at(SK_TEST_NOW);
    assert_int_equal(claim_in(zone, "ann", START_MS).starts_in_ms, in_ms);
    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"two\",\"stock\":1,"
                              START ",\"shuffle\":30}"), 201);

    d.writer.secret = &theirs;
    restart_at(SK_TEST_NOW);
    assert_int_equal(claim_in(zone, "ann", START_MS).starts_in_ms, in_ms);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "two", 3)->opening.state),
                     SK_OPENING_UNKNOWN);

    /* the same zone, as after a reload with the right file */

    sk_drain_close(&d);
    memset(&d.reveal, 0, sizeof(d.reveal));
    d.writer.secret = &ours;
    at(SK_TEST_NOW + 1);
    assert_int_equal(sk_load(&sk_zone_sale(zone, "two", 3)->opening.state),
                     SK_OPENING_KNOWN);
}


static void
test_beacon(void **state)
{
    uint64_t      ticket;
    sk_opening_t  *o;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"plain\","
                              "\"stock\":1," START "}"), 201);
    assert_int_equal(order_at(SK_SALE_BEACON, "plain", BEACON), 409);
    says("the sale has no \\\"shuffle\\\"");
    assert_int_equal(order_at(SK_SALE_BEACON, "none", BEACON), 404);

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    assert_int_equal(order_at(SK_SALE_BEACON, "draw", "{\"round\":1}"), 400);
    assert_int_equal(order_at(SK_SALE_BEACON, "draw",
                              "{\"round\":1,\"value\":\"abc\"}"), 400);
    says("\"field\":\"value\"");
    assert_int_equal(order_at(SK_SALE_BEACON, "draw",
                              "{\"round\":1,\"value\":\"zz\"}"), 400);
    assert_int_equal(order_at(SK_SALE_BEACON, "draw",
                              "{\"round\":-1,\"value\":\"00\"}"), 400);
    says("\"field\":\"round\"");

    ticket = post(SK_SALE_BEACON, "draw", BEACON, "once", 1);
    assert_int_equal(settle_at(&d, now_ms), SK_OK);
    collect(ticket);
    assert_string_equal(reply.body, "{\"code\":0,\"data\":{\"sale\":\"draw\","
                        "\"round\":17,\"value\":\"0aff10\"}}");
    ticket = post(SK_SALE_BEACON, "draw", BEACON, "once", 1);
    assert_int_equal(settle_at(&d, now_ms), SK_OK);
    collect(ticket);
    assert_int_equal(reply.status, 200);
    says("\"value\":\"0aff10\"");

    assert_int_equal(order_at(SK_SALE_BEACON, "draw", BEACON), 409);
    says("the sale has its beacon");
    assert_int_equal(count_sql("SELECT count(*) FROM ledger"
                               " WHERE type = 'beacon_set'"), 1);

    o = &draw(zone)->opening;
    assert_ptr_equal(sk_opening_seed(o), o->mixed);
    restart_at(START_MS);
    o = &draw(zone)->opening;
    assert_ptr_equal(sk_opening_seed(o), o->mixed);
    assert_int_equal(o->beacon.round, 17);

    at(OVER_MS);
    assert_int_equal(told(o->seed), 1);
    assert_int_equal(told(o->mixed), 0);
}


static void
test_beacon_too_late(void **state)
{
    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    at(START_MS - 1);
    assert_int_equal(order_at(SK_SALE_END, "draw", ""), 200);
    assert_int_equal(order_at(SK_SALE_BEACON, "draw", BEACON), 409);
    says("the sale has ended");
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"end\":null}"), 200);
    at(START_MS);
    assert_int_equal(order_at(SK_SALE_BEACON, "draw", BEACON), 409);
    says("the sale has started");
}


/* whoever has won, or was told his opening, was told it by the seed alone: a
   start that is moved draws no lots again */

static void
test_beacon_after_a_start(void **state)
{
    unsigned    i;
    sk_zone_t  *second;
    sk_drain_t  e;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);

    /* it starts with an edit, and is moved with the next one */

    at(START_MS - 1);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw",
                              "{\"start\":\"1970-01-01T00:16:49.999Z\"}"),
                     200);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{" LATER "}"), 200);
    assert_int_equal(claim_in(zone, "ann", now_ms).result, SK_NOT_STARTED);

    for (i = 0; i < 2; i++) {
        assert_int_equal(order_at(SK_SALE_BEACON, "draw", BEACON), 409);
        says("the sale has started before, or has had an order");
        restart_at(START_MS + 1);
    }

    /* and by what another process has written */

    second = sk_test_zone(ZONE_SIZE, 0);
    e = drainer(second, NULL, 0);
    assert_int_equal(settle_at(&e, START_MS + 2), SK_OK);
    assert_true(sk_load(&draw(second)->opening.started));

    sk_drain_close(&e);
    sk_test_zone_free(second);
}


/* edits of what is to come, and a clock that is set back, are no start */

static void
test_beacon_before_a_start(void **state)
{
    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    at(START_MS - 1);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"stock\":9}"), 200);
    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{" LATER "}"), 200);
    at(OVER_MS);
    restart_at(OVER_MS + 1);
    assert_int_equal(order_at(SK_SALE_BEACON, "draw", BEACON), 200);
}


static void
test_beacon_clock_set_back(void **state)
{
    uint64_t  ticket;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    at(START_MS);
    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"plain\","
                              "\"stock\":1}"), 201);

    ticket = post(SK_SALE_BEACON, "draw", BEACON, "", 0);
    assert_int_equal(settle_clocks(&d, SK_TEST_NOW, START_MS), SK_OK);
    collect(ticket);
    assert_int_equal(reply.status, 409);
    says("the sale has started");
}


/* a worker's clock is ahead, and no window keeps the claim */

static void
test_beacon_after_an_order(void **state)
{
    unsigned     i;
    sk_answer_t  a;

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", "{\"name\":\"draw\","
                              "\"stock\":5," START "}"), 201);
    a = claim_in(zone, "ann", START_MS);
    at(START_MS - 2);
    assert_int_equal(outcome_of(zone, a.ticket), SK_OUTCOME_WON);

    assert_int_equal(order_at(SK_SALE_EDIT, "draw", "{\"shuffle\":30}"), 200);

    for (i = 0; i < 2; i++) {
        assert_int_equal(order_at(SK_SALE_BEACON, "draw", BEACON), 409);
        says("the sale has started before, or has had an order");
        restart_at(START_MS - 2);
    }
}


/* what no version has written */

static void
test_damaged(void **state)
{
    unsigned    i;
    char        sql[512];
    sk_zone_t  *fresh;
    sk_drain_t  e;

    static const char *const  rows[] = {
        "2, 'beacon_set', 1, '{\"round\":1}'",
        "2, 'beacon_set', 1, '{\"round\":1,\"value\":\"\"}'",
        "2, 'beacon_set', 1, '{\"round\":\"1\",\"value\":\"00\"}'",
        "2, 'beacon_set', 1, NULL",
        "2, 'beacon_set', 9, '{\"round\":1,\"value\":\"00\"}'",
        "2, 'seed_revealed', 1, '{\"seed\":\"00\"}'",
        "2, 'seed_revealed', 1, '{}'",
        "2, 'sale_edited', 1, '{\"name\":\"draw\",\"stock\":5,\"limit\":1,"
        "\"start_ms\":5,\"shuffle_s\":30}'",
        "2, 'sale_edited', 1, '{\"name\":\"draw\",\"stock\":5,\"limit\":1,"
        "\"start_ms\":5,\"shuffle_s\":30,\"opening\":{\"nonce\":\"00\"}}'",
        "2, 'sale_edited', 1, '{\"name\":\"draw\",\"stock\":5,\"limit\":1,"
        "\"start_ms\":5,\"shuffle_s\":86401}'",
    };

    (void) state;

    assert_int_equal(order_at(SK_SALE_ADD, "", DRAW), 201);
    exec_sql("DROP TRIGGER ledger_delete; DROP TRIGGER commits_delete");

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void) snprintf(sql, sizeof(sql), "INSERT INTO ledger"
                        " (at, seq, type, sale, detail) VALUES (1000000, %s)",
                        rows[i]);
        exec_sql(sql);

        fresh = sk_test_zone(ZONE_SIZE, 0);
        e = drainer(fresh, NULL, 0);

        if (settle(&e) != SK_ERROR) {
            fail_msg("taken for a ledger: %s", rows[i]);
        }

        assert_non_null(strstr(fresh->reason, "damaged: event"));

        sk_drain_close(&e);
        sk_test_zone_free(fresh);

        exec_sql("DELETE FROM ledger WHERE seq > 1;"
                 "DELETE FROM commits WHERE last > 1");
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
#define T(f)  cmocka_unit_test_setup_teardown(f, start, end)
        T(test_commitment_then_seed),
        T(test_without),
        T(test_secret_of_a_copy),
        T(test_restart),
        T(test_killed_while_it_is_made),
        T(test_killed_while_it_is_revealed),
        T(test_edits),
        T(test_edits_in_the_window),
        T(test_removed),
        T(test_declared),
        T(test_clock_ahead),
        T(test_machines),
        T(test_secrets),
        T(test_beacon),
        T(test_beacon_too_late),
        T(test_beacon_after_a_start),
        T(test_beacon_before_a_start),
        T(test_beacon_clock_set_back),
        T(test_beacon_after_an_order),
        T(test_damaged),
#undef T
    };

    if (fault_vfs_register() != 0) {
        return 1;
    }

    return cmocka_run_group_tests_name("reveal", tests, NULL, NULL);
}
