# The operator's side: health, events, keys, metrics.

use Test::Nginx::Socket 'no_plan';

# the file that the configurations below name as their keys'

my $keys = '/tmp/seckill-test-' . server_port() . '.key';
open my $out, '>', $keys or die "$keys: $!";
chmod 0600, $keys;
print $out "# label, kind\n0123456789abcdef shop\n\n  readonlykey-0123 reports ro\n";
close $out or die $!;

add_block_preprocessor(sub {
    my $block = shift;
    my $config = $block->config;
    $config =~ s/KEYFILE/$keys/g;
    $block->set_value('config', $config);
});

workers(2);
master_on();
no_long_string();
no_shuffle();
log_level('info');

run_tests();

unlink $keys;

__DATA__

=== TEST 1: events follow what happens, in order
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2 limit=1 end=2999-01-01T00:00:00Z;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /api/ { seckill_api zone=drop key=off; } # 1
--- request eval
["POST /seckill?sale=phone&user=a%22",
 "POST /seckill?sale=phone&user=b",
 "GET /api/events",
 "GET /api/events?after=2",
 "GET /api/events?after=0&limit=1",
 "GET /api/events?after=3",
 "HEAD /api/events"]
--- response_body_like eval
[qr/won/, qr/won/,
 qr/^\{"code":0,"data":\[\{"seq":1,"at":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","type":"sale_added","sale":"phone","by":"configuration","detail":\{"name":"phone","product":null,"stock":2,"limit":1,"hold":0,"start":null,"end":"2999-01-01T00:00:00.000Z","paused":false,"extend":0,"shuffle":0,"waitlist":0,"group":null\}\},\{"seq":2,"at":"[^"]+","type":"won","sale":"phone","order":2,"user":"a\\""\},\{"seq":3,"at":"[^"]+","type":"won","sale":"phone","order":3,"user":"b"\}\],"pagination":\{"next":3\},"head":\{"number":3,"chain":"[0-9a-f]{64}"\}\}\n$/,
 qr/^\{"code":0,"data":\[\{"seq":3,.*\],"pagination":\{"next":3\},"head":\{"number":3,.*\}\}\n$/,
 qr/^\{"code":0,"data":\[\{"seq":1,[^\[]*\],"pagination":\{"next":1\},"head":\{"number":3,.*\}\}\n$/,
 qr/^\{"code":0,"data":\[\],"pagination":\{"next":3\},"head":\{"number":3,.*\}\}\n$/,
 qr/^$/]


=== TEST 2: arguments that are none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /api/ { seckill_api zone=drop key=off; } # 2
--- request eval
["GET /api/events?after=-1", "GET /api/events?after=x",
 "GET /api/events?after=99999999999999999999", "GET /api/events?limit=0",
 "GET /api/events?limit=1001", "GET /api/events?limit=",
 "GET /api/events?wait=4444000000703550696", "GET /api/events?wait=56",
 "POST /api/events", "DELETE /api/health", "GET /api/nothing", "GET /api/"]
--- error_code eval
[(400) x 8, 405, 405, 404, 404]
--- response_body_like eval
[(qr/^\{"code":100,"result":"invalid","message":"after: 0 or the \\"next\\" of a page is allowed","field":"after"\}\n$/) x 3,
 (qr/"message":"limit: 1 to 1000 is allowed","field":"limit"/) x 3,
 (qr/"message":"wait: 0 to 55 seconds is allowed","field":"wait"/) x 2,
 (qr/"message":"the method is not allowed here"/) x 2,
 (qr/"message":"there is nothing of this name"/) x 2]


=== TEST 3: keys
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /api/ { seckill_api zone=drop key=KEYFILE; } # 3
--- request eval
["GET /seckill?sale=none&user=waits-until-the-ledger-is-read",
 ("GET /api/health") x 7]
--- more_headers eval
["", "", "Authorization: Bearer 0123456789abcdef",
 "Authorization: bearer readonlykey-0123",
 "Authorization: Bearer 0123456789abcdeg",
 "Authorization: Bearer 0123456789abcde",
 "Authorization: Basic 0123456789abcdef",
 "Authorization: Bearer "]
--- error_code eval
[404, 401, 200, 200, 401, 401, 401, 401]
--- response_headers eval
["", "WWW-Authenticate: Bearer", "", "", ("WWW-Authenticate: Bearer") x 4]
--- response_body_like eval
[qr/unknown_sale/,
 qr/^\{"code":101,"result":"unauthorized","message":"[^"]+"\}\n$/,
 qr/^\{"code":0,"data":\{"zone":"drop","ledger_seq":0,"undecided":0,"head":\{"number":0,"chain":"0{64}"\}\}\}\n$/,
 qr/"code":0/, (qr/"code":101/) x 4]


=== TEST 4: a wrong key is logged with the client's address, without the key
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /api/ { seckill_api zone=drop key=KEYFILE; } # 4
--- request
GET /api/health
--- more_headers
Authorization: Bearer 0123456789abcdeg
--- error_code: 401
--- response_body_like: "unauthorized"
--- error_log
seckill api refused a request with a wrong key, client: 127.0.0.1
--- no_error_log
0123456789abcdeg


=== TEST 5: another site's page in a browser
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /api/ { seckill_api zone=drop key=off by=$http_x_by; } # 5
    location /key/ { seckill_api zone=drop key=KEYFILE; }
--- request eval
["GET /seckill?sale=none&user=waits-until-the-ledger-is-read",
 ("POST /api/products
{}") x 9, "GET /api/products", "POST /key/products
{}"]
--- more_headers eval
["", "", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none",
 "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
 "Origin: http://localhost", "Origin: https://evil.example", "Origin: null",
 "Origin: http://local",
 "Sec-Fetch-Site: cross-site",
 "Sec-Fetch-Site: cross-site\r
Authorization: Bearer 0123456789abcdef"]
--- error_code eval
[404, 400, 400, 400, 403, 403, 400, 403, 403, 403, 200, 400]
--- response_body_like eval
[qr/unknown_sale/, (qr/"field":"name"/) x 3,
 (qr/^\{"code":101,"result":"unauthorized","message":"another site's page may not write: use a key"\}$/) x 2,
 qr/"field":"name"/, (qr/"unauthorized"/) x 3, qr/"code":0/, qr/"field":"name"/]


=== TEST 6: arguments where there is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /api/ { seckill_api zone=drop key=off by=$http_x_by; } # 6
--- request eval
["POST /seckill?sale=phone&user=waits-until-the-ledger-is-read",
 "GET /api/sales/phone?stat=open", "POST /api/sales/phone/pause?dry_run=1",
 "GET /api/sales/phone", "GET /api/health?from=probe",
 "GET /api/health?", "GET /api/openapi.yaml?after=1", "POST /api/sales/phone/end",
 "GET /api/events?after=2&at=2000-01-01T00:00:00.0000000001Z",
 "GET /api/events?at=2000-01-01T00:00:00Z",
 "GET /api/events?after=2"]
--- error_code eval
[200, 400, 400, 200, 400, 200, 400, 200, 409, 400, 200]
--- response_body_like eval
[qr/"won"/, qr/"message":"stat: there is no such argument here","field":"stat"/,
 qr/"message":"arguments: none is allowed","field":"arguments"/,
 qr/"paused":false/,
 qr/"message":"from: there is no such argument here","field":"from"/,
 qr/"code":0/, qr/"message":"after: there is no such argument here"/,
 qr/"ended"/, qr/"conflict"/, qr/"message":"at: only with \\"after\\"","field":"at"/,
 qr/"by":"127.0.0.1"/]


=== TEST 7: metrics
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db queue=100;
    seckill_sale zone=drop name=phone stock=2;
    seckill_sale zone=drop name=case stock=5 limit=2 hold=15m extend=5m
                 start=2026-01-01T00:00:00.5Z;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location = /metrics { seckill_metrics zone=drop; }
    location = /metrics.json { seckill_metrics zone=drop format=json; } # 7
--- request eval
["POST /seckill?sale=phone&user=a", "POST /seckill?sale=phone&user=a",
 "POST /seckill?sale=phone&user=b", "POST /seckill?sale=phone&user=c",
 "GET /seckill?sale=phone&user=c", "POST /seckill?sale=case&user=a",
 "POST /seckill?sale=other&user=a", "POST /seckill?sale=phone",
 "GET /metrics", "GET /metrics.json", "POST /metrics"]
--- error_code eval
[(200) x 6, 404, 400, 200, 200, 405]
--- response_headers eval
[("") x 8, "Content-Type: text/plain; version=0.0.4; charset=utf-8",
 "Content-Type: application/json", "Allow: GET, HEAD"]
--- response_body_like eval
[(qr/./) x 8,
 qr/^seckill_up\{zone="drop"\} 1$
.*^seckill_claims_total\{zone="drop",sale="phone",result="won"\} 2$
seckill_claims_total\{zone="drop",sale="phone",result="already"\} 1$
seckill_claims_total\{zone="drop",sale="phone",result="sold_out"\} 1$
.*^seckill_claims_total\{zone="drop",result="invalid"\} 1$
seckill_claims_total\{zone="drop",result="unknown_sale"\} 1$
seckill_claims_total\{zone="drop",result="unavailable"\} 0$
.*^seckill_questions_total\{zone="drop",sale="phone"\} 1$
.*^seckill_units\{zone="drop",sale="phone",state="free"\} 0$
seckill_units\{zone="drop",sale="phone",state="undecided"\} 0$
seckill_units\{zone="drop",sale="phone",state="held"\} 0$
seckill_units\{zone="drop",sale="phone",state="sold"\} 2$
seckill_units\{zone="drop",sale="case",state="free"\} 4$
.*^seckill_orders_total\{zone="drop",sale="phone",event="won"\} 2$
seckill_orders_total\{zone="drop",sale="phone",event="paid"\} 0$
.*^seckill_conservation_errors\{zone="drop"\} 0$
.*^seckill_commit_claims_bucket\{zone="drop",le="1"\} 3$
.*^seckill_commit_claims_bucket\{zone="drop",le="\+Inf"\} 3$
seckill_commit_claims_sum\{zone="drop"\} 3$
seckill_commit_claims_count\{zone="drop"\} 3$
.*^seckill_queue_claims\{zone="drop"\} 0$
.*^seckill_queue_limit_claims\{zone="drop"\} 100$
.*^seckill_zone_units\{zone="drop",use="reserved"\} 7$
.*^seckill_ledger_seq\{zone="drop"\} 5$
.*^seckill_ledger_events\{zone="drop"\} 5$
.*^seckill_ledger_chain\{zone="drop"\} \d{9,15}$
.*^seckill_helper_restarts_total\{zone="drop"\} 0$
.*^seckill_repairs_total\{zone="drop"\} 0$
.*^seckill_streams\{zone="drop"\} 0$
.*^seckill_streams_dropped_total\{zone="drop"\} 0$
# HELP seckill_sale_product .*
# TYPE seckill_sale_product gauge$
# HELP seckill_sale_stock .*
.*^seckill_sale_stock\{zone="drop",sale="phone"\} 2$
seckill_sale_stock\{zone="drop",sale="case"\} 5$
.*^seckill_sale_limit\{zone="drop",sale="case"\} 2$
.*^seckill_sale_hold_seconds\{zone="drop",sale="case"\} 900$
.*^# TYPE seckill_sale_start_timestamp_seconds gauge$
seckill_sale_start_timestamp_seconds\{zone="drop",sale="case"\} 1767225600\.500000$
# HELP seckill_sale_end_timestamp_seconds .*
# TYPE seckill_sale_end_timestamp_seconds gauge$
.*^seckill_sale_paused\{zone="drop",sale="case"\} 0$
.*^seckill_sale_extend_seconds\{zone="drop",sale="case"\} 300$/ms,
 qr/^\{"seckill_up":\[\{"zone":"drop","value":1\}\],.*\{"zone":"drop","sale":"phone","result":"won","value":2\},.*"seckill_ledger_events":\[\{"zone":"drop","value":5\}\],"seckill_ledger_chain":\[\{"zone":"drop","value":\d{9,15}\}\],.*"seckill_repairs_total":\[\{"zone":"drop","value":0\}\],"seckill_streams":\[\{"zone":"drop","value":0\}\],.*"seckill_streams_dropped_total":\[\{"zone":"drop","value":0\}\],"seckill_sale_product":\[\],.*\}\n$/,
 qr/"result":"invalid"/]


=== TEST 8: conditions and ranges change no answer
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2 hold=1h;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /api/ { seckill_api zone=drop key=off; } # 8
    location = /metrics { seckill_metrics zone=drop; }
--- more_headers eval
["If-Match: \"x\"", "If-Match: \"x\"",
 "If-Unmodified-Since: Mon, 01 Jan 2001 00:00:00 GMT", "If-None-Match: *",
 "If-None-Match: *", "If-Match: \"x\"", "If-None-Match: *",
 "Range: bytes=0-3", "If-Match: \"x\"", "If-None-Match: *", "Range: bytes=0-3"]
--- request eval
["POST /seckill?sale=phone&user=a", "PATCH /api/sales/phone
{\"add_stock\":100}",
 "POST /api/sales/phone/pause", "POST /api/orders/2/confirm",
 "POST /api/products
{\"name\":\"Phone\",\"price\":1,\"currency\":\"EUR\"}",
 "DELETE /api/products/6", "GET /api/sales/phone", "GET /api/orders",
 "GET /api/events", "GET /api/openapi.yaml", "GET /metrics"]
--- error_code eval
[(200) x 4, 201, (200) x 6]
--- response_body_like eval
[qr/"won"/, qr/"stock":102/, qr/"paused":true/, qr/"paid"/, qr/"Phone"/,
 qr/"Phone"/, (qr/^\{"code":0,"data":.*\}\n$/) x 3, qr/^openapi:/m,
 qr/^seckill_up/m]


=== TEST 9: a page of a new store, asked for at once
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
--- config
    location /api/ { seckill_api zone=drop key=off; } # 9
--- request
GET /api/events
--- response_body_like: "sale_added"


=== TEST 10: and a list of its sales
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
--- config
    location /api/ { seckill_api zone=drop key=off; } # 10
--- request
GET /api/sales
--- response_body_like: "phone"


=== TEST 11: and one of its orders
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
--- config
    location /api/ { seckill_api zone=drop key=off; } # 11
--- request
GET /api/orders
--- response_body
{"code":0,"data":[],"pagination":{"next":0}}


=== TEST 12: who it is, is the first 128 bytes of the label
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
--- config
    location /api/ { seckill_api zone=drop key=off by=$http_who; } # 12
--- request eval
[("POST /api/sales/phone/pause") x 3]
--- more_headers eval
[map { "Idempotency-Key: once\nWho: $_" } 'y' x 128 . 'A', 'y' x 128 . 'B', 'y' x 127]
--- error_code eval
[200, 200, 200]
--- response_body_like eval
[(qr/"paused":true/) x 3]


=== TEST 13: who a request is, and what it may
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /key/ { seckill_api zone=drop key=KEYFILE; } # 13
    location /off/ { seckill_api zone=drop key=off; }
    location /by/ { seckill_api zone=drop key=off by=$http_who; }
--- request eval
["GET /key/me", "GET /key/me", "GET /key/me", "HEAD /key/me", "GET /off/me",
 ("GET /by/me") x 4, "GET /key/me?key=1", "POST /key/me", "POST /key/me"]
--- more_headers eval
["", "Authorization: Bearer 0123456789abcdef",
 "Authorization: Bearer readonlykey-0123",
 "Authorization: Bearer 0123456789abcdef", "",
 "Who: a\"b\\\xff", "Who: " . "y" x 130,
 "Who: " . "y" x 127 . "\xc3\xa9", "",
 "Authorization: Bearer 0123456789abcdef",
 "Authorization: Bearer 0123456789abcdef",
 "Authorization: Bearer readonlykey-0123"]
--- error_code eval
[401, (200) x 8, 400, 405, 403]
--- response_headers eval
["WWW-Authenticate: Bearer", ("Cache-Control: no-store") x 9,
 "Allow: GET, HEAD", ""]
--- response_body eval
["{\"code\":101,\"result\":\"unauthorized\",\"message\":\"a valid key is required: Authorization: Bearer KEY\"}\n",
 "{\"code\":0,\"data\":{\"by\":\"shop\",\"role\":\"rw\",\"keys\":true}}\n",
 "{\"code\":0,\"data\":{\"by\":\"reports\",\"role\":\"ro\",\"keys\":true}}\n",
 "",
 "{\"code\":0,\"data\":{\"by\":\"127.0.0.1\",\"role\":\"rw\",\"keys\":false}}\n",
 "{\"code\":0,\"data\":{\"by\":\"a\\\"b\\\\\xef\xbf\xbd\",\"role\":\"rw\",\"keys\":false}}\n",
 "{\"code\":0,\"data\":{\"by\":\"" . "y" x 128 . "\",\"role\":\"rw\",\"keys\":false}}\n",
 "{\"code\":0,\"data\":{\"by\":\"" . "y" x 127 . "\",\"role\":\"rw\",\"keys\":false}}\n",
 "{\"code\":0,\"data\":{\"by\":\"127.0.0.1\",\"role\":\"rw\",\"keys\":false}}\n",
 "{\"code\":100,\"result\":\"invalid\",\"message\":\"key: there is no such argument here\",\"field\":\"key\"}\n",
 "{\"code\":100,\"result\":\"invalid\",\"message\":\"the method is not allowed here\"}\n",
 "{\"code\":101,\"result\":\"unauthorized\",\"message\":\"this key may only read\"}\n"]


=== TEST 14: a console that asks whether it needs a key is no guess
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /api/ { seckill_api zone=drop key=KEYFILE; } # 14
--- request eval
["GET /api/me", "GET /api/me"]
--- more_headers eval
["", "Authorization: Bearer 0123456789abcdeg"]
--- error_code eval
[401, 401]
--- error_log eval
[qr/\[info\] .*seckill api refused a request without a key/,
 qr/\[warn\] .*seckill api refused a request with a wrong key/]
--- no_error_log eval
qr/\[warn\] .*without a key/


=== TEST 15: all else without a key is
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /api/ { seckill_api zone=drop key=KEYFILE; } # 15
--- request eval
["GET /api/health", "POST /api/me"]
--- error_code eval
[401, 401]
--- error_log eval
qr/\[warn\] .*seckill api refused a request without a key/
--- no_error_log eval
qr/\[info\] .*without a key/
