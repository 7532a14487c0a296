/*
 * base64url without padding, as RFC 7515 has it, section 2.  Strict: what is
 * decoded was written in the one way that there is.
 *
 * sodium_base642bin() of libsodium 1.0.18 takes some bytes above 0x7f for
 * characters, and needs 5 ns for each, to tell nobody what it reads; tokens are
 * no secret.
 */


#ifndef _SK_TOKEN_BASE64_H_INCLUDED_
#define _SK_TOKEN_BASE64_H_INCLUDED_


#include "sk_core.h"


#pragma GCC visibility push(hidden)


/* SK_OK; SK_ERROR: it is none, or has more than "max" bytes */
int sk_token_base64_decode(uint8_t *bin, size_t max, const char *text,
    size_t len, size_t *size);


#pragma GCC visibility pop


#endif /* _SK_TOKEN_BASE64_H_INCLUDED_ */
