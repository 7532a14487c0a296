/*
 * A zone whose ledger several machines share: what its drainer knows of the log
 * and of the other machines, for those who tell it.  A machine is known by its
 * name.  Times are those of the log's clock.
 */


#ifndef _SK_SHARED_H_INCLUDED_
#define _SK_SHARED_H_INCLUDED_


#include "sk_core.h"


#define SK_MACHINES_MAX            64
#define SK_MACHINE_NAME_SIZE_MAX   64           /* A-Za-z0-9._- */
#define SK_REIGN_SIZE              52           /* 40 hex digits, "/" and the
                                                   number of a database */


typedef struct {
    char        name[SK_MACHINE_NAME_SIZE_MAX + 1];
    int64_t     seen_ms;                /* 0: never */
    uint64_t    number;                 /* its ledger's last commit ends with */
    unsigned    member:1;
    unsigned    forgotten:1;            /* somebody has said so */
} sk_machine_t;


/* under the zone's mutex, but for what is atomic */

typedef struct {
    _Atomic uint32_t  used;             /* there is a log */
    _Atomic uint32_t  up;               /* and it answers */
    _Atomic uint32_t  open;             /* and takes commits */
    _Atomic uint32_t  forgets;          /* the log is to be told of "forget" */
    _Atomic uint32_t  begins;           /* this machine has an operator's word
                                           to begin a log, and a ledger */

    /* counted since the zone was made */

    _Atomic uint64_t  reigns;           /* changes seen */
    _Atomic uint64_t  appends_ok;
    _Atomic uint64_t  appends_behind;
    _Atomic uint64_t  appends_failed;
    _Atomic uint64_t  restored;         /* commits put back */
    _Atomic uint64_t  followed;         /* commits of other machines' */
    _Atomic int64_t   lag_ms;           /* of the last of these: from the time
                                           of its last event until it was
                                           applied here */

    char              name[SK_MACHINE_NAME_SIZE_MAX + 1];   /* this machine */
    char              reign[SK_REIGN_SIZE];
    char              address[280];     /* of the server */
    uint64_t          number;           /* the log's last commit ends with */
    uint64_t          parted;           /* where the ledger parts from it */
    int64_t           now_ms;           /* when this was seen */
    int64_t           gone_ms;          /* silent for so long: gone */
    _Atomic int64_t   timeout_us;       /* of a call to who decides */
    char              forget[SK_MACHINE_NAME_SIZE_MAX + 1];
                                        /* nobody is to wait for this one */
    unsigned          n;
    sk_machine_t      machines[SK_MACHINES_MAX];
} sk_shared_t;


#endif /* _SK_SHARED_H_INCLUDED_ */
