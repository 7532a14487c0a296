/* what a token costs alone: ns for each that is verified */

#ifndef _BENCH_TOKEN_H_INCLUDED_
#define _BENCH_TOKEN_H_INCLUDED_


/* makes keys and tokens; -1: it could not */
int bench_token_init(void);

/* one round, "alg" as RFC 7518 names it; "known": it was seen before.  -1: a
   token was not good */
double bench_token(const char *alg, int known);


#endif /* _BENCH_TOKEN_H_INCLUDED_ */
