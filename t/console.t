# The operator's console: the files of console/dist, byte by byte, and what the
# page is told of where it is.

use Digest::SHA qw(sha256_hex);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use Test::Nginx::Socket 'no_plan';

my $keys = '/tmp/seckill-test-' . server_port() . '.key';
open my $out, '>', $keys or die "$keys: $!";
chmod 0600, $keys;
print $out "0123456789abcdef shop\n";
close $out or die $!;

add_block_preprocessor(sub {
    my $block = shift;
    my $config = $block->config;
    $config =~ s/KEYFILE/$keys/g;
    $block->set_value('config', $config);
});


our @files = qw(index.html console.js console.css icon.svg LICENSES.txt);

# a file of the page, and the ETag that it has to have

sub dist {
    my ($name) = @_;

    open my $in, '<:raw', "console/dist/$name" or die "$name: $!";
    local $/;
    return <$in>;
}

sub etag { '"' . substr(sha256_hex(dist($_[0])), 0, 32) . '"' }

our %type = (
    'index.html' => 'text/html', 'console.js' => 'text/javascript',
    'console.css' => 'text/css', 'icon.svg' => 'image/svg+xml',
    'LICENSES.txt' => 'text/plain',
);

# where a file is

sub at { '/console/' . ($_[0] eq 'index.html' ? '' : $_[0]) }

# what each answer has

our $safe = <<'END';
Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
X-Content-Type-Options: nosniff
Referrer-Policy: no-referrer
Cross-Origin-Opener-Policy: same-origin
X-Frame-Options: DENY
END

# what one of a file has, also if the client has it already

sub kept {
    my ($name) = @_;
    return $safe . 'ETag: ' . etag($name) . "\n" . <<'END';
Vary: Accept-Encoding
Cache-Control: no-cache
!Last-Modified
!Accept-Ranges
END
}

# compressed, each is what it is

for my $name (@files) {
    my $gz = dist("$name.gz");
    my $text;
    gunzip(\$gz => \$text) or die "$name.gz: $GunzipError";
    die "console/dist/$name.gz is not $name" if $text ne dist($name);
}

workers(1);
master_on();
no_long_string();
no_shuffle();
no_root_location();
log_level('info');

run_tests();

unlink $keys;

__DATA__

=== TEST 1: the files, as they are
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop; } # 1
--- request eval
[map { "GET " . main::at($_) } @main::files]
--- response_headers eval
[map { main::kept($_) . "Content-Type: $main::type{$_}; charset=utf-8\n"
       . "Content-Length: " . length(main::dist($_)) . "\n!Content-Encoding\n" }
     @main::files]
--- response_body eval
[map { main::dist($_) } @main::files]


=== TEST 2: and compressed
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop; } # 2
--- request eval
[map { "GET " . main::at($_) } @main::files]
--- more_headers
Accept-Encoding: gzip, deflate, br
--- response_headers eval
[map { main::kept("$_.gz") . "Content-Type: $main::type{$_}; charset=utf-8\n"
       . "Content-Length: " . length(main::dist("$_.gz"))
       . "\nContent-Encoding: gzip\n" } @main::files]
--- response_body eval
[map { main::dist("$_.gz") } @main::files]


=== TEST 3: not for those who cannot have them so, as nginx itself decides it
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop; } # 3
--- request eval
["GET /console/console.js", "GET /console/console.js",
 "GET /console/console.js", "GET /console/console.js HTTP/1.0"]
--- more_headers eval
["Accept-Encoding: br", "Accept-Encoding: gzip;q=0",
 "Accept-Encoding: gzip\nVia: 1.1 cache", "Accept-Encoding: gzip"]
--- response_headers eval
[(main::kept("console.js") . "!Content-Encoding\n") x 4]
--- response_body eval
[(main::dist("console.js")) x 4]


=== TEST 4: where nginx compresses and says Vary, nothing is done twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    gzip on;
    gzip_types *;
    gzip_min_length 1;
    gzip_vary on;
    charset koi8-r;
--- config
    location /console/ { seckill_console zone=drop; } # 4
--- request eval
["GET /console/", "GET /console/", "GET /console/"]
--- more_headers eval
["", "Accept-Encoding: gzip",
 "Accept-Encoding: gzip\nIf-None-Match: " . main::etag("index.html.gz")]
--- error_code eval
[200, 200, 304]
--- response_headers eval
[main::kept("index.html") . "Content-Type: text/html; charset=utf-8\n",
 main::kept("index.html.gz") . "Content-Encoding: gzip\n"
 . "Content-Type: text/html; charset=utf-8\n",
 main::kept("index.html.gz") . "!Content-Encoding\n"]
--- response_body eval
[main::dist("index.html"), main::dist("index.html.gz"), ""]


=== TEST 5: who has a file already
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop; } # 5
--- request eval
["GET /console/console.js", "GET /console/console.js",
 "HEAD /console/console.js", "GET /console/console.js",
 "GET /console/console.css", "GET /console/console.js"]
--- more_headers eval
["If-None-Match: " . main::etag("console.js"),
 "Accept-Encoding: gzip\nIf-None-Match: " . main::etag("console.js.gz"),
 "If-None-Match: \"x\", W/" . main::etag("console.js"),
 "If-None-Match: " . main::etag("console.js.gz"),
 "If-None-Match: " . main::etag("console.js"),
 "Range: bytes=0-0"]
--- error_code eval
[304, 304, 304, 200, 200, 200]
--- response_headers eval
[main::kept("console.js"), main::kept("console.js.gz"),
 main::kept("console.js"), main::kept("console.js"),
 main::kept("console.css"), main::kept("console.js")]
--- response_body eval
["", "", "", main::dist("console.js"), main::dist("console.css"),
 main::dist("console.js")]


=== TEST 6: HEAD, other methods, other names
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop; } # 6
--- request eval
["HEAD /console/", "HEAD /console/config.json",
 "POST /console/
a=b", "DELETE /console/console.js", "OPTIONS /console/config.json",
 "GET /console/index.html", "GET /console/console.js.gz",
 "GET /console/console.js/", "POST /console/nothing
a=b"]
--- error_code eval
[200, 200, (405) x 3, (404) x 4]
--- response_headers eval
[main::kept("index.html") . "Content-Length: "
 . length(main::dist("index.html")), $main::safe,
 ($main::safe . "Allow: GET, HEAD\nCache-Control: no-store") x 3,
 ($main::safe . "!Allow\nCache-Control: no-store") x 4]
--- response_body eval
["", "",
 ("{\"code\":100,\"result\":\"invalid\",\"message\":\"the method is not allowed here\"}\n") x 3,
 ("{\"code\":100,\"result\":\"invalid\",\"message\":\"there is nothing of this name\"}\n") x 4]


=== TEST 7: without the slash it is led to it, as nginx does
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    absolute_redirect off;
--- config
    location /console/ { seckill_console zone=drop; } # 7
    location / { return 410; }
--- request eval
["GET /console", "GET /console?a=b", "GET /consoles"]
--- error_code eval
[301, 301, 410]
--- response_headers eval
["Location: /console/", "Location: /console/?a=b", "!Location"]


=== TEST 8: what the page is told
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_zone zone=a.b-c:2m store=seckill_cache/abc.db;
--- config
    location /console/ { seckill_console zone=drop; } # 8
    location ^~ /other/ {
        seckill_console stream=/x/stream metrics=/x/metrics api=/x/api/
                        zone=a.b-c;
    }
    location / {
        if ($arg_x) { set $y 1; }
        limit_except GET { deny all; }
        seckill_console zone=drop api=/;
    }
--- request eval
["GET /console/config.json", "GET /other/config.json", "GET /config.json?x=1",
 "POST /config.json", "GET /console.css?x=1", "GET /console/config.json"]
--- more_headers eval
[("") x 5, "If-None-Match: *"]
--- error_code eval
[200, 200, 200, 403, 200, 200]
--- response_headers eval
[($main::safe . "Content-Type: application/json\nCache-Control: no-store\n!ETag") x 3,
 "", $main::safe, $main::safe . "Cache-Control: no-store"]
--- response_body_like eval
[qr{^\{"zone":"drop","api":"/api/","metrics":"/metrics","stream":null,"version":"\d+\.\d+\.\d+"\}\n$},
 qr{^\{"zone":"a\.b-c","api":"/x/api/","metrics":"/x/metrics","stream":"/x/stream","version":"[\d.]+"\}\n$},
 qr{^\{"zone":"drop","api":"/","metrics":"/metrics","stream":null,"version":"[\d.]+"\}\n$},
 qr/403 Forbidden/, qr/./, qr/^\{"zone":"drop",/]


=== TEST 9: a page of this origin may write, with a key and without one
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location /console/ { seckill_console zone=drop; } # 9
    location /api/ { seckill_api zone=drop key=KEYFILE; }
    location /off/ { seckill_api zone=drop key=off; }
--- request eval
["GET /seckill?sale=none&user=waits-until-the-ledger-is-read",
 "POST /api/sales
{\"name\":\"a\",\"stock\":1}",
 "PATCH /api/sales/a
{\"add_stock\":1}",
 "POST /off/sales/a/pause", "POST /off/sales/a/resume",
 "POST /off/sales/a/pause", "GET /api/events"]
--- more_headers eval
["", ("Authorization: Bearer 0123456789abcdef\nIdempotency-Key: k\n"
      . "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors\n"
      . "Origin: http://localhost") x 2,
 "Sec-Fetch-Site: same-origin\nOrigin: http://localhost",
 "Origin: http://localhost", "Origin: null",
 "Authorization: Bearer 0123456789abcdef"]
--- error_code eval
[404, 201, 409, 200, 200, 403, 200]
--- response_body_like eval
[qr/unknown_sale/, qr/"name":"a"/, qr/"conflict"/, qr/"paused":true/,
 qr/"paused":false/, qr/another site's page/,
 qr/"by":"shop".*"by":"127\.0\.0\.1".*"by":"127\.0\.0\.1"/]


=== TEST 10: an exact location
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location = /console/ { seckill_console zone=drop; } # 10
--- must_die
--- error_log
"seckill_console" directive is allowed only in a prefix location whose name ends with "/", like "location /console/"


=== TEST 11: a regular expression
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location ~ ^/console/ { seckill_console zone=drop; } # 11
--- must_die
--- error_log
"seckill_console" directive is allowed only in a prefix location


=== TEST 12: a regular expression that ends with a slash
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location ~ /console/ { seckill_console zone=drop; } # 12
--- must_die
--- error_log
"seckill_console" directive is allowed only in a prefix location


=== TEST 13: a named location
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location @console/ { seckill_console zone=drop; } # 13
--- must_die
--- error_log
"seckill_console" directive is allowed only in a prefix location


=== TEST 14: no slash at its end
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console { seckill_console zone=drop; } # 14
--- must_die
--- error_log
"seckill_console" directive is allowed only in a prefix location


=== TEST 15: no zone
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console api=/api/; } # 15
--- must_die
--- error_log
"seckill_console" must have "zone" parameter


=== TEST 16: a zone that nobody declares
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=other; } # 16
--- must_die
--- error_log
unknown seckill zone "other"


=== TEST 17: an api that has no slash at its end
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop api=/api; } # 17
--- must_die
--- error_log
invalid parameter "api=/api" of "seckill_console", allowed: zone=name, api=/path/, metrics=/path, stream=/path


=== TEST 18: another host
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop metrics=//evil/metrics; } # 18
--- must_die
--- error_log
invalid parameter "metrics=//evil/metrics" of "seckill_console", allowed: zone=name,


=== TEST 19: no path of the server
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop stream=http://a/b; } # 19
--- must_die
--- error_log
invalid parameter "stream=http://a/b" of "seckill_console", allowed: zone=name,


=== TEST 20: what is more than a path
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop metrics=/m?a=/; } # 20
--- must_die
--- error_log
invalid parameter "metrics=/m?a=/" of "seckill_console", allowed: zone=name,


=== TEST 21: a character that is none of a path
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop 'stream=/\evil'; } # 21
--- must_die
--- error_log
invalid parameter "stream=/\evil" of "seckill_console", allowed: zone=name,


=== TEST 22: a stream that is empty
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop stream=; } # 22
--- must_die
--- error_log
invalid parameter "stream=" of "seckill_console", allowed: zone=name,


=== TEST 23: a parameter that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop key=off; } # 23
--- must_die
--- error_log
invalid parameter "key=off" of "seckill_console", allowed: zone=name,


=== TEST 24: a parameter twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_console zone=drop api=/a/ api=/b/; } # 24
--- must_die
--- error_log
duplicate parameter "api=/b/" of "seckill_console"


=== TEST 25: a location that another directive answers
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    location /console/ { seckill_metrics zone=drop; seckill_console zone=drop; } # 25
--- must_die
--- error_log
"seckill_console" directive is in a location that another seckill directive answers


=== TEST 26: not in a server
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config
    seckill_console zone=drop; # 26
--- must_die
--- error_log
"seckill_console" directive is not allowed here
