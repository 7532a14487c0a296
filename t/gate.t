# The gate before other content, the status for other proxies, and what a
# request was answered, as variables.

use Test::Nginx::Socket 'no_plan';

workers(2);
master_on();
no_long_string();
no_shuffle();
log_level('info');

# a file of passwords that the configurations below name: ann's is "right"

my $passwords = '/tmp/seckill-test-' . server_port() . '.htpasswd';
open my $out, '>', $passwords or die "$passwords: $!";
print $out "ann:{PLAIN}right\nbob:{PLAIN}right\n";
close $out or die $!;

# the same server, for proxy_pass: an application that shows what reaches it

add_block_preprocessor(sub {
    my $block = shift;
    my $config = $block->config;
    my $port = server_port();
    $config =~ s/PASSWORDS/$passwords/g;
    $config =~ s/SERVER/http:\/\/127.0.0.1:$port/g;
    $config =~ s/APPLICATION/http:\/\/127.0.0.1:$port\/application/g;
    $config .= <<'END';

    location = /application {
        default_type text/plain;
        return 200 "$request_method $http_x_user $http_x_order $http_x_state\n";
    }
END
    $block->set_value('config', $config);
});

run_tests();

unlink $passwords;

__DATA__

=== TEST 1: who has an order goes on, and nobody else
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location = /checkout {
        seckill_gate zone=drop sale=phone user=$arg_user;
        proxy_set_header X-User $seckill_user;
        proxy_set_header X-Order $seckill_order;
        proxy_set_header X-State $seckill_state;
        proxy_pass APPLICATION;
    }
    location = /file {
        seckill_gate zone=drop sale=phone user=$arg_user;
        root /nowhere;
    }
    location = /other {
        seckill_gate zone=drop sale=none user=$arg_user;
        proxy_pass APPLICATION;
    } # 1
--- request eval
["GET /checkout?user=ann", "POST /checkout?user=ann", "GET /checkout",
 "GET /checkout?user=%00", "GET /checkout?user=ann&user=bob",
 "POST /seckill?sale=phone&user=ann", "GET /checkout?user=ann",
 "POST /checkout?user=ann\nbody", "PUT /checkout?user=ann",
 "GET /checkout?user=%61nn", "GET /checkout?user=bob", "GET /file?user=ann",
 "GET /file?user=bob", "GET /other?user=ann"]
--- error_code eval
[403, 403, 401, 401, 400, 200, 200, 200, 200, 200, 403, 404, 403, 403]
--- response_body_like eval
[(qr/403/) x 2, (qr/401/) x 2, qr/400/, qr/"won"/, qr/^GET ann 2 sold$/,
 qr/^POST ann 2 sold$/, qr/^PUT ann 2 sold$/, qr/^GET ann 2 sold$/, qr/403/,
 qr/404/, qr/403/, qr/403/]


=== TEST 2: a claim on POST, which wins once however often it is sent
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=3 limit=3;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location = /buy {
        seckill_gate zone=drop sale=phone user=$arg_user claim=on;
        proxy_set_header X-User $seckill_user;
        proxy_set_header X-Order $seckill_order;
        proxy_set_header X-State $seckill_result;
        proxy_pass APPLICATION;
    } # 2
--- request eval
["GET /buy?user=ann", "PUT /buy?user=ann", "POST /buy?user=ann",
 "POST /buy?user=ann", "GET /buy?user=ann", "POST /buy?user=ann&want=2",
 "POST /buy?user=ann&want=2", "POST /buy?user=ann&want=1",
 "POST /buy?user=ann&want=x", "POST /buy?user=bob", "POST /buy?user=cem",
 "GET /seckill?sale=phone&user=ann"]
--- error_code eval
[403, 403, 200, 200, 200, 200, 200, 200, 400, 200, 403, 200]
--- response_body_like eval
[(qr/403/) x 2, qr/^POST ann 2 won$/, qr/^POST ann 2 already$/,
 qr/^GET ann 2 won$/, qr/^POST ann 3 won$/, (qr/^POST ann 2 already$/) x 2,
 qr/400/, qr/^POST bob 4 won$/, qr/403/, qr/"units":2/]


=== TEST 3: pages for those who do not pass, told why
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=none stock=0;
    seckill_sale zone=drop name=later stock=1 start=2999-01-01T00:00:00Z;
    seckill_sale zone=drop name=stopped stock=1 paused;
--- config
    location = /buy {
        error_page 403 = /drop/$seckill_result.html;
        error_page 401 = @login;
        seckill_gate zone=drop sale=$arg_sale user=$arg_user claim=on;
        proxy_pass APPLICATION;
    }
    location @login { return 302 /login; }
    location /drop/ {
        default_type text/plain;
        return 200 "$uri $seckill_result $seckill_code $seckill_sale $seckill_user\n";
    } # 3
--- request eval
["POST /buy?sale=none&user=ann", "POST /buy?sale=later&user=ann",
 "POST /buy?sale=stopped&user=ann", "GET /buy?sale=none&user=ann",
 "POST /buy?sale=which&user=ann", "POST /buy?sale=none"]
--- error_code eval
[200, 200, 200, 200, 200, 302]
--- response_body_like eval
[qr{^/drop/sold_out.html sold_out 2 none ann$},
 qr{^/drop/not_started.html not_started 3 later ann$},
 qr{^/drop/paused.html paused 5 stopped ann$},
 qr{^/drop/none.html none 6 none ann$},
 qr{^/drop/unknown_sale.html unknown_sale 102 which ann$}, qr/302/]


=== TEST 4: orders in some states
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=5 hold=1h limit=2;
    seckill_sale zone=drop name=pen stock=5;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /api/ { seckill_api zone=drop key=off; }
    location = /held {
        seckill_gate zone=drop sale=$arg_sale user=$arg_user state=held;
        proxy_pass APPLICATION;
    }
    location = /paid {
        seckill_gate zone=drop sale=$arg_sale user=$arg_user state=paid,sold;
        proxy_pass APPLICATION;
    }
    location = /sold {
        seckill_gate zone=drop sale=$arg_sale user=$arg_user state=sold;
        proxy_set_header X-State $seckill_state;
        proxy_pass APPLICATION;
    } # 4
--- request eval
["POST /seckill?sale=phone&user=ann", "POST /seckill?sale=phone&user=ann",
 "GET /held?sale=phone&user=ann", "GET /paid?sale=phone&user=ann",
 "POST /api/orders/3/confirm", "GET /seckill?sale=phone&user=ann",
 "GET /held?sale=phone&user=ann", "GET /paid?sale=phone&user=ann",
 "GET /sold?sale=phone&user=ann",
 "POST /api/orders/4/cancel", "GET /held?sale=phone&user=ann",
 "POST /seckill?sale=pen&user=ann", "GET /paid?sale=pen&user=ann",
 "GET /sold?sale=pen&user=ann", "GET /held?sale=pen&user=ann"]
--- error_code eval
[200, 200, 200, 403, 200, 200, 200, 200, 403, 200, 403, 200, 200, 200, 403]
--- response_body_like eval
[qr/"won"/, qr/"won"/, qr/^GET/, qr/403/, qr/"paid"/,
 qr/"order":3,"state":"paid","units":2/, qr/^GET/, qr/^GET/, qr/403/,
 qr/"cancelled"/, qr/403/, qr/"won"/, qr/^GET/, qr/^GET   sold$/, qr/403/]


=== TEST 5: inherited, and off
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    seckill_gate zone=drop sale=phone user=$arg_user;
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /api/ { seckill_api zone=drop key=off; }
    location = /metrics { seckill_metrics zone=drop; }
    location /shop/ {
        proxy_pass APPLICATION;
        location /shop/open { seckill_gate off; proxy_pass APPLICATION; }
        location /shop/nested { proxy_pass APPLICATION; }
    }
    location /read {
        seckill_gate off;
        limit_except GET {
            seckill_gate zone=drop sale=phone user=$arg_user;
        }
        proxy_pass APPLICATION;
    }
    location /write {
        limit_except GET { seckill_gate off; }
        proxy_pass APPLICATION;
    }
    location /if {
        if ($http_x) { set $y 1; }
        proxy_pass APPLICATION;
    } # 5
--- more_headers
X: 1
--- request eval
["GET /shop/?user=ann", "GET /shop/nested?user=ann", "GET /shop/open",
 "GET /read?user=ann", "POST /read?user=ann", "GET /write?user=ann",
 "POST /write?user=ann", "GET /if?user=ann", "GET /api/health",
 "GET /metrics",
 "POST /seckill?sale=phone&user=ann", "GET /shop/?user=ann",
 "GET /shop/nested?user=ann", "POST /read?user=ann", "GET /write?user=ann",
 "GET /if?user=ann"]
--- error_code eval
[403, 403, 200, 200, 403, 403, 200, 403, 200, 200, 200, (200) x 5]
--- response_body_like eval
[(qr/./) x 16]


=== TEST 6: "satisfy", and a password that is looked at before a claim
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    location = /any {
        satisfy any;
        deny all;
        seckill_gate zone=drop sale=phone user=$arg_user;
        proxy_pass APPLICATION;
    }
    location = /staff {
        satisfy any;
        allow 127.0.0.1;
        deny all;
        seckill_gate zone=drop sale=phone user=$arg_user claim=on;
        proxy_pass APPLICATION;
    }
    location = /all {
        auth_basic shop;
        auth_basic_user_file PASSWORDS;
        seckill_gate zone=drop sale=phone user=$remote_user claim=on;
        proxy_set_header X-User $seckill_user;
        proxy_set_header X-State $seckill_result;
        proxy_pass APPLICATION;
    } # 6
--- more_headers eval
[("") x 3, "Authorization: Basic YW5uOndyb25n", "",
 "Authorization: Basic YW5uOnJpZ2h0", "Authorization: Basic Ym9iOnJpZ2h0", "",
 ""]
--- request eval
["GET /any?user=ann", "GET /any", "POST /staff?user=eve", "POST /all",
 "POST /all", "POST /all", "POST /all", "GET /any?user=ann", "GET /any?user=eve"]
--- error_code eval
[403, 401, 200, 401, 401, 200, 403, 200, 403]
--- response_body_like eval
[qr/403/, qr/401/, qr/^POST/, qr/401/, qr/401/, qr/^POST ann  won$/, qr/403/,
 qr/^GET/, qr/403/]


=== TEST 7: in subrequests it asks, too, and never claims
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location = /page {
        auth_request /guard;
        auth_request_set $order $seckill_order;
        proxy_set_header X-Order $order;
        proxy_pass APPLICATION;
    }
    location = /guard {
        internal;
        seckill_gate zone=drop sale=phone user=$http_x_user claim=on;
        proxy_pass_request_body off;
        proxy_pass APPLICATION;
    }
    location = /parts {
        default_type text/html;
        ssi on;
        ssi_types text/plain;
        proxy_set_header X-Page 1;
        proxy_pass APPLICATION_PARTS;
    }
    location = /application_PARTS {
        default_type text/plain;
        return 200 "open <!--#include virtual=\"/guard_part\" --> end\n";
    }
    location = /guard_part {
        seckill_gate zone=drop sale=phone user=$http_x_user;
        proxy_pass APPLICATION;
    } # 7
--- more_headers
X-User: ann
--- request eval
["POST /page", "GET /page", "GET /parts",
 "POST /seckill?sale=phone&user=ann", "POST /page", "GET /parts"]
--- error_code eval
[403, 403, 200, 200, 200, 200]
--- response_body_like eval
[qr/403/, qr/403/, qr/open .*403/s, qr/"won"/, qr/^POST ann 2 $/,
 qr/open .*GET ann/s]


=== TEST 8: a status for other proxies, never 200
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
    seckill_sale zone=drop name=later stock=1 start=2999-01-01T00:00:00Z;
--- config
    location = /auth {
        seckill zone=drop sale=phone user=$http_x_user status=auth;
        add_header X-Seckill-Order $seckill_order always;
        add_header X-Seckill-Result $seckill_result always;
    }
    location = /later {
        seckill zone=drop sale=later user=$http_x_user status=auth;
    }
    location = /page {
        auth_request /auth;
        auth_request_set $order $upstream_http_x_seckill_order;
        auth_request_set $result $seckill_result;
        proxy_set_header X-State $result;
        proxy_pass APPLICATION;
    } # 8
--- more_headers eval
["X-User: ann", "", "X-User: ann", "", "X-User: ann", "X-User: ann",
 "X-User: bob", "X-User: ann", "X-User: ann", "X-User: ann"]
--- request eval
["GET /auth", "GET /auth", "GET /page", "GET /page", "POST /auth",
 "GET /auth", "POST /auth", "GET /page", "PUT /auth", "GET /later"]
--- error_code eval
[403, 401, 403, 401, 204, 204, 403, 200, 405, 403]
--- response_headers eval
["X-Seckill-Result: none\nContent-Length: 0", "X-Seckill-Result: invalid", "",
 "", "X-Seckill-Result: won\nX-Seckill-Order: 3\nCache-Control: no-store",
 "X-Seckill-Order: 3", "X-Seckill-Result: sold_out", "", "", ""]
--- response_body_like eval
[qr/^$/, qr/^$/, qr/403/, qr/401/, qr/^$/, qr/^$/, qr/^$/, qr/^GET ann  won$/,
 qr/405|not allowed/, qr/^$/]


=== TEST 9: what error_page may answer
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    error_page 400 404 405 /wrong;
    location = /on { seckill zone=drop user=$arg_user intercept=on; }
    location = /off { seckill zone=drop user=$arg_user intercept=off; }
    location = /none {
        error_page 503 /wrong;
        seckill zone=drop user=$arg_user intercept=on;
    }
    location = /wrong {
        default_type text/plain;
        return 200 "wrong: $status $seckill_result\n";
    } # 9
--- request eval
["POST /on?sale=phone", "POST /on?sale=which&user=ann",
 "PUT /on?sale=phone&user=ann", "POST /on?sale=phone&user=ann",
 "POST /on?sale=phone&user=bob", "POST /off?sale=phone",
 "POST /none?sale=phone"]
--- error_code eval
[400, 404, 405, 200, 200, 400, 400]
--- response_body_like eval
[qr/^wrong: 400 invalid$/, qr/^wrong: 404 unknown_sale$/, qr/^wrong: 405 $/,
 qr/"won"/, qr/"sold_out"/, qr/"invalid"/, qr/"invalid"/]


=== TEST 10: as many units as are wanted, however often that is said
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=tickets stock=10 limit=3;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 10
--- request eval
["POST /seckill?sale=tickets&user=a&want=1",
 "POST /seckill?sale=tickets&user=a&want=1",
 "POST /seckill?sale=tickets&user=a&want=2",
 "POST /seckill?sale=tickets&user=a&want=1",
 "POST /seckill?sale=tickets&user=a",
 "POST /seckill?sale=tickets&user=a&want=9999",
 "GET /seckill?sale=tickets&user=a&want=1",
 "POST /seckill?sale=tickets&user=b&want=0",
 "POST /seckill?sale=tickets&user=b&want=10001",
 "POST /seckill?sale=tickets&user=b&want=-1",
 "POST /seckill?sale=tickets&user=b&want=1x",
 "POST /seckill?sale=tickets&user=b&want=",
 "POST /seckill?sale=tickets&user=b&want=1&want=2",
 "POST /seckill?sale=tickets&user=b&WANT=1"]
--- error_code eval
[(200) x 7, (400) x 6, 200]
--- response_body_like eval
[qr/"won".*"order":2}/, qr/"already".*"order":2}/, qr/"won".*"order":3}/,
 qr/"already".*"order":2,"units":2}/, qr/"won".*"order":4}/,
 qr/"already".*"units":3}/, qr/"won".*"units":3}/,
 (qr/"message":"want is no number from 1 to 10000"/) x 5,
 qr/given twice/, qr/"won".*"order":5}/]


=== TEST 11: another site's page claims nothing
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9;
--- config
    location = /seckill { seckill zone=drop user=$cookie_uid; }
    location = /open { seckill zone=drop user=$cookie_uid cross_site=on; }
    location = /buy {
        seckill_gate zone=drop sale=phone user=$cookie_uid claim=on;
        proxy_pass APPLICATION;
    }
    location = /auth {
        seckill zone=drop sale=phone user=$cookie_uid status=auth;
    } # 11
--- more_headers eval
["Cookie: uid=a\nSec-Fetch-Site: cross-site",
 "Cookie: uid=a\nSec-Fetch-Site: same-site\nOrigin: http://localhost",
 "Cookie: uid=a\nOrigin: http://evil.example",
 "Cookie: uid=a\nOrigin: null",
 "Cookie: uid=a\nSec-Fetch-Site: cross-site",
 "Cookie: uid=a\nSec-Fetch-Site: cross-site",
 "Cookie: uid=a\nSec-Fetch-Site: cross-site",
 "Cookie: uid=a\nSec-Fetch-Site: cross-site",
 "Cookie: uid=a\nSec-Fetch-Site: same-origin\nOrigin: http://evil.example",
 "Cookie: uid=b\nSec-Fetch-Site: none", "Cookie: uid=c",
 "Cookie: uid=d\nSec-Fetch-Site: cross-site"]
--- request eval
["POST /seckill?sale=phone", "POST /seckill?sale=phone",
 "POST /seckill?sale=phone", "POST /seckill?sale=phone",
 "GET /seckill?sale=phone", "POST /buy", "GET /buy", "POST /auth",
 "POST /seckill?sale=phone", "POST /seckill?sale=phone",
 "POST /seckill?sale=phone", "POST /open?sale=phone"]
--- error_code eval
[(403) x 4, 200, 403, 403, 403, (200) x 4]
--- response_body_like eval
[(qr/^\{"code":101,"result":"unauthorized","message":"another site's page may not claim"\}\n$/) x 4,
 qr/"none"/, qr/403/, qr/403/, qr/^$/, (qr/"won"/) x 4]


=== TEST 12: a sale that has not begun
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=later stock=1 start=2999-01-01T00:00:00Z;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location = /auth { seckill zone=drop user=$arg_user status=auth; }
    location = /buy {
        seckill_gate zone=drop sale=later user=$arg_user claim=on;
        proxy_pass APPLICATION;
    } # 12
--- request eval
["POST /seckill?sale=later&user=a", "POST /auth?sale=later&user=a",
 "POST /buy?user=a", "GET /seckill?sale=later&user=a"]
--- error_code eval
[200, 403, 403, 200]
--- response_body_like eval
[qr/"not_started"/, qr/^$/, qr/403/, qr/"none"/]


=== TEST 13: variables that are not there yet, and asked all the same
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
    limit_req_zone $seckill_user zone=asks:1m rate=1000r/s;
    map $seckill_result $passed { volatile; default no; won yes; already yes; }
--- config
    set $before "$seckill_result$seckill_code$seckill_order$seckill_state$seckill_sale$seckill_user$seckill_wait";
    location = /buy {
        limit_req zone=asks;
        seckill_gate zone=drop sale=phone user=$arg_user claim=on;
        add_header X-Before "[$before]" always;
        add_header X-After "$seckill_result $seckill_code $seckill_order $seckill_state $seckill_sale $seckill_user $passed" always;
        proxy_pass APPLICATION;
    }
    location = /seckill {
        seckill zone=drop user=$arg_user;
        add_header X-Before "[$before]" always;
        add_header X-After "$seckill_result $seckill_code $seckill_order $seckill_state $seckill_sale $seckill_user $passed" always;
    }
    location = /plain {
        add_header X-After "[$seckill_result$seckill_user]";
        return 200 "plain\n";
    } # 13
--- request eval
["POST /buy?user=ann", "POST /buy?user=bob", "POST /seckill?sale=phone&user=ann",
 "POST /seckill?sale=phone&user=cem", "POST /seckill?sale=phone", "GET /plain"]
--- error_code eval
[200, 403, 200, 200, 400, 200]
--- response_headers eval
["X-Before: []\nX-After: won 0 2 sold phone ann yes",
 "X-Before: []\nX-After: sold_out 2   phone bob no",
 "X-After: already 1 2 sold phone ann yes",
 "X-After: sold_out 2   phone cem no", "X-After: invalid 100   phone  no",
 "X-After: []"]
--- response_body_like eval
[qr/^POST/, qr/403/, qr/"already"/, qr/"sold_out"/, qr/"invalid"/, qr/plain/]


=== TEST 14: a request claims once, wherever it is led to
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9 limit=9;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /app/ {
        seckill_gate zone=drop sale=phone user=$arg_user claim=on;
        root /nowhere;
        try_files $uri /app/index.php$is_args$args;
        location = /app/index.php {
            proxy_set_header X-Order $seckill_order;
            proxy_set_header X-State $seckill_result;
            proxy_pass APPLICATION;
        }
    } # 14
--- request eval
["POST /app/x?user=ann", "GET /seckill?sale=phone&user=ann",
 "POST /app/x?user=ann", "GET /app/x?user=bob"]
--- error_code eval
[200, 200, 200, 403]
--- response_body_like eval
[qr/^POST  2 won$/, qr/"order":2,"state":"sold"}/, qr/^POST  2 already$/, qr/403/]


=== TEST 15: an order in another sale of the group lets nobody pass
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=red stock=9 group=phone;
    seckill_sale zone=drop name=blue stock=9 group=phone;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location = /blue {
        seckill_gate zone=drop sale=blue user=$arg_user claim=on;
        add_header X-Result $seckill_result always;
        proxy_pass APPLICATION;
    }
    location = /auth { seckill zone=drop user=$arg_user status=auth; } # 15
--- request eval
["POST /seckill?sale=red&user=ann", "GET /blue?user=ann",
 "POST /blue?user=ann", "GET /auth?sale=blue&user=ann",
 "POST /auth?sale=blue&user=ann", "POST /auth?sale=red&user=ann",
 "POST /blue?user=bob", "POST /blue?user=bob"]
--- error_code eval
[200, 403, 403, 403, 403, 204, 200, 200]
--- response_headers eval
["", "X-Result: none", "X-Result: already", "", "", "", "X-Result: won",
 "X-Result: already"]
--- response_body_like eval
[qr/"won"/, qr/403/, qr/403/, qr/^$/, qr/^$/, qr/^$/, qr/^POST/, qr/^POST/]


=== TEST 16: where a question has led to, a claim is a claim
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    location = /buy {
        seckill_gate zone=drop sale=phone user=$arg_user;
        error_page 403 = @claim;
        proxy_pass APPLICATION;
    }
    location @claim {
        seckill_gate zone=drop sale=phone user=$arg_user claim=on;
        proxy_set_header X-Order $seckill_order;
        proxy_set_header X-State $seckill_result;
        proxy_pass SERVER;
    } # 16
--- request eval
["GET /buy?user=ann", "POST /buy?user=ann", "POST /buy?user=ann",
 "POST /buy?user=bob"]
--- error_code eval
[403, 200, 200, 403]
--- response_body_like eval
[qr/403/, qr/^POST/, qr/^POST/, qr/403/]


=== TEST 17: what is no user, or no sale, gets into no header
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    location = /seckill {
        seckill zone=drop user=$arg_user;
        add_header X-User "[$seckill_user]" always;
    }
    location ~ ^/drop/(?<drop>[^/]*)/(?<buyer>[^/]*)$ {
        seckill_gate zone=drop sale=$drop user=$buyer;
        error_page 400 401 403 = @sorry;
        root /nowhere;
    }
    location @sorry {
        add_header X-Sale "[$seckill_sale]" always;
        add_header X-User "[$seckill_user]" always;
        return 403 "no\n";
    } # 17
--- request eval
["POST /seckill?sale=phone&user=a%0d%0aX-Bad:%20x",
 "POST /seckill?sale=phone&user=%20ann", "POST /seckill?sale=phone&user=ann%20",
 "POST /seckill?sale=phone&user=a%20b",
 "GET /drop/phone/a%0d%0aX-Bad:%20x", "GET /drop/x%0d%0aX-Bad:%20x/ann",
 "GET /drop/phone/ann"]
--- error_code eval
[400, 400, 400, 200, 403, 403, 403]
--- response_headers eval
["!X-Bad\nX-User: []", ("X-User: []") x 2, "X-User: [a b]",
 "!X-Bad\nX-User: []\nX-Sale: [phone]", "!X-Bad\nX-User: [ann]\nX-Sale: []",
 "X-User: [ann]\nX-Sale: [phone]"]
--- response_body_like eval
[qr/control character/, (qr/begins or ends with a blank/) x 2, qr/"won"/,
 (qr/^no$/) x 3]


=== TEST 18: an argument that is there twice is a wrong request
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    location = /gate {
        seckill_gate zone=drop sale=phone user=ann;
        proxy_pass APPLICATION;
    }
    location = /other {
        seckill_gate zone=drop sale=phone user=$Arg_user claim=on;
        proxy_set_header X-User $seckill_user;
        proxy_pass APPLICATION;
    } # 18
--- request eval
["GET /gate?want=1&want=1", "GET /gate?want=1", "POST /other?user=%40",
 "POST /other?user=a&user=b"]
--- error_code eval
[400, 403, 200, 400]
--- response_body_like eval
[qr/400/, qr/403/, qr/^POST @ /, qr/400/]


=== TEST 19: a gate goes on behind a location that answers itself
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    seckill_gate zone=drop sale=phone user=$arg_user;
    location /drop/ {
        seckill zone=drop user=$arg_user;
        location /drop/paid { proxy_pass APPLICATION; }
        location /drop/open {
            seckill_gate off;
            proxy_pass APPLICATION;
            location /drop/open/too { proxy_pass APPLICATION; }
        }
    }
    location /api/ {
        seckill_api zone=drop key=off;
        location /api/paid { proxy_pass APPLICATION; }
    } # 19
--- request eval
["POST /drop/?sale=phone&user=ann", "GET /drop/paid?user=ann",
 "GET /drop/paid?user=bob", "GET /drop/open", "GET /drop/open/too",
 "GET /api/health", "GET /api/paid?user=bob", "GET /api/paid?user=ann"]
--- error_code eval
[200, 200, 403, 200, 200, 200, 403, 200]
--- response_body_like eval
[qr/"won"/, qr/^GET/, qr/403/, qr/^GET/, qr/^GET/, qr/"code"/, qr/403/,
 qr/^GET/]


=== TEST 20: the order that the gate tells of is the one that lets pass
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=red stock=9 limit=2 group=g;
    seckill_sale zone=drop name=blue stock=9 limit=2 group=g;
    seckill_sale zone=drop name=phone stock=9 limit=2 hold=1h;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /api/ { seckill_api zone=drop key=off; }
    location = /paid {
        seckill_gate zone=drop sale=phone user=$arg_user state=paid;
        proxy_set_header X-Order $seckill_order;
        proxy_set_header X-State $seckill_state;
        proxy_pass APPLICATION;
    }
    proxy_set_header X-Order $seckill_order;
    proxy_set_header X-State $seckill_result;
    location = /red {
        seckill_gate zone=drop sale=red user=$arg_user claim=on;
        proxy_pass APPLICATION;
    }
    location = /blue {
        seckill_gate zone=drop sale=blue user=$arg_user claim=on;
        proxy_pass APPLICATION;
    } # 20
--- request eval
["POST /red?user=ann", "POST /blue?user=ann&want=2", "POST /blue?user=ann",
 "GET /blue?user=ann", "GET /red?user=ann", "POST /blue?user=ann&want=2",
 "POST /seckill?sale=phone&user=bob", "POST /seckill?sale=phone&user=bob",
 "GET /paid?user=bob", "POST /api/orders/7/confirm", "GET /paid?user=bob",
 "GET /seckill?sale=phone&user=bob"]
--- error_code eval
[(200) x 8, 403, 200, 200, 200]
--- response_body_like eval
[qr/^POST  4 won$/, qr/^POST  5 won$/, qr/^POST  5 already$/,
 qr/^GET  5 won$/, qr/^GET  4 won$/, qr/^POST  5 already$/, qr/"order":6/,
 qr/"order":7/, qr/403/, qr/"paid"/, qr/^GET  7 paid$/, qr/"order":6/]


=== TEST 21: a request that an application leads on claims no other unit
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9 limit=9;
--- config
    location = /refuse { return 502; }
    location = /seckill { seckill zone=drop user=$arg_user; }
    location = /buy {
        seckill_gate zone=drop sale=phone user=$arg_user claim=on;
        proxy_intercept_errors on;
        error_page 502 = @again;
        proxy_pass SERVER/refuse;
    }
    location @again {
        seckill_gate zone=drop sale=phone user=$arg_user claim=on;
        try_files /nothing @told;
    }
    location @told { return 200 "$seckill_result $seckill_order\n"; } # 21
--- request eval
["POST /buy?user=ann&want=3", "GET /seckill?sale=phone&user=ann",
 "POST /buy?user=ann&want=3", "GET /seckill?sale=phone&user=ann"]
--- response_body_like eval
[qr/^won 2$/, qr/"order":2,"state":"sold"\}/, qr/^won 2$/, qr/"units":2/]


=== TEST 22: until when an order is held; until when a sale has not started
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=9 hold=1h;
    seckill_sale zone=drop name=later stock=1 start=2999-01-01T00:00:00Z;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /api/ { seckill_api zone=drop key=off; }
    location = /buy {
        seckill_gate zone=drop sale=phone user=$arg_user claim=on;
        proxy_set_header X-User "[$seckill_expires_at]";
        proxy_pass APPLICATION;
    } # 22
--- request eval
["POST /buy?user=ann", "GET /buy?user=ann", "POST /api/orders/3/confirm",
 "GET /buy?user=ann", "GET /seckill?sale=later&user=ann"]
--- response_body_like eval
[(qr/^\w+ \[20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z\]/) x 2, qr/"paid"/,
 qr/^GET \[\]/,
 qr/"none","sale":"later","user":"ann","sale_state":"scheduled","starts_in":\d+,"starts_in_ms":\d+\}/]
