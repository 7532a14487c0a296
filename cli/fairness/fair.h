/*
 * Whether a sale with a shuffled opening has let anybody in before his time.
 * It goes by the ledger alone, of a store in use or of a backup, reads it as it
 * is at one moment, and never writes.  None of the engine's code is in it: it
 * is to find out whether that is right.
 */


#ifndef _FAIR_H_INCLUDED_
#define _FAIR_H_INCLUDED_


#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>


#define FAIR_YES       0
#define FAIR_NO        1
#define FAIR_TROUBLE   2
#define FAIR_NOT_YET   3

#define FAIR_BUSY_MS   10000
#define FAIR_BAD_MAX   5
#define FAIR_WINDOWS   16               /* that are printed */
#define FAIR_SIZE      32               /* of a seed, a hash */
#define FAIR_HEX       (2 * FAIR_SIZE)
#define FAIR_VALUE_MAX 64


typedef enum {
    FAIR_COMMITMENT = 0,
    FAIR_BEACON,
    FAIR_SHUFFLE,
    FAIR_REVEALED,
    FAIR_OPENINGS,
    FAIR_CHECKS
} fair_check_e;


typedef struct {
    int64_t         start_ms;
    int64_t         shuffle_s;
    int64_t         orders;
    int64_t         in_window;
} fair_window_t;


typedef struct {
    sqlite3        *db;
    json_t         *sales;              /* what is found of each */
    char           *error;
    size_t          error_size;

    /* of a sale */

    int64_t         id;
    const char     *name;
    unsigned char   seed[FAIR_SIZE];
    unsigned char   key[FAIR_SIZE];     /* with the beacon, if there is one */
    char            commitment[FAIR_HEX + 1];
    int             has_beacon;
    int64_t         beacon;             /* its round */
    int             revealed;

    /* as the last event that says so has it */

    int64_t         start_ms;
    int64_t         end_ms;
    int64_t         shuffle_s;
    int             added;

    int             started;            /* by an edit's time */
    int             told;               /* the seed was, in an event */
    int64_t         promised_s;         /* the longest shuffle, of a window that
                                           has not been over with it */
    int64_t         lowered_seq;        /* the event that made it less, or 0 */

    int64_t         orders;
    int64_t         in_window;
    unsigned        n_windows;
    fair_window_t   windows[FAIR_WINDOWS];
    unsigned        bad[FAIR_CHECKS];
    char            why[FAIR_CHECKS][FAIR_BAD_MAX][160];
} fair_t;


/* what a row has of an event */

enum {
    COLUMN_SEQ = 0, COLUMN_AT, COLUMN_TYPE, COLUMN_USER, COLUMN_START,
    COLUMN_END, COLUMN_SHUFFLE, COLUMN_COMMITMENT, COLUMN_VALUE, COLUMN_ROUND
};


/*
 * A sale of a store: by its name, of which there may have been several, one
 * after the other; or, if none had that name, by its number.  FAIR_YES: it was
 * fair; FAIR_NO: it was not; FAIR_NOT_YET: the seed has not been revealed;
 * FAIR_TROUBLE: the ledger cannot be read, or there is no such sale: "error"
 * (of "size" bytes) says which.
 *
 * "sales" gets an array, to be freed: of each its "id", "orders", "in_window",
 * "early", "seed", "beacon"; "windows", a start and a shuffle that were in
 * force when there were orders, and how many of them; "checks": "what" was
 * looked at, whether it is "ok", and what is "bad", five events at most;
 * "notes": what has yet to come, or should be known.
 */
int fair_check(const char *path, const char *sale, json_t **sales, char *error,
    size_t size);


/* what its files share */

/* an event of the sale, in the ledger's order */
void fair_event(fair_t *f, sqlite3_stmt *s);

/* an event that breaks a check */
void fair_event_bad(fair_t *f, fair_check_e check, int64_t seq,
    const char *what);

/* the sale, to f->sales; FAIR_YES, FAIR_NO, FAIR_NOT_YET */
int fair_report(fair_t *f);


#endif /* _FAIR_H_INCLUDED_ */
