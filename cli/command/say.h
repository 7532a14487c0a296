/* What the command says to people, on the standard error output. */


#ifndef _SAY_H_INCLUDED_
#define _SAY_H_INCLUDED_


#include <stdarg.h>


/* what the command exits with */

#define SAY_DONE     0
#define SAY_REFUSED  1          /* refused, or a check has failed */
#define SAY_MISUSE   2          /* wrong usage */
#define SAY_AWAY     3          /* the server is away, or cannot do it now */


/* a line, behind "seckill: " */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_list(const char *fmt, va_list args);

/* the same; returns SAY_REFUSED, for who gives up with that */
int say_refused(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* the memory is used up: it ends here */
void *say_memory(void *p);


#endif /* _SAY_H_INCLUDED_ */
