#include "ngx_http_seckill_metrics.h"


#define NGX_HTTP_SECKILL_SAMPLE_SIZE      256   /* bytes of a sample at most */
#define NGX_HTTP_SECKILL_FIXED_SAMPLES    200   /* metrics, and their help */
#define NGX_HTTP_SECKILL_SALE_SAMPLES                                        \
    (SK_RESULT_N + SK_ORDER_N + SK_SALE_FIELDS + 8)


static void ngx_http_seckill_metrics_write(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_metrics_table(ngx_http_seckill_writer_t *w,
    const ngx_http_seckill_metric_t *m);
static void ngx_http_seckill_metrics_begin(ngx_http_seckill_writer_t *w,
    const char *name, const char *type, const char *help);
static void ngx_http_seckill_metrics_end(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_metrics_sales(ngx_http_seckill_writer_t *w,
    const ngx_http_seckill_metric_t *m);
static void ngx_http_seckill_metrics_field(ngx_http_seckill_writer_t *w,
    ngx_uint_t field);


ngx_int_t
ngx_http_seckill_metrics_handler(ngx_http_request_t *r)
{
    size_t                        size;
    ngx_int_t                     rc;
    ngx_str_t                     type;
    ngx_buf_t                    *b;
    ngx_http_seckill_writer_t     w;
    ngx_http_seckill_loc_conf_t  *slcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_seckill_reply_not_allowed(r, "GET, HEAD");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_seckill_module);

    ngx_memzero(&w, sizeof(ngx_http_seckill_writer_t));

    /* sales may be added meanwhile */

    w.n_sales = sk_load_acquire(&slcf->zone->shm->sales.n);

    size = (NGX_HTTP_SECKILL_FIXED_SAMPLES + NGX_HTTP_SECKILL_SALE_SAMPLES
            * (size_t) w.n_sales)
           * NGX_HTTP_SECKILL_SAMPLE_SIZE;

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    w.p = b->last;
    w.end = b->end;
    w.zone = slcf->zone;
    w.json = slcf->json;

    sk_zone_head(w.zone->shm, &w.head);

    ngx_http_seckill_metrics_write(&w);

    b->last = w.p;

    if (w.json) {
        type = ngx_http_seckill_reply_json_type;

    } else {
        ngx_str_set(&type, "text/plain; version=0.0.4; charset=utf-8");
    }

    return ngx_http_seckill_reply_send(r, SK_STATUS_OK, &type, b);
}


static void
ngx_http_seckill_metrics_write(ngx_http_seckill_writer_t *w)
{
    ngx_uint_t  field;

    if (w->json) {
        w->p = ngx_slprintf(w->p, w->end, "{");
    }

    ngx_http_seckill_metrics_table(w, ngx_http_seckill_metric_table);
    ngx_http_seckill_metrics_table(w, ngx_http_seckill_metric_stream_table);

    if (sk_load(&w->zone->shm->shared.used)) {
        ngx_http_seckill_metrics_table(w, ngx_http_seckill_metric_log_table);
    }

    for (field = 0; field < SK_SALE_FIELDS; field++) {
        ngx_http_seckill_metrics_field(w, field);
    }

    if (w->json) {
        w->p = ngx_slprintf(w->p, w->end, "}\n");
    }
}


static void
ngx_http_seckill_metrics_table(ngx_http_seckill_writer_t *w,
    const ngx_http_seckill_metric_t *m)
{
    for ( /* void */ ; m->name; m++) {

        ngx_http_seckill_metrics_begin(w, m->name, m->type, m->help);

        if (m->sale) {
            ngx_http_seckill_metrics_sales(w, m);

        } else if (m->value) {
            ngx_http_seckill_metrics_sample(w, "", NULL, NULL, NULL,
                                            m->value(w->zone->shm));

        } else {
            m->write(w);
        }

        ngx_http_seckill_metrics_end(w);
    }
}


static void
ngx_http_seckill_metrics_begin(ngx_http_seckill_writer_t *w, const char *name,
    const char *type, const char *help)
{
    w->name = name;
    w->n_samples = 0;

    if (w->json) {
        w->p = ngx_slprintf(w->p, w->end, "%s\"%s\":[",
                            w->n_metrics++ ? "," : "", name);

    } else {
        w->p = ngx_slprintf(w->p, w->end, "# HELP %s %s\n# TYPE %s %s\n",
                            name, help, name, type);
    }
}


static void
ngx_http_seckill_metrics_end(ngx_http_seckill_writer_t *w)
{
    if (w->json) {
        w->p = ngx_slprintf(w->p, w->end, "]");
    }
}


static void
ngx_http_seckill_metrics_sales(ngx_http_seckill_writer_t *w,
    const ngx_http_seckill_metric_t *m)
{
    uint32_t    slot;
    sk_sale_t  *sale;

    for (slot = 0; slot < w->n_sales; slot++) {
        sale = &w->zone->shm->sales.elts[slot];

        if (!sk_sale_removed(sale)) {
            m->sale(w, sale);
        }
    }

    m->sale(w, NULL);
}


/* what a sale was told to be, in the units of Prometheus; what is null has no
   sample */

static void
ngx_http_seckill_metrics_field(ngx_http_seckill_writer_t *w, ngx_uint_t field)
{
    char               name[64], help[64];
    double             unit;
    int64_t            value;
    uint32_t           slot;
    sk_sale_t         *sale;
    const char        *suffix;
    const sk_field_t  *f;

    f = &sk_sale_fields[field];

    suffix = (f->type == SK_FIELD_SECONDS) ? "_seconds"
             : (f->type == SK_FIELD_TIME) ? "_timestamp_seconds" : "";
    unit = (f->type == SK_FIELD_TIME) ? 1e-3 : 1;

    (void) snprintf(name, sizeof(name), "seckill_sale_%s%s", f->name, suffix);
    (void) snprintf(help, sizeof(help), "The field \"%s\" of a sale.",
                    f->name);

    ngx_http_seckill_metrics_begin(w, name, "gauge", help);

    for (slot = 0; slot < w->n_sales; slot++) {
        sale = &w->zone->shm->sales.elts[slot];
        value = sk_load(&sale->values[field]);

        if (!sk_sale_removed(sale) && !sk_sale_is_null(field, value)) {
            ngx_http_seckill_metrics_sample(w, "", sale, NULL, NULL,
                                            (double) value * unit);
        }
    }

    ngx_http_seckill_metrics_end(w);
}


/* names of zones, sales and labels need no escaping, see the directives */

void
ngx_http_seckill_metrics_sample(ngx_http_seckill_writer_t *w,
    const char *suffix, sk_sale_t *sale, const char *label, const char *value,
    double number)
{
    const char  *quote, *equals, *before, *after;

    quote = w->json ? "\"" : "";
    equals = w->json ? "\":" : "=";
    before = w->json ? ",\"value\":" : "} ";
    after = w->json ? "}" : "\n";

    if (w->json) {
        w->p = ngx_slprintf(w->p, w->end, "%s{\"zone\":\"%V\"",
                            w->n_samples ? "," : "", &w->zone->name);

    } else {
        w->p = ngx_slprintf(w->p, w->end, "%s%s{zone=\"%V\"", w->name,
                            suffix, &w->zone->name);
    }

    if (sale) {
        w->p = ngx_slprintf(w->p, w->end, ",%ssale%s\"%*s\"", quote, equals,
                            (size_t) sk_load(&sale->name_len), sale->name);
    }

    if (label) {
        w->p = ngx_slprintf(w->p, w->end, ",%s%s%s\"%s\"", quote, label,
                            equals, value);
    }

    if (w->json && suffix[0]) {
        w->p = ngx_slprintf(w->p, w->end, ",\"of\":\"%s\"", suffix + 1);
    }

    /* up to 2^53 a double is exact */

    w->p = (number == (double) (int64_t) number)
           ? ngx_slprintf(w->p, w->end, "%s%L%s", before, (int64_t) number,
                          after)
           : ngx_slprintf(w->p, w->end, "%s%.6f%s", before, number, after);

    w->n_samples++;
}
