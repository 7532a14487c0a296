# The gate while claims wait: bodies, clients that leave, deadlines, reloads,
# HTTP/2; and what the log has of winners.

use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my ($tls, $app) = Seckill::Server::lasting_ports(2);
my $curl = 'curl -sS --max-time 20 -k';
my $s = Seckill::Server->new(workers => 1);
my $application = application($app);

is(system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost "
          . "-keyout $s->{dir}/key.pem -out $s->{dir}/cert.pem -days 1 "
          . "> $s->{dir}/logs/openssl 2>&1"), 0, 'a certificate');

my ($version) = `@{[($s->command)[0]]} -v 2>&1` =~ m{nginx/1\.(\d+)};
my ($listen, $directive) = $version > 25 ? ('', 'http2 on;') : ('http2', '');

my $gate = 'seckill_gate zone=drop sale=phone user=$arg_user';

# a page that has parts, which are for other users

mkdir "$s->{dir}/pages" or die $!;
open my $html, '>', "$s->{dir}/pages/whole" or die $!;
print $html map { "<!--#include virtual=\"/part?user=$_\" -->\n" }
                qw(bob nobody);
close $html or die $!;

# a key that nothing is signed with

open my $keys, '>', "$s->{dir}/keys.json" or die $!;
chmod 0600, $keys;
print $keys '{"keys":[{"kty":"oct","k":"' . 'A' x 43 . '"}]}';
close $keys or die $!;

my %conf = (
    http => <<"END",
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=100;
    seckill_sale zone=drop name=later stock=1 start=2999-01-01T00:00:00Z;
    map \$request_method:\$seckill_result \$winner { default 0; POST:won 1; }
    log_format winners escape=json '{"time":"\$time_iso8601",'
        '"sale":"\$seckill_sale","user":"\$seckill_user",'
        '"order":"\$seckill_order","state":"\$seckill_state",'
        '"code":"\$seckill_code","wait":"\$seckill_wait"}';
    log_format parts "\$seckill_user \$seckill_result \$seckill_token_error";
    map \$seckill_result \$order_there { volatile; won yes; already yes; }
    server {
        access_log logs/winners.log winners if=\$winner;
        listen 127.0.0.1:$tls ssl $listen;
        $directive
        ssl_certificate $s->{dir}/cert.pem;
        ssl_certificate_key $s->{dir}/key.pem;
        client_max_body_size 2m;
        location = /buy {
            $gate claim=on;
            proxy_pass http://127.0.0.1:$app;
        }
    }
END
    server => <<"END",
        client_max_body_size 2m;
        access_log logs/winners.log winners if=\$winner;
        location = /buy {
            $gate claim=on;
            proxy_pass http://127.0.0.1:$app;
        }
        location = /soon {
            $gate claim=on timeout=200ms;
            proxy_pass http://127.0.0.1:$app;
        }
        location = /leave {
            $gate;
            proxy_pass http://127.0.0.1:$app;
        }
        location = /buyers {
            $gate;
            proxy_pass http://127.0.0.1:$app;
        }
        location = /later {
            seckill_gate zone=drop sale=later user=\$arg_user claim=on;
            error_page 403 = \@later;
            proxy_pass http://127.0.0.1:$app;
        }
        location \@later { seckill zone=drop sale=later user=\$arg_user; }
        location = /page {
            auth_request /guard;
            proxy_pass http://127.0.0.1:$app;
        }
        location = /guard {
            internal;
            seckill_gate zone=drop sale=phone user=\$http_x_user;
            proxy_pass_request_body off;
            proxy_pass http://127.0.0.1:$app;
        }
        location /whole {
            $gate;
            root pages;
            default_type text/html;
            ssi on;
            add_header X-Result "\$seckill_result \$seckill_user";
            access_log logs/parts.log parts;
            access_log logs/parts_if.log parts if=\$order_there;
            access_log logs/parts_order.log parts if=\$seckill_order;
            seckill_token \$cookie_a keys=$s->{dir}/keys.json;
        }
        location = /part {
            $gate;
            log_subrequest on;
            access_log logs/parts.log parts;
            access_log logs/parts_if.log parts if=\$order_there;
            access_log logs/parts_order.log parts if=\$seckill_order;
            seckill_token \$cookie_b keys=$s->{dir}/keys.json;
            proxy_set_header X-Result \$seckill_result;
            proxy_pass http://127.0.0.1:$app;
        }
END
);

$s->start(%conf)->ready;

my $body = join '', map { chr(65 + $_ % 26) } 1 .. 1 << 20;
my $right = length($body) . ' ' . md5_hex($body);

is(post('/buy?user=ann', $body)->{body}, $right, 'a body of 1 MB passes, whole');

# what waits goes on with its body, which nobody has read; the client may send
# it before or after

my $lock = $s->lock_store;
my $early = sent('/buy?user=bob', $body);
my $late = $s->connect;
syswrite $late, head('POST', '/buy?user=cem', length $body);
my $half = $s->connect;
syswrite $half, head('POST', '/buy?user=dan', length $body)
                . substr $body, 0, 300;

my $deadline = post('/soon?user=eva', $body);
is($deadline->{status}, 503, 'nobody decides in time');
like($deadline->{head}, qr/^Retry-After: \d+\r?$/m, 'and it says when to ask');

my $later = post('/later?user=eva', '');
like($later->{body}, qr/"not_started"/, 'a page that asks itself');
is(() = $later->{head} =~ /^Retry-After: /mg, 1, 'says once when to come back');

# a question for a user whose claim is undecided waits, in a subrequest too

my $page = $s->connect;
syswrite $page, head('GET', '/page', 0, "X-User: bob\r\n");

my $gone = sent('/buy?user=gus', '');
$s->wait_for('claims to be admitted',
             sub { $s->metric('seckill_queue_claims') == 5 });
close $gone;
sleep 0.1;

# a reload meanwhile: old workers answer what they have taken

my @old = $s->workers;
$s->reload;

$s->unlock_store($lock);

is(Seckill::Server::read_response($early)->{body}, $right,
   'a body that was there before');
syswrite $half, substr $body, 300;
is(Seckill::Server::read_response($half)->{body}, $right,
   'one that was there in part');

for (my $at = 0; $at < length $body; ) {
    $at += syswrite($late, $body, length($body) - $at, $at) // last;
}
is(Seckill::Server::read_response($late)->{body}, $right,
   'one that comes afterwards');
is(Seckill::Server::read_response($page)->{status}, 200,
   'a subrequest that waited');

$s->wait_for('claims to be decided',
             sub { $s->metric('seckill_queue_claims') == 0 });

is($s->ask('phone', $_)->{result}, 'won', "$_ has an order")
    for qw(ann bob cem dan eva gus);
is(post('/soon?user=eva', 'x')->{body}, '1 ' . md5_hex('x'),
   'who asks again passes');

$s->wait_for('old workers to end',
             sub { !grep { my $pid = $_; grep { $_ == $pid } @old } $s->living });

# what is logged of a page and of its parts is what each of them was answered

my $whole = $s->connect;
syswrite $whole, head('GET', '/whole?user=ann', 0, "Cookie: b=x\r\n");
$whole = Seckill::Server::read_response($whole);
is($whole->{status}, 200, 'a page with parts for other users');
like($whole->{head}, qr/^X-Result: won ann\r?$/m, 'what its headers say');

# an application that cancels the order, and leads on to what is for buyers

my $order = $s->ask('phone', 'ann')->{order};

is($s->request('GET', "/leave?user=ann&order=$order")->{status}, 403,
   'what has become of an order meanwhile counts');
is($s->ask('phone', 'ann')->{result}, 'none', 'it was cancelled');

# HTTP/2: one that passes at once, one that waits, and one that does not pass

open my $file, '>', "$s->{dir}/body" or die $!;
print $file $body;
close $file or die $!;

my $base = "https://127.0.0.1:$tls/buy";

is(`$curl --http2 --data-binary \@$s->{dir}/body '$base?user=h2'`, $right,
   'HTTP/2: a body passes');

$lock = $s->lock_store;
open my $waits, '-|', "$curl --http2 --data-binary \@$s->{dir}/body "
                      . "'$base?user=h2w' '$base?user=h2v'" or die $!;
$s->wait_for('a claim to be admitted',
             sub { $s->metric('seckill_queue_claims') == 1 });
$s->unlock_store($lock);
is(do { local $/; <$waits> }, $right x 2, 'HTTP/2: and after it has waited');
close $waits;

like(`$curl --http2 -o /dev/null -w '%{http_code}' '$base?user=nobody'`,
     qr/^403$/, 'HTTP/2: who has none does not pass');

# the log: each winner once, by what decided it

$s->stop;

my @lines = map { decode_json($_) }
            split /\n/, Seckill::Server::slurp("$s->{dir}/logs/winners.log");
my %by = map { $_->{user} => $_ } @lines;

is(join(' ', sort map { $_->{user} } @lines), 'ann bob cem dan h2 h2v h2w',
   'winners are in the log, once; not those who left or heard 503');
like($by{bob}{wait}, qr/^\d+\.\d{3}$/, 'and how long they waited');
cmp_ok($by{bob}{wait}, '>', 0.1, 'which is the time until the decision');
is("$by{cem}{sale} $by{cem}{state} $by{cem}{code}", 'phone sold 0', 'the rest');
like($by{cem}{order}, qr/^\d+$/, 'and the order');

is(sorted('parts.log'), 'ann won missing, bob won malformed, '
   . 'nobody none malformed', 'a page and its parts, each as it was answered');
is(sorted('parts_if.log'), 'ann won missing, bob won malformed',
   '"if" asks for the same');
is(sorted('parts_order.log'), 'ann won missing, bob won malformed',
   'so it does without a map');

kill TERM => $application;
waitpid $application, 0;

$s->done;
done_testing;


# an application that says how long the body was that reached it, and its digest

sub application {
    my ($port) = @_;

    my $server = IO::Socket::INET->new(Listen => 64, LocalPort => $port,
                                       LocalAddr => '127.0.0.1',
                                       ReuseAddr => 1) or die "$port: $!";
    my $pid = fork // die $!;
    return $pid if $pid;

    $SIG{TERM} = sub { POSIX::_exit(0) };

    while (my $client = $server->accept) {
        my $in = '';

        until ($in =~ /\r\n\r\n/) {
            sysread $client, $in, 65536, length $in or last;
        }

        my ($head, $body) = split /\r\n\r\n/, $in, 2;
        my ($length) = $head =~ /^Content-Length: (\d+)/mi;

        while (length $body < ($length // 0)) {
            sysread $client, $body, 1 << 20, length $body or last;
        }

        my $out = length($body) . ' ' . md5_hex($body);
        my $more = '';

        if ($head =~ m{^GET /leave\?(user=\w+)&order=(\d+)}) {
            $s->api('POST', "orders/$2/cancel");
            $more = "X-Accel-Redirect: /buyers?$1\r\n";
        }

        print $client "HTTP/1.0 200 OK\r\n${more}Content-Length: "
                      . length($out) . "\r\n\r\n$out";
        close $client;
    }

    POSIX::_exit(1);
}


sub head {
    my ($method, $uri, $length, $more) = @_;

    return "$method $uri HTTP/1.1\r\nHost: localhost\r\n" . ($more // '')
           . "Content-Length: $length\r\nConnection: close\r\n\r\n";
}


sub sorted {
    my ($log) = @_;

    return join ', ', sort split /\n/,
                      Seckill::Server::slurp("$s->{dir}/logs/$log");
}


sub sent {
    my ($uri, $body) = @_;
    my $sock = $s->connect;

    $sock->blocking(0);
    my $all = head('POST', $uri, length $body) . $body;
    my $n = 0;

    # as much as goes: the rest is sent by another process

    my $pid = fork // die $!;

    if ($pid == 0) {
        $sock->blocking(1);
        while ($n < length $all) {
            $n += syswrite($sock, $all, length($all) - $n, $n) // last;
        }
        POSIX::_exit(0);
    }

    $sock->blocking(1);
    return $sock;
}


sub post {
    my ($uri, $body) = @_;

    return Seckill::Server::read_response(sent($uri, $body));
}
