#include <sodium.h>

#include "sk_pack.h"


static void sk_pack_number(msgpack_packer *packer, int64_t n);
static void sk_pack_text(msgpack_packer *packer, const sk_bytes_t *b);
static void sk_pack_bytes(msgpack_packer *packer, const sk_bytes_t *b);
static int sk_pack_read_row(const msgpack_object *o, sk_row_t *row);
static int sk_pack_read_number(const msgpack_object *o, int64_t *n);
static int sk_pack_read_bytes(const msgpack_object *o, sk_bytes_t *b);


void
sk_pack_init(sk_pack_t *p)
{
    msgpack_sbuffer_init(&p->buffer);
    sk_pack_clear(p);
}


void
sk_pack_free(sk_pack_t *p)
{
    msgpack_sbuffer_destroy(&p->buffer);
}


void
sk_pack_clear(sk_pack_t *p)
{
    static const char  header[SK_PACK_HEADER_MAX];

    msgpack_sbuffer_clear(&p->buffer);

    p->n = 0;
    p->failed = msgpack_sbuffer_write(&p->buffer, header, sizeof(header)) != 0;
}


void
sk_pack_add(sk_pack_t *p, const sk_row_t *row)
{
    size_t          before;
    msgpack_packer  packer;

    before = p->buffer.size;

    msgpack_packer_init(&packer, &p->buffer, msgpack_sbuffer_write);

    p->failed |= msgpack_pack_array(&packer, SK_PACK_COLUMNS) != 0;

    (void) msgpack_pack_int64(&packer, row->seq);
    (void) msgpack_pack_int64(&packer, row->at);
    sk_pack_text(&packer, &row->type);
    (void) msgpack_pack_int64(&packer, row->sale);
    sk_pack_bytes(&packer, &row->user);
    sk_pack_number(&packer, row->ticket);
    sk_pack_number(&packer, row->object);
    sk_pack_number(&packer, row->expires);
    sk_pack_text(&packer, &row->detail);
    sk_pack_bytes(&packer, &row->key);
    sk_pack_bytes(&packer, &row->hash);

    /* the least that a row can be, if each call had room */

    p->failed |= p->buffer.size - before
                 < SK_PACK_COLUMNS + 1 + row->type.len + row->user.len
                   + row->detail.len + row->key.len + row->hash.len;
    p->n++;
}


static void
sk_pack_number(msgpack_packer *packer, int64_t n)
{
    if (n == 0) {
        (void) msgpack_pack_nil(packer);
        return;
    }

    (void) msgpack_pack_int64(packer, n);
}


static void
sk_pack_text(msgpack_packer *packer, const sk_bytes_t *b)
{
    if (b->data == NULL) {
        (void) msgpack_pack_nil(packer);
        return;
    }

    (void) msgpack_pack_str(packer, b->len);
    (void) msgpack_pack_str_body(packer, b->data, b->len);
}


static void
sk_pack_bytes(msgpack_packer *packer, const sk_bytes_t *b)
{
    if (b->data == NULL) {
        (void) msgpack_pack_nil(packer);
        return;
    }

    (void) msgpack_pack_bin(packer, b->len);
    (void) msgpack_pack_bin_body(packer, b->data, b->len);
}


/* how many there are is known at last: the header goes before them then */

int
sk_pack_end(sk_pack_t *p, sk_bytes_t *commit)
{
    msgpack_packer   packer;
    msgpack_sbuffer  header;

    sk_assert(p->n);

    msgpack_sbuffer_init(&header);
    msgpack_packer_init(&packer, &header, msgpack_sbuffer_write);

    p->failed |= msgpack_pack_array(&packer, p->n) != 0;

    if (!p->failed) {
        commit->data = p->buffer.data + SK_PACK_HEADER_MAX - header.size;
        commit->len = p->buffer.size - SK_PACK_HEADER_MAX + header.size;

        memcpy(p->buffer.data + SK_PACK_HEADER_MAX - header.size, header.data,
               header.size);
    }

    msgpack_sbuffer_destroy(&header);

    return p->failed ? SK_ERROR : SK_OK;
}


void
sk_pack_chain(uint8_t *chain, const sk_bytes_t *commit)
{
    crypto_generichash_state  state;

    (void) crypto_generichash_init(&state, NULL, 0, SK_CHAIN_SIZE);
    (void) crypto_generichash_update(&state, chain, SK_CHAIN_SIZE);
    (void) crypto_generichash_update(&state,
                                     (const unsigned char *) commit->data,
                                     commit->len);
    (void) crypto_generichash_final(&state, chain, SK_CHAIN_SIZE);
}


int
sk_pack_read(const sk_bytes_t *commit, sk_pack_pt handler, void *ctx)
{
    int                    rc;
    size_t                 at;
    uint32_t               i;
    sk_row_t               row;
    msgpack_object        *o;
    msgpack_unpacked       unpacked;
    msgpack_unpack_return  result;

    at = 0;

    msgpack_unpacked_init(&unpacked);

    result = msgpack_unpack_next(&unpacked, commit->data, commit->len, &at);

    o = &unpacked.data;

    rc = (result == MSGPACK_UNPACK_NOMEM_ERROR) ? SK_ERROR
         : (result != MSGPACK_UNPACK_SUCCESS || at != commit->len
            || o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size == 0)
         ? SK_DAMAGED : SK_OK;

    for (i = 0; rc == SK_OK && i < o->via.array.size; i++) {
        rc = sk_pack_read_row(&o->via.array.ptr[i], &row);

        if (rc == SK_OK) {
            rc = handler(ctx, &row);
        }
    }

    msgpack_unpacked_destroy(&unpacked);

    return rc;
}


static int
sk_pack_read_row(const msgpack_object *o, sk_row_t *row)
{
    int             rc;
    msgpack_object *column;

    if (o->type != MSGPACK_OBJECT_ARRAY
        || o->via.array.size != SK_PACK_COLUMNS)
    {
        return SK_DAMAGED;
    }

    column = o->via.array.ptr;

    rc = sk_pack_read_number(&column[0], &row->seq);
    rc |= sk_pack_read_number(&column[1], &row->at);
    rc |= sk_pack_read_bytes(&column[2], &row->type);
    rc |= sk_pack_read_number(&column[3], &row->sale);
    rc |= sk_pack_read_bytes(&column[4], &row->user);
    rc |= sk_pack_read_number(&column[5], &row->ticket);
    rc |= sk_pack_read_number(&column[6], &row->object);
    rc |= sk_pack_read_number(&column[7], &row->expires);
    rc |= sk_pack_read_bytes(&column[8], &row->detail);
    rc |= sk_pack_read_bytes(&column[9], &row->key);
    rc |= sk_pack_read_bytes(&column[10], &row->hash);

    return (rc == 0 && row->type.data) ? SK_OK : SK_DAMAGED;
}


static int
sk_pack_read_number(const msgpack_object *o, int64_t *n)
{
    *n = 0;

    switch (o->type) {

    case MSGPACK_OBJECT_NIL:
        return 0;

    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        *n = o->via.i64;
        return 0;

    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        *n = (int64_t) o->via.u64;
        return (o->via.u64 > INT64_MAX);

    default:
        return 1;
    }
}


static int
sk_pack_read_bytes(const msgpack_object *o, sk_bytes_t *b)
{
    b->data = NULL;
    b->len = 0;

    switch (o->type) {

    case MSGPACK_OBJECT_NIL:
        return 0;

    case MSGPACK_OBJECT_STR:
        b->data = o->via.str.ptr;
        b->len = o->via.str.size;
        return 0;

    case MSGPACK_OBJECT_BIN:
        b->data = o->via.bin.ptr;
        b->len = o->via.bin.size;
        return 0;

    default:
        return 1;
    }
}
