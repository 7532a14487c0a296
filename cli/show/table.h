/* Objects as a table: a row each, columns as wide as what is in them. */


#ifndef _TABLE_H_INCLUDED_
#define _TABLE_H_INCLUDED_


#include <jansson.h>
#include <stdio.h>


#define TABLE_COLUMNS_MAX  16


typedef struct {
    const char      *head;
    const char      *member;        /* of the objects */
    size_t           width;         /* at least, where the rows that follow are
                                       not known yet */
} table_column_t;


typedef struct {
    const table_column_t  *columns; /* the last has no head */
    int                    partial; /* more rows follow in another call */
    int                    headless;
} table_t;


/* "rows" is an array of objects; numbers are on the right */
void table_print(FILE *out, const table_t *table, json_t *rows);

/* an object, a member in a line */
void table_fields(FILE *out, json_t *object);


#endif /* _TABLE_H_INCLUDED_ */
