/* Which product somebody means. */


#ifndef _PRODUCT_H_INCLUDED_
#define _PRODUCT_H_INCLUDED_


#include "api.h"


/*
 * The number of a product that is named by its number or its name: one of
 * digits alone is a number, and is not looked up.  SAY_DONE; else what is wrong
 * has been said.
 */
int product_find(api_t *api, const char *word, unsigned long long *id);


#endif /* _PRODUCT_H_INCLUDED_ */
