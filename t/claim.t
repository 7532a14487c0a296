# Claims and questions: each result, and what it looks like.

use Test::Nginx::Socket 'no_plan';

workers(2);
master_on();
no_long_string();
no_shuffle();
log_level('info');

run_tests();

__DATA__

=== TEST 1: a unit is won once
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 1
--- request eval
["POST /seckill?sale=phone&user=42",
 "POST /seckill?sale=phone&user=42",
 "POST /seckill?sale=phone&user=43",
 "POST /seckill?sale=phone&user=44",
 "POST /seckill?sale=phone&user=42",
 "GET /seckill?sale=phone&user=42",
 "GET /seckill?sale=phone&user=44"]
--- response_body eval
[qq({"code":0,"result":"won","sale":"phone","user":"42","order":2}\n),
 qq({"code":1,"result":"already","sale":"phone","user":"42","order":2}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"43","order":3}\n),
 qq({"code":2,"result":"sold_out","sale":"phone","user":"44"}\n),
 qq({"code":1,"result":"already","sale":"phone","user":"42","order":2}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"42","order":2,"state":"sold"}\n),
 qq({"code":6,"result":"none","sale":"phone","user":"44","sale_state":"sold_out"}\n)]


=== TEST 2: the headers of an answer
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 2
--- request
POST /seckill?sale=phone&user=42
--- response_headers
Content-Type: application/json
Cache-Control: no-store
--- response_body
{"code":0,"result":"won","sale":"phone","user":"42","order":2}


=== TEST 3: a limit above one
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=tickets stock=10 limit=2;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 3
--- request eval
["POST /seckill?sale=tickets&user=a",
 "POST /seckill?sale=tickets&user=a",
 "POST /seckill?sale=tickets&user=a",
 "GET /seckill?sale=tickets&user=a",
 "POST /seckill?sale=tickets&user=b"]
--- response_body eval
[qq({"code":0,"result":"won","sale":"tickets","user":"a","order":2}\n),
 qq({"code":0,"result":"won","sale":"tickets","user":"a","order":3}\n),
 qq({"code":1,"result":"already","sale":"tickets","user":"a","order":2,"units":2}\n),
 qq({"code":0,"result":"won","sale":"tickets","user":"a","order":2,"state":"sold","units":2}\n),
 qq({"code":0,"result":"won","sale":"tickets","user":"b","order":4}\n)]


=== TEST 4: a window, a pause, an unknown sale
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=later stock=1 start=2999-01-01T00:00:00Z;
    seckill_sale zone=drop name=over stock=1 end=2020-01-01T01:00:00.5+01:00;
    seckill_sale zone=drop name=stopped stock=1 paused;
    seckill_sale zone=drop name=nothing stock=0;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 4
--- request eval
["POST /seckill?sale=later&user=a",
 "POST /seckill?sale=over&user=a",
 "POST /seckill?sale=stopped&user=a",
 "POST /seckill?sale=nothing&user=a",
 "POST /seckill?sale=other&user=a",
 "GET /seckill?sale=later&user=a",
 "GET /seckill?sale=over&user=a",
 "GET /seckill?sale=stopped&user=a",
 "GET /seckill?sale=nothing&user=a",
 "GET /seckill?sale=other&user=a",
 "POST /seckill?user=a",
 "POST /seckill?sale=&user=a"]
--- response_body_like eval
[qr/^\{"code":3,"result":"not_started","sale":"later","user":"a","starts_in":[1-9]\d+\}\n$/,
 qr/^\{"code":4,"result":"ended","sale":"over","user":"a"\}\n$/,
 qr/^\{"code":5,"result":"paused","sale":"stopped","user":"a"\}\n$/,
 qr/^\{"code":2,"result":"sold_out","sale":"nothing","user":"a"\}\n$/,
 qr/^\{"code":102,"result":"unknown_sale","sale":"other","user":"a"\}\n$/,
 qr/"result":"none".*"sale_state":"scheduled"/,
 qr/"result":"none".*"sale_state":"ended"/,
 qr/"result":"none".*"sale_state":"paused"/,
 qr/"result":"none".*"sale_state":"sold_out"/,
 qr/"result":"unknown_sale"/,
 qr/"result":"unknown_sale","sale":""/,
 qr/"result":"unknown_sale","sale":""/]
--- error_code eval
[200, 200, 200, 200, 404, 200, 200, 200, 200, 404, 404, 404]


=== TEST 5: users that are none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 5
--- request eval
["POST /seckill?sale=phone",
 "POST /seckill?sale=phone&user=",
 "POST /seckill?sale=phone&user=" . ("x" x 129),
 "POST /seckill?sale=phone&user=" . ("%41" x 129),
 "POST /seckill?sale=phone&user=a%0ab",
 "POST /seckill?sale=phone&user=a%00",
 "POST /seckill?sale=phone&user=%7f",
 "POST /seckill?sale=phone&user=a%4",
 "POST /seckill?sale=phone&user=a%zz",
 "POST /seckill?sale=phone&user=a%",
 "POST /seckill?sale=phone&user=a&user=b",
 "POST /seckill?sale=phone&sale=phone&user=a",
 "GET /seckill?sale=phone&user=a%4",
 "GET /seckill?sale=phone&user=a"]
--- error_code eval
[(400) x 13, 200]
--- response_body_like eval
[qr/^\{"code":100,"result":"invalid","message":"no user is given \(a body is not read\)"\}\n$/,
 qr/no user is given/,
 (qr/the user is longer than 128 bytes/) x 2,
 (qr/the user has a control character/) x 3,
 (qr/the user has a broken percent-encoding/) x 3,
 (qr/an argument is given twice/) x 2,
 qr/the user has a broken percent-encoding/,
 qr/"result":"none"/]


=== TEST 6: any bytes are a user, and the answer is valid JSON
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=20;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 6
--- request eval
["POST /seckill?sale=phone&user=" . ("x" x 128),
 "POST /seckill?sale=phone&user=%22%5C%3C%20+",
 "POST /seckill?sale=phone&user=%e5%bc%a0",
 "POST /seckill?sale=phone&user=%ff%c0%80",
 "POST /seckill?sale=phone&user=%ed%a0%80",
 "POST /seckill?sale=phone&user=%f5%bf%bf%bf",
 "POST /seckill?sale=phone&user=%e5%bc",
 "POST /seckill?sale=phone&user=%c2%f5",
 "POST /seckill?sale=phone&user=%f8%90%80%80",
 "POST /seckill?sale=phone&user=%e0%80%80%f4%90%80%80",
 "POST /seckill?sale=phone&user=%f0%9f%8e%ab",
 "POST /seckill?sale=phone&user=%41",
 "POST /seckill?sale=phone&user=A",
 "POST /seckill?sale=phone&user=a"]
--- response_body eval
[qq({"code":0,"result":"won","sale":"phone","user":") . ("x" x 128) . qq(","order":2}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"\\"\\\\< +","order":3}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"\xe5\xbc\xa0","order":4}\n),
 qq({"code":0,"result":"won","sale":"phone","user":") . ("\xef\xbf\xbd" x 3) . qq(","order":5}\n),
 qq({"code":0,"result":"won","sale":"phone","user":") . ("\xef\xbf\xbd" x 3) . qq(","order":6}\n),
 qq({"code":0,"result":"won","sale":"phone","user":") . ("\xef\xbf\xbd" x 4) . qq(","order":7}\n),
 qq({"code":0,"result":"won","sale":"phone","user":") . ("\xef\xbf\xbd" x 2) . qq(","order":8}\n),
 qq({"code":0,"result":"won","sale":"phone","user":") . ("\xef\xbf\xbd" x 2) . qq(","order":9}\n),
 qq({"code":0,"result":"won","sale":"phone","user":") . ("\xef\xbf\xbd" x 4) . qq(","order":10}\n),
 qq({"code":0,"result":"won","sale":"phone","user":") . ("\xef\xbf\xbd" x 7) . qq(","order":11}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"\xf0\x9f\x8e\xab","order":12}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"A","order":13}\n),
 qq({"code":1,"result":"already","sale":"phone","user":"A","order":13}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"a","order":14}\n)]


=== TEST 7: methods
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 7
--- request eval
["HEAD /seckill?sale=phone&user=a",
 "GET /seckill?sale=phone&user=a",
 "PUT /seckill?sale=phone&user=a",
 "DELETE /seckill?sale=phone&user=a",
 "POST /seckill?sale=phone&user=a HTTP/1.0"]
--- error_code eval
[200, 200, 405, 405, 200]
--- response_headers eval
["", "", "Allow: GET, HEAD, POST", "Allow: GET, HEAD, POST", ""]
--- response_body_like eval
[qr/^$/, qr/"none"/,
 (qr/^\{"code":100,"result":"invalid","message":"the method is not allowed here"\}\n$/) x 2,
 qr/"won"/]


=== TEST 8: a body is discarded
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 8
--- request eval
"POST /seckill?sale=phone&user=a\n" . ("x" x 200000)
--- response_body
{"code":0,"result":"won","sale":"phone","user":"a","order":2}


=== TEST 9: sale and user are any complex values
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9;
--- config
    location = /seckill { seckill zone=drop sale=phone user=$cookie_uid; }
    location = /typed { seckill zone=drop sale=$arg_s user=m-$arg_u; } # 9
--- more_headers
Cookie: uid=c%34%
--- request eval
["POST /seckill", "POST /seckill?user=b&user=c", "POST /typed?s=phone&u=c%34"]
--- response_body eval
[qq({"code":0,"result":"won","sale":"phone","user":"c%34%","order":2}\n),
 qq({"code":1,"result":"already","sale":"phone","user":"c%34%","order":2}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"m-c4","order":3}\n)]


=== TEST 10: zones, sales and locations side by side
--- http_config
    seckill_zone zone=one:2m store=seckill_cache/one.db;
    seckill_zone zone=two:2m store=seckill_cache/two.db sync=normal queue=16;
    seckill_sale zone=one name=phone stock=1;
    seckill_sale zone=two name=phone stock=1;
    seckill_sale zone=two name=case stock=1;
--- config
    location = /1 { seckill zone=one user=$arg_user; }
    location = /2 { seckill zone=two user=$arg_user; }
    location = /3 { seckill zone=two user=$arg_user sale=case; } # 10
--- request eval
["POST /1?sale=phone&user=a", "POST /2?sale=phone&user=a",
 "POST /3?user=a", "POST /2?sale=case&user=a", "POST /1?sale=case&user=a"]
--- error_code eval
[200, 200, 200, 200, 404]
--- response_body_like eval
[qr/"won".*"order":2}/, qr/"won".*"order":3}/, qr/"won".*"order":4}/,
 qr/"already".*"order":4}/, qr/"unknown_sale"/]


=== TEST 11: in what "if" and "limit_except" make of a location
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9;
--- config
    location = /if {
        if ($http_x) { set $y 1; }
        seckill zone=drop user=$arg_user;
    }
    location = /limit {
        limit_except GET { allow all; }
        seckill zone=drop user=$arg_user;
    }
    location /api/ {
        if ($http_x) { set $y 1; }
        seckill_api zone=drop key=off;
    }
    location /metrics {
        if ($http_x) { set $y 1; }
        seckill_metrics zone=drop;
    }
    location /nested/ {
        location /nested/seckill { seckill zone=drop user=$arg_user; }
    } # 11
--- more_headers
X: 1
--- request eval
["POST /if?sale=phone&user=a", "POST /limit?sale=phone&user=b",
 "GET /limit?sale=phone&user=b", "GET /api/health", "GET /metrics",
 "POST /nested/seckill?sale=phone&user=c"]
--- response_body_like eval
[qr/"won"/, qr/"won"/, qr/"won"/, qr/"zone":"drop"/, qr/seckill_up/, qr/"won"/]


=== TEST 12: conditions and ranges change no answer
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 12
--- more_headers eval
["If-Match: \"x\"", "If-Unmodified-Since: Mon, 01 Jan 2001 00:00:00 GMT",
 "If-None-Match: *", "If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT",
 "Range: bytes=0-3", "If-Match: \"x\"", "If-None-Match: *",
 "Range: bytes=0-3"]
--- request eval
["POST /seckill?sale=phone&user=a", "POST /seckill?sale=phone&user=b",
 "POST /seckill?sale=phone&user=c", "POST /seckill?sale=phone&user=d",
 "POST /seckill?sale=phone&user=e", "GET /seckill?sale=phone&user=a",
 "GET /seckill?sale=phone&user=a", "GET /seckill?sale=phone&user=a"]
--- error_code eval
[(200) x 8]
--- response_headers eval
[("Content-Type: application/json") x 8]
--- response_body_like eval
[(qr/^\{"code":0,"result":"won",.*\}$/) x 8]


=== TEST 13: where error_page has led to, the status is the result's
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9;
--- config
    error_page 418 @claim;
    error_page 402 =200 @claim;
    location = /a { return 418; }
    location = /b { return 402; }
    location @claim { seckill zone=drop user=$arg_user; } # 13
--- request eval
["POST /a?sale=phone&user=a", "POST /a?sale=none&user=a",
 "POST /b?sale=phone&user=b", "POST /b?sale=none&user=b"]
--- error_code eval
[200, 404, 200, 404]
--- response_body_like eval
[qr/"won"/, qr/"unknown_sale"/, qr/"won"/, qr/"unknown_sale"/]


=== TEST 14: one limit over the sales of a group
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2 group=new-2026;
    seckill_sale zone=drop name=case stock=2 limit=2 hold=1h group=new-2026;
    seckill_sale zone=drop name=pen stock=2;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 14
--- request eval
["POST /seckill?sale=phone&user=a", "POST /seckill?sale=case&user=b",
 "POST /seckill?sale=phone&user=b", "POST /seckill?sale=case&user=a",
 "POST /seckill?sale=case&user=a", "GET /seckill?sale=phone&user=b",
 "GET /seckill?sale=case&user=a", "POST /seckill?sale=pen&user=a",
 "POST /seckill?sale=phone&user=a"]
--- response_body_like eval
[qr/^\{"code":0,"result":"won","sale":"phone","user":"a","order":4\}$/,
 qr/"won","sale":"case","user":"b","order":5,"state":"held"/,
 qr/^\{"code":1,"result":"already","sale":"phone","user":"b","order":5,"order_sale":"case","state":"held","expires_at":"[^"]+"\}$/,
 qr/"won","sale":"case","user":"a","order":6,/,
 qr/^\{"code":1,"result":"already","sale":"case","user":"a","order":4,"order_sale":"phone","units":2\}$/,
 qr/^\{"code":6,"result":"none","sale":"phone","user":"b","sale_state":"open"\}$/,
 qr/^\{"code":0,"result":"won","sale":"case","user":"a","order":6,"state":"held","expires_at":"[^"]+"\}$/,
 qr/"won","sale":"pen"/,
 qr/^\{"code":1,"result":"already","sale":"phone","user":"a","order":4,"units":2\}$/]
