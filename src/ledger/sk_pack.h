/*
 * A commit in MessagePack: an array of its events, each an array of what a row
 * of the ledger has, in the order of its columns.  Integers and arrays are in
 * their shortest form, so the same events have the same bytes, whoever packs
 * them: that is what the chain is made of, and what machines exchange.
 *
 * msgpack-c packs and unpacks.
 */


#ifndef _SK_PACK_H_INCLUDED_
#define _SK_PACK_H_INCLUDED_


#include <msgpack.h>

#include "sk_head.h"


#pragma GCC visibility push(hidden)


#define SK_PACK_COLUMNS     11
#define SK_PACK_HEADER_MAX   5          /* bytes, of the array of events */


typedef struct {
    size_t          len;
    const char     *data;               /* NULL: there is none */
} sk_bytes_t;


/* an event as a row of the ledger has it; a number that is 0 is none */

typedef struct {
    int64_t         seq;
    int64_t         at;                 /* ms */
    sk_bytes_t      type;
    int64_t         sale;
    sk_bytes_t      user;               /* any bytes */
    int64_t         ticket;
    int64_t         object;
    int64_t         expires;            /* ms */
    sk_bytes_t      detail;             /* JSON */
    sk_bytes_t      key;                /* any bytes */
    sk_bytes_t      hash;               /* any bytes */
} sk_row_t;


/* rows that are being packed; all zero but for the buffer at first */

typedef struct {
    msgpack_sbuffer  buffer;            /* room for the header, the rows */
    unsigned         n;                 /* of rows */
    unsigned         failed:1;          /* there was no memory */
} sk_pack_t;


void sk_pack_init(sk_pack_t *p);
void sk_pack_free(sk_pack_t *p);
void sk_pack_clear(sk_pack_t *p);
void sk_pack_add(sk_pack_t *p, const sk_row_t *row);

/*
 * The commit of the rows that were added, one at least; valid until the next
 * call.  SK_ERROR: there was no memory.
 */
int sk_pack_end(sk_pack_t *p, sk_bytes_t *commit);

/* moves a chain on */
void sk_pack_chain(uint8_t *chain, const sk_bytes_t *commit);


/* SK_OK to go on, anything else to stop with that */
typedef int (*sk_pack_pt)(void *ctx, const sk_row_t *row);

/*
 * Calls "handler" for each row of a commit.  Returns SK_OK; SK_DAMAGED: it is
 * not one; SK_ERROR: there is no memory; or what the handler returned.
 */
int sk_pack_read(const sk_bytes_t *commit, sk_pack_pt handler, void *ctx);


#pragma GCC visibility pop


#endif /* _SK_PACK_H_INCLUDED_ */
