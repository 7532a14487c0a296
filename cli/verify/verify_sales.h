/* Sales and products, by the event that has added them, and what of them is
   counted. */


#ifndef _VERIFY_SALES_H_INCLUDED_
#define _VERIFY_SALES_H_INCLUDED_


#include "verify_orders.h"


#define VERIFY_UNKNOWN      (-1)        /* a stock, a limit */

/* scopes of users, see verify_users.h: a sale's number, or that of the first
   one of a group with this bit */

#define VERIFY_SCOPE_GROUP  0x80000000
#define VERIFY_SCOPE_NAME   0xffffffff  /* of groups' names */


typedef enum {
    VERIFY_LIFE_NONE = 0,               /* only events of it have been seen */
    VERIFY_LIFE_SALE,
    VERIFY_LIFE_PRODUCT
} verify_life_e;


typedef struct {
    int64_t             id;
    verify_life_e       life;
    int64_t             removed;        /* event; 0: it is not */
    uint32_t            scope;
    size_t              name_len;
    char                name[SK_NAME_SIZE_MAX];
    int64_t             stock;
    int64_t             limit;
    int64_t             units;          /* in force */
    int64_t             states[VERIFY_STATE_N];         /* orders */

    /* its waiting list: events */

    int64_t             left;           /* the last place that was left */
    int64_t            *places;         /* those before "first" are left */
    size_t              first;
    size_t              n_places;
    size_t              places_size;
} verify_sale_t;


typedef struct {
    verify_sale_t      *elts;
    uint32_t            n;
    uint32_t           *slots;          /* a number + 1 */
    uint32_t            mask;
    uint32_t            last;           /* the last one that was found */
} verify_sales_t;


void verify_sales_free(verify_sales_t *t);

/* the number of what has this id, new if need be; UINT32_MAX: there is no
   memory, or VERIFY_SALES_MAX of them.  Pointers to others are void then. */
uint32_t verify_sales_get(verify_sales_t *t, int64_t id);

/* the same, of what has been seen */
uint32_t verify_sales_find(verify_sales_t *t, int64_t id);

/* a place at the end of the waiting list; SK_OK; SK_ERROR: no memory */
int verify_sales_queue(verify_sale_t *s, int64_t place);


#endif /* _VERIFY_SALES_H_INCLUDED_ */
