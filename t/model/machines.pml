/*
 * Several machines that sell from one stock, and the log in Redis that puts
 * their commits in one order.  Each machine has a ledger on its own disk, and
 * tells buyers whatever its ledger says.  This model looks for a way in which
 * what one machine has told is contradicted by what another tells.
 *
 * The servers.  There are two.  One serves and the other is its replica, which
 * lags by any amount.  A replica can be promoted at any time; the server that
 * it followed then serves on, for as long as you like, until either of the two
 * is demoted.  A server that serves can restart as it is, or with nothing.
 * "As it is" may mean the data from before the other one was promoted, so
 * that a log comes back which went another way than the one now in use.  (A
 * server that restarts without its last effects is here a replica that is
 * promoted, with its primary demoted.)  Each of these begins a reign, except
 * the demotion.  There is no limit on how often any of it happens.
 *
 * The machines.  Each request of a machine goes to any server that serves.  A
 * request is one script, hence one step.  Its answer can be late: it waits in
 * answer[] while everything else goes on.  It can be lost, which is also what
 * a crash between the script's effect and the machine's own commit looks like.
 * A machine that is down does nothing; so does one that is slow, and nobody
 * can tell these apart: a member may be declared left at any time.
 *
 * The rules.  A server's reign begins when it starts or is promoted.  In a new
 * reign the log is not open.  Then nobody appends, joins or follows; machines
 * put back what their ledgers have and the log lacks, and report when their
 * ledger is a beginning of the log.  To be waited for are the members as of
 * the tail and the members as of the longest ledger that was reported.  When
 * all of these have reported, each confirms that it has seen that; when all
 * have confirmed, the log is open.  A report and a confirmation are of a tail:
 * what is put back makes them void.  A machine that acts in a reign keeps on
 * its disk that it has left the one before, and never acts in that again.
 *
 * In an open log anybody can join, whatever its ledger is.  A member follows,
 * appends and declares others left only when all members who joined before it
 * have its join in their ledgers; this is its standing.  It leaves by itself
 * only if there is another member.  A log without members is opened, and
 * joined in the same step, by the one machine that has the operator's word.
 *
 * With -DSIMPLE, to be waited for are the members as of the tail alone, and the
 * log is open when these have reported; followed is at any time, and the one
 * that opens has the whole log.  That is enough for servers that are SYNCED.
 *
 * The log.  A commit is a number in 1 .. COMMITS, with its parent and its kind;
 * a log or ledger is the number of its last commit, because a parent's number
 * is lower than its children's, and no two commits are the same.  That is what
 * comparing chains means: two logs that end in the same commit are equal, and
 * one is the beginning of the other if its last commit is on the other's path.
 * A commit that no log and no ledger has is dropped, its number used again.
 * So the state space is finite and is searched to its end, with LONGEST as the
 * only limit, if COMMITS is high enough: with -DSHORT, a search in which a
 * number was lacking fails.
 *
 * When a machine knows that others hold its join is simplified: the model looks
 * at the others' ledgers themselves.  A machine knows of them by heartbeats,
 * hence later or never, and then does less.
 *
 * Each process below is a pair of a machine and a server, or a server.  A step
 * that is not possible is allowed and does nothing, which adds no state.
 *
 * The sizes, with -D:
 *   MACHINES   how many there are
 *   MEMBERS    how many of these are members at the beginning; with 0, the
 *              log is empty and machine 0 has the operator's word to open it
 *   LONGEST    the longest log
 *   COMMITS    how many different commits there can be at once
 *   KEEP       the stream is trimmed to that many entries
 *   ORDERLY    machines go to the server promoted last, or stay with the
 *              other, which can only be demoted
 *   SYNCED     with ORDERLY, a primary that restarts with nothing takes its
 *              replica's data along: no log that was left ever comes back
 *   FORGET     the operator may say of a machine that it is not waited for.
 *              What it told can then be contradicted; what has to hold is that
 *              no ledger and no log ever has a commit above one which that
 *              commit was not made for
 *
 * What leaves out a rule, or makes one weaker, is listed in the file "runs",
 * with what comes of it.
 */

#ifndef MACHINES
#define MACHINES   2
#endif
#ifndef MEMBERS
#define MEMBERS    2
#endif
#ifndef LONGEST
#define LONGEST    4
#endif
#ifndef COMMITS
#define COMMITS    7
#endif

/* enough if no log that was left ever comes back, see SYNCED */

#ifdef SIMPLE
#define ONE_ROUND
#define OF_TAIL
#define FOLLOW_CLOSED
#define AT_TAIL
#endif

#define NONE       2            /* no server */

/* kinds of commits: a sale, or what machine x does to the membership */

#define SALE       1
#define JOINED(x)  (2 + (x))
#define LEFT(x)    (2 + MACHINES + (x))

#define BIT(x)     (1 << (x))
#define HAS(set, x)  (((set) >> (x)) & 1)


/* commits; 0 is the beginning of each log */

byte  parent[COMMITS + 1];
byte  kind[COMMITS + 1];

/* servers */

byte  tail[2];                  /* the last commit of the log */
byte  opened[2];                /* in whose present reign, or NONE */
byte  reports[2];               /* who reported to this tail in this reign */
byte  confirms[2];              /* who knows that all did */
byte  longest[2];               /* of the ledgers that they reported */
byte  serves;                   /* set of servers */
#ifdef ORDERLY
byte  primary;                  /* promoted last */
#endif

/* machines: "newest" and "past" are on the disk, as the ledger is */

byte  ledger[MACHINES];
byte  answer[MACHINES];         /* tail it may follow up to, 0 if none */
byte  standing[MACHINES];       /* join that it has seen to be held */
byte  newest[MACHINES];         /* server in whose present reign it acts */
byte  past[MACHINES];           /* servers whose present reign it has left */

byte  forgotten;                /* set of machines */
byte  told[LONGEST + 1];        /* by whichever machine, at this number */

#if defined(REACH_SOLD) || defined(REACH_BACK)
#define REACH
#endif

#ifdef REACH
byte  made[MACHINES];           /* the machine's own sale, not yet told */
byte  put_back[2];              /* by which machine in this reign, plus 1 */
#endif

/* results of the inlines, and what these need: in no state */

hidden byte  k, n, m, x, to, join, found, members, known;
hidden byte  yes;
hidden byte  moved[COMMITS + 1];


/* what can be said of a log by its last commit */


/* yes: the log that ends with one is the beginning of the other */

inline begins(one, other)
{
    k = other;
    do
    :: k > one -> k = parent[k]
    :: else -> break
    od;
    yes = k == one
}

/* n: how many commits a log has */

inline count(log)
{
    k = log; n = 0;
    do
    :: k != 0 -> n++; k = parent[k]
    :: else -> break
    od
}

/* to: the commit after "low" in the log "high", of which it is the beginning */

inline next(low, high)
{
    to = high;
    do
    :: parent[to] > low -> to = parent[to]
    :: else -> break
    od
}

/* members: of the log; join: the commit by which the machine is one, or 0 */

inline membership(log, machine)
{
    k = log; members = 0; known = 0; join = 0;
    do
    :: k != 0 ->
        if
        :: kind[k] == SALE
        :: kind[k] != SALE && kind[k] < LEFT(0) ->
            x = kind[k] - JOINED(0);
            if
            :: !HAS(known, x) ->
                members = members | BIT(x);
                join = (x == machine -> k : join)
            :: else
            fi;
            known = known | BIT(x)
        :: kind[k] >= LEFT(0) ->
            known = known | BIT(kind[k] - LEFT(0))
        fi;
        k = parent[k]
    :: else -> break
    od
}


/* found: a new commit of the log, or 0 if there is no room for it */

inline create(log, what)
{
    count(log); found = 0;
    if
    :: n < LONGEST ->
        found = 1;
        do
        :: found <= COMMITS && kind[found] != 0 -> found++
        :: else -> break
        od;
        if
        :: found > COMMITS ->
            found = 0;
#ifdef SHORT
            assert(false)
#endif
        :: else -> parent[found] = log; kind[found] = what
        fi
    :: else
    fi
}

inline mark(log)
{
    k = log;
    do
    :: k != 0 && moved[k] == 0 -> moved[k] = 1; k = parent[k]
    :: else -> break
    od
}

/* commits that nothing has any more are dropped, and the rest close up */

inline drop()
{
    for (n : 1 .. COMMITS) { moved[n] = 0 };
    moved[0] = 0;
    mark(tail[0]); mark(tail[1]); mark(longest[0]); mark(longest[1]);
    for (n : 0 .. MACHINES - 1) { mark(ledger[n]); mark(answer[n]) };
    for (n : 1 .. LONGEST) { mark(told[n]) };

    m = 0;
    for (n : 1 .. COMMITS) {
        if
        :: moved[n] != 0 ->
            m++; moved[n] = m;
            parent[m] = moved[parent[n]]; kind[m] = kind[n]
        :: else
        fi
    };
    for (n : m + 1 .. COMMITS) { parent[n] = 0; kind[n] = 0 };

    for (n : 0 .. 1) {
        tail[n] = moved[tail[n]]; longest[n] = moved[longest[n]]
    };
    for (n : 0 .. MACHINES - 1) {
        ledger[n] = moved[ledger[n]]; answer[n] = moved[answer[n]];
        standing[n] = moved[standing[n]];
#ifdef REACH
        made[n] = moved[made[n]]
#endif
    };
    for (n : 1 .. LONGEST) { told[n] = moved[told[n]] }
}


/* the rules of a machine */


/* a machine never goes back to a reign in which it acted before another one */

#if defined(ORDERLY)
#define ADMITS(i, s)  (HAS(serves, s) && (primary == (s) || newest[i] == (s)))
#elif defined(RETURNS)
#define ADMITS(i, s)  HAS(serves, s)
#else
#define ADMITS(i, s)  (HAS(serves, s) && !HAS(past[i], s))
#endif

/* it has one request at a time: what is not answered yet is given up first */

#ifdef LATE_ANSWER
#define READY(i, s)   ADMITS(i, s)
#else
#define READY(i, s)   (ADMITS(i, s) && answer[i] == 0)
#endif

#ifdef NO_REIGN
#define OPEN(s)       true
#else
#define OPEN(s)       (opened[s] == (s))
#endif

#ifdef STANDING_ONCE
#define STANDS(i)     (standing[i] != 0)
#else
#define STANDS(i)     (standing[i] == join)
#endif

inline act(i, s)
{
#ifndef RETURNS
    if
    :: newest[i] != s && newest[i] != NONE -> past[i] = past[i] | BIT(newest[i])
    :: else
    fi;
    newest[i] = s
#else
    skip
#endif
}

/* each member with a lower join than this one's has this one's join */

inline look(i, s)
{
    membership(tail[s], i);
    if
    :: join != 0 && standing[i] != join ->
        m = join; found = members & ~forgotten & ~BIT(i); to = 1;
#ifdef HELD_BY_ONE
        to = found == 0;
#endif
        n = 0;
        do
        :: n < MACHINES && HAS(found, n) ->
            membership(tail[s], n);
#ifdef HELD_NUMBER
            known = n; count(m); x = n; count(ledger[known]);
            yes = n >= x; n = known;
#else
            begins(m, ledger[n]);
#endif
#ifdef HELD_BY_ONE
            to = to || yes;
#else
            to = to && (yes || join > m);
#endif
            n++
        :: n < MACHINES && !HAS(found, n) -> n++
        :: else -> break
        od;
        if
        :: to ->
            standing[i] = m;
            printf("machine %d knows on server %d that its join %d is held\n",
                   i, s, m)
        :: else
        fi
    :: else
    fi
}

/* whether the machine may take over, and so tell, what this log has */

inline may_follow(i, s)
{
    membership(tail[s], i);
    yes = join != 0 && STANDS(i);
#ifdef FOLLOW_EARLY
    yes = join != 0;
#endif
#ifdef FOLLOW_OUT
    yes = join == 0 || STANDS(i);
#endif
}

/* yes: the entry after the ledger's last has not been trimmed */

inline in_stream(i, s)
{
#ifdef KEEP
    count(ledger[i]); m = n; count(tail[s]);
    yes = n - m <= KEEP || m >= n
#else
    yes = true
#endif
}

inline follow(i, s)
{
    may_follow(i, s);
    if
    :: yes -> in_stream(i, s)
    :: else
    fi;
    if
    :: yes -> begins(ledger[i], tail[s]);
#ifdef NO_CHAIN
        count(ledger[i]); m = n; count(tail[s]); yes = m < n;
#endif
        if
        :: yes ->
            act(i, s); answer[i] = tail[s];
            printf("machine %d reads up to commit %d on server %d\n", i,
                   tail[s], s)
        :: else
        fi
    :: else
    fi
}

inline append(i, s, what)
{
    membership(tail[s], i);
    yes = join != 0 && STANDS(i);
#ifdef FOLLOW_EARLY
    yes = join != 0;
#endif
#ifdef APPEND_OUT
    yes = standing[i] != 0;
#endif
    if
    :: yes && what >= LEFT(0) ->
        yes = HAS(members, what - LEFT(0));
#ifndef LAST_LEAVES
        yes = yes && members != BIT(i)
#endif
    :: else
    fi;
    if
    :: yes -> create(ledger[i], what);
        if
        :: found != 0 ->
#ifdef NO_CHAIN
            assert(ledger[i] == tail[s]);
#endif
            act(i, s); tail[s] = found; answer[i] = found;
            printf("machine %d appends %d of kind %d on server %d\n", i, found,
                   what, s);
#ifdef REACH
            made[i] = (what == SALE -> found : 0)
#endif
        :: else
        fi
    :: else
    fi
}

/* commits that are made without the log: one's own join */

inline add(i, s, what)
{
    create(tail[s], what);
    if
    :: found != 0 ->
        act(i, s); tail[s] = found;
        printf("machine %d adds %d of kind %d on server %d\n", i, found,
               what, s)
    :: else
    fi
}

inline join_log(i, s)
{
    membership(tail[s], i);
    if
    :: join == 0 -> add(i, s, JOINED(i))
    :: else
    fi
}

inline restore(i, s)
{
    begins(tail[s], ledger[i]);
#ifdef NO_CHAIN
    count(tail[s]); m = n; count(ledger[i]); yes = m < n;
#endif
    if
    :: yes ->
        next(tail[s], ledger[i]);
#ifdef NO_CHAIN
        to = ledger[i];
        do
        :: n > m + 1 -> to = parent[to]; n--
        :: else -> break
        od;
        assert(parent[to] == tail[s]);
#endif
#ifdef KEEP
        /* an empty log begins where the stream will */
        if
        :: tail[s] == 0 ->
            count(ledger[i]);
            if
            :: n > KEEP ->
                to = ledger[i]; n = KEEP;
                do
                :: n > 0 -> to = parent[to]; n--
                :: else -> break
                od
            :: else
            fi
        :: else
        fi;
#endif
        act(i, s); tail[s] = to;
        printf("machine %d puts back up to %d on server %d\n", i, to, s);
#ifndef REPORT_STAYS
        reports[s] = 0; confirms[s] = 0; longest[s] = 0;
#endif
#ifdef REACH
        put_back[s] = i + 1
#endif
    :: else
    fi
}

inline report(i, s)
{
    in_stream(i, s);
    if
    :: yes -> begins(ledger[i], tail[s])
    :: else
    fi;
#ifdef NO_CHAIN
    count(ledger[i]); m = n; count(tail[s]); yes = m <= n;
#endif
#ifdef REPORT_ANY
    yes = true;
#endif
    if
    :: yes ->
        act(i, s); reports[s] = reports[s] | BIT(i);
        printf("machine %d reports %d to server %d, which has %d\n", i,
               ledger[i], s, tail[s]);
        longest[s] = (longest[s] < ledger[i] -> ledger[i] : longest[s]);
        membership(longest[s], i); found = members;
        membership(tail[s], i);
#ifdef OF_TAIL
        found = members;
#endif
#ifdef OF_LEDGER
        members = found;
#endif
        yes = found != 0 || i == 0;
#ifdef EMPTY_ANY
        yes = true;
#endif
        found = found | members;
#ifdef ONE_ROUND
        yes = yes && (found & ~(reports[s] | forgotten)) == 0;
#else
        if
        :: (found & ~(reports[s] | forgotten)) == 0 ->
            confirms[s] = confirms[s] | BIT(i)
        :: else
        fi;
#ifndef NO_WAIT
        yes = yes && (found & ~(confirms[s] | forgotten)) == 0;
#endif
#endif
#ifdef AT_TAIL
        yes = yes && ledger[i] == tail[s];
#endif
        if
        :: yes ->
            opened[s] = s;
            printf("server %d is opened at %d\n", s, tail[s]);
#ifndef NOT_FOUNDER
            membership(tail[s], i);
            if
            :: members == 0 -> add(i, s, JOINED(i))
            :: else
            fi;
#endif
#ifndef REPORT_AGES
            reports[s] = 0; confirms[s] = 0; longest[s] = 0;
#endif
#ifdef REACH_BACK
            assert(put_back[s] == 0 || put_back[s] == i + 1);
#endif
        :: else
        fi
    :: else
    fi
}

/* the next commit of the answer reaches the ledger: from now on it is told */

inline commit(i)
{
    next(ledger[i], answer[i]);
#ifdef NO_CHAIN
    count(ledger[i]); m = n; to = answer[i]; count(to);
    do
    :: n > m + 1 -> to = parent[to]; n--
    :: else -> break
    od;
#endif
    assert(parent[to] == ledger[i]);
    ledger[i] = to;
    printf("machine %d has and tells %d\n", i, to);
#ifndef FORGET
    count(to);
    assert(told[n] == 0 || told[n] == to);
    told[n] = to;
#endif
#ifdef REACH_SOLD
    assert(i < MEMBERS || made[i] != to);
#endif
#ifdef REACH_REJOINED
    assert(i >= MEMBERS || to <= MEMBERS || kind[to] != JOINED(i));
#endif
    if
    :: ledger[i] == answer[i] -> answer[i] = 0
    :: else
    fi;
#ifdef REACH
    made[i] = 0
#endif
}

/* a backup from another machine, which has all that this one has told */

inline take_over(i, from)
{
    begins(ledger[i], ledger[from]);
#ifdef COPY_ANY
    yes = true;
#endif
    if
    :: yes ->
        ledger[i] = ledger[from];
        printf("machine %d takes over the ledger of %d\n", i, from);
        drop()
    :: else
    fi
}


#ifdef NO_CHAIN
#define SAME(i, s)    true
#else
#define SAME(i, s)    (ledger[i] == tail[s])
#endif

#ifdef FOLLOW_CLOSED
#define FOLLOWS(s)    true
#else
#define FOLLOWS(s)    OPEN(s)
#endif

#ifdef JOIN_CLOSED
#define JOINS(s)      true
#else
#define JOINS(s)      OPEN(s)
#endif

#ifdef RESTORE_OPEN
#define RESTORES(s)   true
#else
#define RESTORES(s)   !OPEN(s)
#endif


/* what a machine does: there is one such process for each server */

proctype machine(byte i; byte s)
{
    do
    :: d_step { READY(i, s) -> look(i, s); skip }

    :: d_step { READY(i, s) && FOLLOWS(s) && ledger[i] != tail[s] ->
        follow(i, s); skip }

    :: d_step { READY(i, s) && OPEN(s) && SAME(i, s) ->
        append(i, s, SALE); skip }

    :: d_step { READY(i, s) && OPEN(s) && SAME(i, s) ->
        append(i, s, LEFT(0)); skip }

    :: d_step { READY(i, s) && OPEN(s) && SAME(i, s) ->
        append(i, s, LEFT(1)); skip }

#if MACHINES == 3
    :: d_step { READY(i, s) && OPEN(s) && SAME(i, s) ->
        append(i, s, LEFT(2)); skip }
#endif

    :: d_step { READY(i, s) && JOINS(s) -> join_log(i, s); skip }

    :: d_step { READY(i, s) && RESTORES(s) && ledger[i] != tail[s] ->
        restore(i, s); skip }

    :: d_step { READY(i, s) && !OPEN(s) -> report(i, s); skip }

#ifdef LEFT_EARLY
    :: d_step { READY(i, s) && OPEN(s) ->
        membership(tail[s], i);
        if
        :: join != 0 && HAS(members, 1 - i) -> add(i, s, LEFT(1 - i))
        :: else
        fi;
        skip }
#endif

    :: d_step { s == 0 && answer[i] != 0 -> commit(i); skip }

    /* the answer is lost, or the machine crashes */

    :: d_step { s == 0 && answer[i] != 0 ->
        answer[i] = 0;
        printf("machine %d loses an answer\n", i);
        drop(); skip }

#ifdef KEEP
    :: d_step { answer[i] == 0 && ledger[s] != ledger[i] ->
        take_over(i, s); skip }
#endif
#ifdef PAST_LOST
    :: d_step { s == 0 && past[i] != 0 ->
        past[i] = 0; newest[i] = NONE;
        printf("machine %d loses its list of reigns\n", i) }
#endif
#ifdef SAME_NAME
    :: d_step { s == 0 && ledger[i] != 0 ->
        ledger[i] = 0; answer[i] = 0; standing[i] = 0; past[i] = 0;
        newest[i] = NONE;
        printf("machine %d begins anew with nothing\n", i);
        drop(); skip }
#endif
#ifdef FORGET
    :: d_step { s == 0 && !HAS(forgotten, i) ->
        forgotten = forgotten | BIT(i);
        printf("machine %d is forgotten\n", i) }
#endif
    od
}


/* the servers */


/* a reign ends for good: nothing needs to remember it */

inline end_reign(s)
{
    opened[0] = (opened[0] == s -> NONE : opened[0]);
    opened[1] = (opened[1] == s -> NONE : opened[1]);
#ifndef REPORT_AGES
    reports[s] = 0; confirms[s] = 0; longest[s] = 0;
#endif
    for (n : 0 .. MACHINES - 1) {
        past[n] = past[n] & ~BIT(s);
        newest[n] = (newest[n] == s -> NONE : newest[n])
    }
#ifdef REACH
    put_back[s] = 0
#endif
}

inline copy(from, onto)
{
    tail[onto] = tail[from];
    printf("server %d is a copy of server %d, up to %d\n", onto, from,
           tail[from]);
#ifdef RUN_ID
    opened[onto] = opened[from];
#endif
#ifdef REPORT_AGES
    reports[onto] = reports[from]; confirms[onto] = confirms[from];
    longest[onto] = longest[from];
#endif
    drop()
}

inline demote(s)
{
    serves = serves & ~BIT(s);
    printf("server %d is demoted\n", s);
#ifndef RUN_ID
    end_reign(s);
#endif
    copy(1 - s, s)
}

inline promote(s)
{
    serves = serves | BIT(s);
#ifdef ORDERLY
    primary = s;
#endif
    printf("server %d is promoted, with %d\n", s, tail[s])
}

/* an orderly server is not begun again once the other one was promoted */

#ifdef ORDERLY
#define FRESH(s)      (serves != 3 || primary == (s))
#else
#define FRESH(s)      true
#endif

proctype server(byte s)
{
    do
    :: d_step { serves == BIT(s) && tail[s] != tail[1 - s] ->
        copy(s, 1 - s); skip }

    :: d_step { serves == BIT(1 - s) -> promote(s) }

#ifdef ORDERLY
    :: d_step { serves == 3 && !FRESH(s) -> demote(s); skip }
#else
    :: d_step { serves == 3 -> demote(s); skip }
#endif

    :: d_step { HAS(serves, s) && FRESH(s) ->
        end_reign(s);
        printf("server %d begins another reign, with %d\n", s, tail[s]) }

    :: d_step { HAS(serves, s) && FRESH(s) && tail[s] != 0 ->
        end_reign(s);
        tail[s] = 0; reports[s] = 0; confirms[s] = 0; longest[s] = 0;
        printf("server %d begins another reign, with nothing\n", s);
#ifdef SYNCED
        tail[1 - s] = (serves == BIT(s) -> 0 : tail[1 - s]);
#endif
        drop(); skip }
    od
}


init
{
    d_step {
        serves = BIT(0); opened[0] = NONE; opened[1] = NONE;
        for (m : 0 .. MACHINES - 1) { newest[m] = NONE };
#if MEMBERS > 0
        for (m : 1 .. MEMBERS) {
            parent[m] = m - 1; kind[m] = JOINED(m - 1); told[m] = m;
            ledger[m - 1] = MEMBERS; standing[m - 1] = m; newest[m - 1] = 0;
            opened[0] = 0
        };
#endif
        tail[0] = MEMBERS; tail[1] = MEMBERS
    };
    atomic {
        run server(0); run server(1);
        run machine(0, 0); run machine(0, 1);
        run machine(1, 0); run machine(1, 1);
#if MACHINES == 3
        run machine(2, 0); run machine(2, 1);
#endif
    }
}
