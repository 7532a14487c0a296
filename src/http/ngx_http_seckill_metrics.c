#include "ngx_http_seckill_metrics.h"


#define NGX_HTTP_SECKILL_SAMPLE_SIZE      256   /* bytes of a sample at most */
#define NGX_HTTP_SECKILL_FIXED_SAMPLES    200   /* metrics, and their help */
#define NGX_HTTP_SECKILL_SALE_SAMPLES     (SK_RESULT_N + SK_ORDER_N + 8)


static void ngx_http_seckill_metrics_write(ngx_http_seckill_writer_t *w);
static void ngx_http_seckill_metrics_sales(ngx_http_seckill_writer_t *w,
    const ngx_http_seckill_metric_t *m);


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
    const ngx_http_seckill_metric_t  *m;

    if (w->json) {
        w->p = ngx_slprintf(w->p, w->end, "{");
    }

    for (m = ngx_http_seckill_metric_table; m->name; m++) {

        w->name = m->name;
        w->n_samples = 0;

        if (w->json) {
            w->p = ngx_slprintf(w->p, w->end, "%s\"%s\":[",
                                w->n_metrics++ ? "," : "", m->name);

        } else {
            w->p = ngx_slprintf(w->p, w->end, "# HELP %s %s\n# TYPE %s %s\n",
                                m->name, m->help, m->name, m->type);
        }

        if (m->sale) {
            ngx_http_seckill_metrics_sales(w, m);

        } else if (m->value) {
            ngx_http_seckill_metrics_sample(w, "", NULL, NULL, NULL,
                                            m->value(w->zone->shm));

        } else {
            m->write(w);
        }

        if (w->json) {
            w->p = ngx_slprintf(w->p, w->end, "]");
        }
    }

    if (w->json) {
        w->p = ngx_slprintf(w->p, w->end, "}\n");
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
