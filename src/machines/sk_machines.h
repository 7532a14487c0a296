/*
 * Several machines with one ledger: who decides, beside a ledger's own file,
 * what comes next in it.  The machines share a log in Redis; each appends to it
 * only what follows on all that is there, and follows what others append.
 *
 *   prefix     each machine's ledger is a beginning of the log, or, when Redis
 *              has lost commits, the log is a beginning of the ledger: then the
 *              machine puts them back;
 *   reign      of a server as the one that takes commits.  In another one
 *              nobody follows or appends until all members have found that the
 *              log goes on from their ledgers, and then have seen that all
 *              have.  What a machine does in a reign it does in none before,
 *              ever;
 *   member     a machine that joined, by an event of the log, and was not
 *              declared left by another one.  It follows, and appends, once one
 *              that was a member before it holds that event.
 *
 * So what is in a ledger, and may have been told, is never contradicted,
 * whatever Redis forgets.  The rules are those that t/model/ checks.
 *
 * For the thread that drains the zone.
 */


#ifndef _SK_MACHINES_H_INCLUDED_
#define _SK_MACHINES_H_INCLUDED_


#include "sk_redis.h"
#include "sk_writer.h"


#pragma GCC visibility push(hidden)


#define SK_MACHINES_ZONE_SIZE_MAX   64          /* bytes of a zone's name */
#define SK_MACHINES_FETCH          256          /* commits in a reply */
#define SK_MACHINES_RESTORE_MAX   1000          /* commits in a turn */
#define SK_MACHINES_BEAT_MIN_MS    100
#define SK_MACHINES_BEAT_MAX_MS   1000
#define SK_MACHINES_STEPS_MAX       64          /* calls in a turn */
#define SK_MACHINES_PARTED_TOLD     20          /* events, in the message log */


typedef struct {
    sk_redis_conf_t   redis;
    char              zone[SK_MACHINES_ZONE_SIZE_MAX + 1];
    char              name[SK_MACHINE_NAME_SIZE_MAX + 1];   /* this machine */
    unsigned          wait;             /* replicas that have a commit first */
    int64_t           gone_ms;          /* a silent machine is gone */
    uint64_t          keep;             /* events of the log; 0: all */
} sk_machines_conf_t;


typedef struct sk_machines_s  sk_machines_t;


/* connects to nothing yet; NULL: there is no memory */
sk_machines_t *sk_machines_create(const sk_machines_conf_t *conf,
    sk_zone_t *zone, const sk_log_t *log);
void sk_machines_destroy(sk_machines_t *m);

/* for the writer; lives as long as "m" */
const sk_authority_t *sk_machines_authority(sk_machines_t *m);


#pragma GCC visibility pop


#endif /* _SK_MACHINES_H_INCLUDED_ */
