/*
 * What the metrics are: names, help, and a function each, which knows of no
 * format.  ngx_http_seckill_metrics.c writes them.
 */


#ifndef _NGX_HTTP_SECKILL_METRICS_H_INCLUDED_
#define _NGX_HTTP_SECKILL_METRICS_H_INCLUDED_


#include "ngx_http_seckill.h"


#pragma GCC visibility push(hidden)


typedef struct {
    u_char                   *p;
    u_char                   *end;
    ngx_seckill_zone_t       *zone;
    uint32_t                  n_sales;      /* when it began */
    sk_head_t                 head;         /* then, too */
    ngx_uint_t                json;
    ngx_uint_t                n_metrics;
    ngx_uint_t                n_samples;
    const char               *name;
} ngx_http_seckill_writer_t;


typedef struct {
    const char               *name;
    const char               *type;
    const char               *help;

    /* one of them: the samples of a sale, of each, and then of NULL; the only
       sample's value; all samples */

    void                    (*sale)(ngx_http_seckill_writer_t *w,
                                    sk_sale_t *sale);
    double                  (*value)(sk_zone_t *zone);
    void                    (*write)(ngx_http_seckill_writer_t *w);
} ngx_http_seckill_metric_t;


/* end with a name that is NULL */
extern const ngx_http_seckill_metric_t  ngx_http_seckill_metric_table[];
extern const ngx_http_seckill_metric_t  ngx_http_seckill_metric_stream_table[];
/* of a zone whose ledger several machines share */
extern const ngx_http_seckill_metric_t  ngx_http_seckill_metric_log_table[];

/*
 * Writes a sample.  "suffix" is "_bucket", "_sum", "_count" or ""; "sale" and
 * "label" may be NULL.
 */
void ngx_http_seckill_metrics_sample(ngx_http_seckill_writer_t *w,
    const char *suffix, sk_sale_t *sale, const char *label, const char *value,
    double number);

/* those of a histogram; "scale" is of its sum */
void ngx_http_seckill_samples_hist(ngx_http_seckill_writer_t *w, sk_hist_t *h,
    const sk_hist_def_t *def, double scale);


#pragma GCC visibility pop


#endif /* _NGX_HTTP_SECKILL_METRICS_H_INCLUDED_ */
