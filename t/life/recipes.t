# docs/recipes.md: each recipe, as it is printed there, but for addresses and
# paths.

use strict;
use warnings;
use Test::More;
use Encode ();
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Time::HiRes qw(sleep time);
use Seckill::Server;

my $text = Seckill::Server::slurp('docs/recipes.md');
my %recipe = map { my ($head, $rest) = /^([^\n]+)\n(.*)\z/s;
                   my ($code) = $rest =~ /^```nginx\n(.*?)^```$/ms;
                   $code ? ($head => $code) : () }
                 split /^##+ /m, $text;
my ($minor) = `@{[(Seckill::Server->new->command)[0]]} -v 2>&1`
              =~ m{nginx/1\.(\d+)};
my $curl = 'curl -sS -k --max-time 20';


# recipe(NAME, http => ...): a server with it; where it listens is {listens}

sub recipe {
    my ($name, %more) = @_;
    my $code = delete $recipe{$name} // die "there is no recipe \"$name\"\n";
    my $s = Seckill::Server->new(workers => 1);
    my $port = $s->{listens} = Seckill::Server::free_port();

    $code = $more{edit}->($code) if $more{edit};
    $code =~ s/ http2(?=[ ;])//g, $code =~ s/^server \{/$&\n    http2 on;/m
        if $minor > 25 && $code =~ /listen.* http2/;
    $code =~ s/^ +listen \[::\].*\n//mg if !ipv6();
    $code =~ s/listen (80|443)\b/listen 127.0.0.1:$port/g;
    $code =~ s/listen \[::\]:(80|443)\b/listen [::1]:$port/g;
    $code =~ s{(?<![\w.])/(?=var/|run/|etc/)}{$s->{dir}/}g;

    system('mkdir', '-p', map { "$s->{dir}/$_" }
                              qw(var/log/seckill run/seckill etc/nginx));
    $more{before}->($s) if $more{before};

    return $s->start(http => <<"END")->ready;
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=5000;
    seckill_sale zone=drop name=none stock=0;
@{[$more{http} // '']}
$code
END
}

sub ipv6 { return -s '/proc/net/if_inet6' }


# ask(SERVER, METHOD, ARGUMENTS, HEADERS): of a recipe

sub ask {
    my ($s, $method, $uri, @headers) = @_;
    my @local = map { /^From: (.*)/ ? (LocalAddr => $1) : () } @headers;
    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$s->{listens}",
                                     Timeout => 20, @local) or die $!;

    $uri = "/seckill?$uri" if $uri !~ m{^/};
    print $sock join "\r\n", "$method $uri HTTP/1.1", 'Host: localhost',
                'Connection: close', (grep { !/^From: / } @headers), '', '';

    return Seckill::Server::read_response($sock) || { status => 0, head => '',
                                                      body => '' };
}

sub header {
    my ($res, $name) = @_;
    return join '|', $res->{head} =~ /^$name: (.*?)\r?$/mgi;
}

sub spew {
    my ($file, $text) = @_;
    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}


# a log that programs read: whatever a user is called

my $s = recipe('A log of claims as JSON');
my $log = "$s->{dir}/var/log/seckill/claims.log";
my @odd = ('42', '"', '\\', '\\"', '{"a":1}', '</script>', '$seckill_sale', '%41',
           "\xc3\xa9", "\xff\xfe", "\xe2\x80\xa8", "\xe2\x80\xae1", "\xf0\x9f\x8e\x81",
           "\xc2\x80", 'x' x 128);

ask($s, 'POST', 'sale=phone', "X-User: $_") for @odd;
ask($s, 'POST', 'sale=phone', "X-User: a\x7fb");
ask($s, 'POST', 'sale="\\', 'X-User: 42', 'traceparent: 00-ab-cd-01"');
ask($s, 'POST', 'sale=none', "X-User: u$_") for 1 .. 400;
$s->stop('QUIT');

my @lines = split /\n/, Seckill::Server::slurp($log);
my @parsed = map { eval { JSON::PP->new->decode(Encode::decode('UTF-8', $_)) }
                   || { broken => $_ } } @lines;
my @won = grep { ($_->{result} // '') eq 'won' } @parsed;

is(join(' ', map { $_->{broken} // () } @parsed), '', 'each line is JSON');
is_deeply([map { $_->{user} } @won], [map { Encode::decode('UTF-8', $_) } @odd],
          'who won is in it, as he is called');
is(scalar(grep { /"result":"won","order":\d+,"state":"sold","wait":\d+\.\d{3},/ }
               @lines), scalar @odd, 'with order, state and wait');

my ($invalid) = grep { $_->{result} eq 'invalid' } @parsed;
is_deeply([@$invalid{qw(user order wait status)}], ['', undef, undef, 400],
          'what is not there is null');
my ($unknown) = grep { $_->{result} eq 'unknown_sale' } @parsed;
is($unknown->{trace}, '00-ab-cd-01"', 'the trace');

my $lost = grep { $_->{result} eq 'sold_out' } @parsed;
cmp_ok($lost, '<', 100, "of 400 who lost, few: $lost");
$s->done;


# rotation, in a rush: as conf/logrotate says, by Debian's logrotate

my ($format) = $text =~ /^```nginx\n(map \$seckill_order.*?)^server/ms;
$s = Seckill::Server->new;
mkdir "$s->{dir}/log";

(my $rotate = Seckill::Server::slurp('conf/logrotate'))
    =~ s{/var/log/seckill|/run/nginx.pid}
        { $& eq '/run/nginx.pid' ? "$s->{dir}/logs/nginx.pid"
                                 : "$s->{dir}/log" }ge;
$rotate =~ s/^ *create .*\n//m if $> != 0;
spew("$s->{dir}/logrotate", $rotate);

$s->start(main => $> == 0 ? 'user www-data;' : '', http => <<"END", server => <<"END2")->ready;
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=20000;
$format
END
        access_log $s->{dir}/log/claims.log seckill buffer=64k flush=1s if=\$logged;
END2

my $users = 4000;
$s->buyers(sale => 'phone', users => $users, processes => 2);

# the rush may be over before: each log has a line of its own buyer

for my $n (1 .. 4) {
    is($s->claim('phone', "late-$n")->{result}, 'won', 'one more');
    $users++;
    $s->wait_for('lines', sub { -s "$s->{dir}/log/claims.log" });
    my $said = `/usr/sbin/logrotate --force --state $s->{dir}/state $s->{dir}/logrotate 2>&1`;
    is($?, 0, "rotation $n") or diag($said);
    my $now = int time;
    sleep 0.05 while int time == $now;
}

$s->buyers_done;
$s->stop('QUIT');

my @files = glob "$s->{dir}/log/claims.log*";
my %orders;
$orders{$_}++ for map { /"result":"won","order":(\d+)/ ? $1 : () }
                  map { `zcat -f '$_'` } @files;

cmp_ok(scalar @files, '>=', 5, 'files: ' . @files);
cmp_ok(scalar(grep { /\.gz\z/ } @files), '>=', 3, 'older ones are compressed');
is(scalar keys %orders, $users, 'each who won is in one of them');
is(join(' ', grep { $orders{$_} > 1 } keys %orders), '', 'and once');
is((stat "$s->{dir}/log/claims.log")[2] & 07777, 0640, 'not for everyone')
    if $> == 0;
$s->done;


# spans get what was answered; the module itself is not in Debian 12

$s = recipe('Traces: OpenTelemetry', edit => sub {
    my ($code) = @_;

    my @words = $code =~ /\b(otel_\w+)/g;
    my %known = map { $_ => 1 } qw(otel_exporter otel_service_name otel_trace
        otel_trace_context otel_span_name otel_span_attr otel_parent_sampled);
    is(join(' ', grep { !$known{$_} } @words), '', 'words of its documentation');

    $code =~ s/^ *otel_span_attr +(\S+) +(\S+;)/add_header X-Span-$1 $2/mg;
    $code =~ s/^ *otel_exporter .*\n|^ *otel_\w+ .*;\n//mg;
    return $code;
});
my $res = ask($s, 'POST', 'sale=phone', 'X-User: 42');
is(header($res, 'X-Span-seckill.result'), 'won', 'an attribute: the result');
is(header($res, 'X-Span-seckill.sale'), 'phone', 'the sale');
is(header($res, 'X-Span-seckill.order'), decode_json($res->{body})->{order},
   'the order');
like(header($res, 'X-Span-seckill.wait'), qr/^\d+\.\d+\z/, 'how long it waited');
$s->done;


# CORS: pages of the shop's, and no others

$s = recipe('A shop on another origin: CORS');

my @ours = ('Origin: https://shop.example', 'Sec-Fetch-Site: cross-site');

$res = ask($s, 'POST', 'sale=phone', 'X-User: ann', @ours);
like($res->{body}, qr/"won"/, 'the shop\'s page claims');
is(header($res, 'Access-Control-Allow-Origin'), 'https://shop.example',
   '... and may read the answer');
is(header($res, 'Access-Control-Allow-Credentials'), 'true', '... with a cookie');
is(header($res, 'Vary'), 'Origin', '... which no cache gives to others');
is(header($res, 'Access-Control-Allow-Methods'), '', '... and no more than that');

$res = ask($s, 'POST', 'sale=other', 'X-User: ann', @ours);
is("$res->{status} " . header($res, 'Access-Control-Allow-Origin'),
   '404 https://shop.example', 'errors may be read, too');

$res = ask($s, 'OPTIONS', 'sale=phone', @ours,
           'Access-Control-Request-Method: POST',
           'Access-Control-Request-Headers: authorization');
is($res->{status}, 204, 'a browser that asks first');
is(header($res, 'Access-Control-Allow-Methods'), 'GET, POST', '... may do that');
is(header($res, 'Access-Control-Allow-Headers'), 'Authorization', '... with a token');
is(header($res, 'Access-Control-Allow-Origin'), 'https://shop.example', '... and who');
is(header($res, 'Access-Control-Max-Age'), '3600', '... for an hour');

for my $origin ('https://evil.example', 'null', 'http://shop.example', 'x y',
                'https://shop.example.evil.example', 'https://shop.example:8443')
{
    my @foreign = ("Origin: $origin", 'Sec-Fetch-Site: cross-site');

    for my $method ('POST', 'OPTIONS') {
        $res = ask($s, $method, 'sale=phone', 'X-User: ben', @foreign);
        is($res->{status}, 403, "$method from $origin");
        is(header($res, 'Access-Control-Allow-Origin'), '', '... may read nothing');
    }
}

like(ask($s, 'GET', 'sale=phone', 'X-User: ben')->{body}, qr/"none"/,
     'none of them has claimed');
like(ask($s, 'POST', 'sale=phone', 'X-User: ben')->{body}, qr/"won"/,
     'what is no browser claims');
$s->done;


# limits in front

$s = recipe('Limits in front');
my @first = map { ask($s, 'POST', 'sale=phone', 'X-User: ann') } 1 .. 5;
is(scalar(grep { $_->{status} == 200 } @first), 5, 'who asks now and then');

for (1 .. 300) {
    $res = ask($s, 'POST', 'sale=phone', 'X-User: ann');
    last if $res->{status} != 200;
}
is($res->{status}, 429, 'who asks too often');
is(decode_json($res->{body})->{result}, 'unavailable', '... hears words that he knows');
is(header($res, 'Retry-After'), 1, '... and when to ask again');
is(ask($s, 'POST', 'sale=phone', 'X-User: ben')->{status}, 200, 'others are not concerned');
$s->done;

$s = recipe('Limits of IPv6 clients', http =>
            'set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;');

sub refused {
    my $n = 0;

    for (@_) {
        $res = ask($s, 'GET', 'sale=phone', 'X-User: ann', "X-Real-IP: $_");
        $n++ if $res->{status} == 429;
    }

    return $n;
}
cmp_ok(refused(map { "2001:db8::$_" } 1 .. 50), '>', 0, 'a network is one client');
is(refused(map { "2001:db8:0:$_\::1" } 1 .. 50), 0, 'fifty networks are not');
is(refused(map { "192.0.2.$_" } 1 .. 50), 0, 'nor are fifty of IPv4');
like(`$curl -X POST -H 'X-User: six' 'http://[::1]:$s->{listens}/seckill?sale=phone'`,
     qr/"won"/, 'by IPv6') if ipv6();
$s->done;


# a door that can be closed

$s = recipe('Closed for a moment');
is(ask($s, 'POST', 'sale=phone', 'X-User: ann')->{status}, 200, 'it is open');
spew("$s->{dir}/run/seckill.closed", '');
$res = ask($s, 'POST', 'sale=phone', 'X-User: ben');
is($res->{status}, 503, 'it is closed');
is(decode_json($res->{body})->{result}, 'unavailable', '... in words that are known');
is(header($res, 'Retry-After'), 30, '... for a while');
unlink "$s->{dir}/run/seckill.closed";
like(ask($s, 'POST', 'sale=phone', 'X-User: ben')->{body}, qr/"won"/,
     'it is open again, and nothing was claimed meanwhile');
$s->done;


# pages

$s = recipe('Pages instead of JSON', edit => sub {
    (my $code = $_[0]) =~ s/intercept=on/$& timeout=100ms/;
    return $code;
});
$res = ask($s, 'POST', 'sale=phone');
is("$res->{status} " . header($res, 'Location'),
   "303 http://localhost:$s->{listens}/login", 'nobody goes to the login');
my $lock = $s->lock_store;
$res = ask($s, 'POST', 'sale=phone', 'X-User: ann');
$s->unlock_store($lock);
is("$res->{status} " . header($res, 'Content-Type'), '503 text/html', 'a page');
is(header($res, 'Retry-After') . header($res, 'Cache-Control'), '1no-store',
   '... that says when');
like($res->{body}, qr/<form method="POST">/, '... and sends the same again');
like(ask($s, 'POST', 'sale=phone', 'X-User: ben')->{body}, qr/"won"/, 'else JSON');
$s->done;


# a rehearsal

$s = recipe('A rehearsal', http =>
            'set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;');
like(ask($s, 'POST', '', 'X-User: ann', 'X-Real-IP: 10.1.2.3')->{body},
     qr/"won","sale":"rehearsal"/, 'from the office');
like(ask($s, 'POST', 'sale=rehearsal', 'X-User: ann', 'X-Real-IP: 192.0.2.1')->{body},
     qr/"won","sale":"phone"/, 'from anywhere else, whatever it names');
$s->done;


# TLS

$s = recipe('TLS and HTTP/2', before => sub {
    my $name = "$_[0]{dir}/etc/nginx/shop";

    is(system('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256'
              . " -nodes -subj /CN=localhost -days 1 -keyout $name.key"
              . " -out $name.pem > $_[0]{dir}/logs/openssl 2>&1"), 0,
       'a certificate of ECDSA');
});
like(`$curl -i --http2 -X POST -H 'X-User: ann' 'https://127.0.0.1:$s->{listens}/seckill?sale=phone'`,
     qr/^HTTP\/2 200.*^strict-transport-security: max-age=63072000.*"won"/msi,
     'HTTP/2, and never without TLS again');

my $connect = "openssl s_client -tls1_2 -connect 127.0.0.1:$s->{listens}";
my $session = "$s->{dir}/session";
`$connect -sess_out $session < /dev/null 2>&1`;
like(`$connect -sess_in $session < /dev/null 2>&1`, qr/^Reused, /m,
     'a session goes on');
$s->done;


# the API, from inside

$s = recipe('The API, from inside only', before => sub {
    my $dir = "$_[0]{dir}/etc/nginx";

    spew("$dir/seckill.key", "0123456789abcdef shop\n");
    chmod 0600, "$dir/seckill.key";
    spew("$dir/operators", "olga:{PLAIN}secret\n");
});
my $key = 'Authorization: Bearer 0123456789abcdef';
my $olga = 'Authorization: Basic b2xnYTpzZWNyZXQ=';

is(ask($s, 'GET', '/api/sales', $key)->{status}, 200, 'a program with a key');
is(ask($s, 'GET', '/api/sales')->{status}, 401, 'without');
is(ask($s, 'GET', '/api/sales', $key, 'From: 127.0.0.9')->{status}, 403,
   'from somewhere else');
is(ask($s, 'GET', '/ops/sales')->{status}, 401, 'people without a password');
is(ask($s, 'GET', '/ops/sales', $olga, 'From: 127.0.0.9')->{status}, 403,
   'with one, from somewhere else');
is(ask($s, 'POST', '/ops/sales/phone/pause', $olga)->{status}, 200, 'with one');
like(ask($s, 'GET', '/api/events?after=0', $key)->{body}, qr/"by":"olga"/,
     '... is named in the event');
$s->done;


# a unix socket

$s = recipe('A unix socket');
like(`$curl --unix-socket $s->{dir}/run/seckill/seckill.sock -H 'X-User: 42' -X POST 'http://localhost/seckill?sale=phone'`,
     qr/"won".*"user":"42"/, 'through a socket');
$s->done;

is(join(', ', sort keys %recipe), '', 'no other recipe');

done_testing;
