# Streams: what clients hear, and when; who gets none; and what becomes of
# streams by kills, reloads and clients that do not read.

use strict;
use warnings;
use Crypt::JWT qw(encode_jwt);
use JSON::PP qw(decode_json);
use MIME::Base64 qw(encode_base64url);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use Seckill::Server;
use Seckill::Stream;

# so many clients come and go one after another, and so many reloads, in the
# search for leaks

my $COMERS = $ENV{SECKILL_TEST_STREAMS} || 1000;
my $RELOADS = $ENV{SECKILL_TEST_RELOADS} || 5;

my ($port, $tls) = Seckill::Server::lasting_ports(2);
my $s = Seckill::Server->new(workers => 1, port => $port, allow => [
    qr/worker process \d+ exited on signal 9/,     # killed by this test
]);

is(system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost "
          . "-keyout $s->{dir}/key.pem -out $s->{dir}/cert.pem -days 1 "
          . "> $s->{dir}/logs/openssl 2>&1"), 0, 'a certificate');

my $secret = 'a secret of at least thirty-two bytes';

open my $keys, '>', "$s->{dir}/keys.json" or die $!;
print $keys '{"keys":[{"kty":"oct","k":"' . encode_base64url($secret) . '"}]}';
close $keys or die $!;
chmod 0600, "$s->{dir}/keys.json";

my ($version) = `@{[($s->command)[0]]} -v 2>&1` =~ m{nginx/1\.(\d+)};
my ($listen, $directive) = $version > 25 ? ('', 'http2 on;') : ('http2', '');

my %conf = (
    http => <<"END",
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=10 hold=1h;
    seckill_sale zone=drop name=rest stock=2 hold=1h waitlist=10;
    seckill_sale zone=drop name=brief stock=5 hold=1s;
    seckill_sale zone=drop name=later stock=5 start=2999-01-01T00:00:00Z;
    seckill_zone zone=few:1m store=seckill/few.db;
    seckill_sale zone=few name=phone stock=10;
    seckill_sale zone=few name=loud stock=100 limit=1;
    server {
        listen 127.0.0.1:$tls ssl $listen;
        $directive
        ssl_certificate $s->{dir}/cert.pem;
        ssl_certificate_key $s->{dir}/key.pem;
        location = /stream { seckill_stream zone=drop user=\$arg_user; }
    }
END
    server => <<"END",
        location = /stream { seckill_stream zone=drop user=\$arg_user; }
        location = /board { seckill_stream zone=drop; }
        location = /quiet { seckill_stream zone=drop counts=off; }
        location = /fixed { seckill_stream zone=drop sale=phone user=\$arg_user; }
        location = /mine {
            seckill_token \$cookie_token keys=$s->{dir}/keys.json;
            seckill_stream zone=drop user=\$seckill_token_user;
        }
        location = /few { seckill_stream zone=few max=2; }
        location = /few_metrics { seckill_metrics zone=few format=json; }
        location = /loud {
            seckill_stream zone=few user=\$arg_user;
            send_timeout 1s;
        }
        location = /few_claim { seckill zone=few user=\$arg_user; }
        location /few_api/ { seckill_api zone=few key=off; }
        location = /page { ssi on; ssi_types *; root pages; }
END
);

mkdir "$s->{dir}/pages" or die $!;
open my $page, '>', "$s->{dir}/pages/page" or die $!;
print $page '<!--#include virtual="/board?sale=phone" -->';
close $page or die $!;

$s->start(%conf)->ready;

sub stream { Seckill::Stream->open($s, @_) }

# an API's call that has to be done

sub done_api {
    my ($method, $path, $body) = @_;
    my $answer = $s->api($method, $path, $body);
    like($answer->{status}, qr/^20[01]$/, "$method $path") or diag(explain $answer);
    return $answer;
}

# how it begins

my $ann = stream('/stream?sale=phone&user=ann');

is($ann->{status}, 200, 'a stream');
like($ann->{head}, qr/^$_\r?$/m, $_)
    for 'Content-Type: text/event-stream', 'Cache-Control: no-store',
        'X-Accel-Buffering: no';

is($ann->next('order')->{result}, 'none', 'she has nothing yet');
is_deeply($ann->{passed}, [], 'which is said first');

my $sale = $ann->next('sale');
is(join(' ', map { "$_=" . ($sale->{$_} // 'null') }
             qw(sale sale_state stock free undecided held sold waiting start end)),
   'sale=phone sale_state=open stock=10 free=10 undecided=0 held=0 sold=0 '
   . 'waiting=0 start=null end=null', 'and the sale');
like($sale->{now}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
     'with the time of the server');
my $retry = $ann->frame->{retry};
ok($retry >= 1000 && $retry <= 5000, 'when to come back')
    or diag(explain $retry);

my $later = stream('/board?sale=later');
is($later->next('sale')->{start}, '2999-01-01T00:00:00.000Z', 'a start');
is($later->{last}{data}{sale_state}, 'scheduled', 'that is to come');
$later->close;

# the user's own order

my $bob = stream('/stream?sale=phone&user=bob');
$bob->next('sale');

my $won = $s->claim('phone', 'ann');
is($won->{result}, 'won', 'ann has won');
is_deeply($ann->next('order'), $s->ask('phone', 'ann'),
          'her stream says what a question is answered');
is($ann->{last}{id}, $won->{order}, 'by the number of its event');
is($ann->next('sale', sub { $_[0]{held} == 1 })->{free}, 9,
   'and the sale has one less');

done_api(POST => "orders/$won->{order}/confirm");
is($ann->next('order')->{state}, 'paid', 'that she has paid');
ok($bob->next('sale', sub { $_[0]{sold} == 1 }), 'others hear of the sale');
is(scalar(grep { ($_->{event} // '') eq 'order' } @{$bob->{passed}}), 0,
   'and not of her order');

my $eva = stream('/stream?sale=brief&user=eva');
is($s->claim('brief', 'eva')->{result}, 'won', 'eva has won');
ok($eva->next('order', sub { $_[0]{result} eq 'won' }), 'which she hears');
is($eva->next('order')->{result}, 'none', 'and when it has expired');

# positions in a waiting list

is($s->claim('rest', $_)->{result}, 'won', 'all units') for qw(w0 w9);
is($s->claim('rest', "w$_")->{position}, $_, "w$_ waits") for 1, 2;
my $wait = stream('/stream?sale=rest&user=w2');
is($wait->next('order')->{position}, 2, 'the stream has a position');
my $order = $s->ask('rest', 'w0')->{order};
done_api(POST => "orders/$order/cancel");
is($wait->next('order', sub { $_[0]{result} eq 'queued' })->{position}, 1,
   'the next one');
is(stream('/stream?sale=rest&user=w1')->next('order')->{result}, 'won',
   'who was before has won');

# what is of the sale alone

my $board = stream('/board?sale=phone&user=ann');
my $quiet = stream('/quiet?sale=phone');
ok($board->next('sale'), 'without a user there is the sale');
is_deeply([sort keys %{$quiet->next('sale')}],
          [qw(end now sale sale_state start)], 'or its window alone');

done_api(PATCH => 'sales/phone', '{"add_stock":5}');
is($board->next('sale', sub { $_[0]{stock} == 15 })->{free}, 14, 'more units');
done_api(POST => 'sales/phone/pause');
ok($board->next('sale', sub { $_[0]{sale_state} eq 'paused' }), 'a pause');
is(scalar(grep { ($_->{event} // '') ne 'sale' && !$_->{retry} }
               @{$board->{passed}}), 0, 'and nothing of orders');
is($quiet->next('sale')->{sale_state}, 'paused',
   'of counts nothing is told where they are off');
done_api(POST => 'sales/phone/resume');
is($quiet->next('sale')->{sale_state}, 'open', 'it goes on');
is(stream('/fixed?user=ann')->next('order')->{state}, 'paid',
   'a sale that the location names');

# who gets none

is(stream('/stream?sale=nix&user=ann')->{status}, 404, 'no such sale');
is(stream('/stream?user=ann')->{status}, 404, 'none at all');
is(stream('/stream?sale=phone&user=ann&user=bob')->{status}, 400, 'two users');
is(stream('/stream?sale=phone&user=%0a')->{status}, 400, 'no possible user');
is(stream('/stream?sale=phone&user=')->next('sale')->{sale}, 'phone',
   'an empty user is none');
my $post = stream('/stream?sale=phone&user=ann', method => 'POST');
is($post->{status}, 405, 'POST');
like($post->{head}, qr/^Allow: GET, HEAD\r?$/m, 'GET and HEAD are allowed');
my $head = stream('/stream?sale=phone', method => 'HEAD',
                  headers => ['Connection: close']);
is($head->{status}, 200, 'HEAD');
is($head->until_end, 'close', 'has no body');
unlike($s->request('GET', '/page')->{body}, qr/event:/,
       'a part of a page is no stream');

# who it is, by a token

sub mine {
    my (%claims) = @_;
    return stream('/mine?sale=phone', headers => ['Cookie: token='
        . encode_jwt(alg => 'HS256', key => $secret, payload => \%claims)]);
}

is(mine(sub => 'ann', exp => time + 60)->next('order')->{user}, 'ann',
   'a good token');
my $late = mine(sub => 'ann', exp => time - 3600);
is($late->{status}, 401, 'one that has expired');
like($late->{head}, qr/^WWW-Authenticate: Bearer error="invalid_token"/m,
     'and why');
my $none = stream('/mine?sale=phone');
ok($none->next('sale'), 'without one there is the sale');
is_deeply($none->{passed}, [], 'and nothing before');

# others of the zone are not counted with these

my @few = map { stream('/few?sale=phone') } 1, 2;
is($_->{status}, 200, 'room for one') for @few;
my $more = stream('/few?sale=phone');
is($more->{status}, 503, 'no more than max=');
like($more->{head}, qr/^Retry-After: \d+\r?$/m, 'and when to ask again');

my $few = sub {
    decode_json($s->request('GET', '/few_metrics')->{body})->{$_[0]}[0]{value};
};

is($few->('seckill_streams'), 2, 'streams are counted');
is($few->('seckill_streams_refused_total'), 1, 'those refused, too');
$few[0]->close;
$s->wait_for('a stream to be over', sub { $few->('seckill_streams') == 1 });
is(stream('/few?sale=phone')->{status}, 200, 'there is room again');
$_->close for @few;

# a client that does not read: what it is sent has to go somewhere, until it
# does not; one that reads stays

my $user = '%C3%A9' x 64;
my $deaf = stream("/loud?sale=loud&user=$user", buffer => 1024);
my $loud = stream("/loud?sale=loud&user=$user");

ok($loud->next('order'), 'one that reads');

my $turns = 0;
$s->wait_for('the one that does not read to be dropped', sub {
    my $order = $s->request('POST', "/few_claim?sale=loud&user=$user");
    my $number = decode_json($order->{body})->{order};
    $s->request('POST', "/few_api/orders/$number/cancel");
    $turns++;
    return $few->('seckill_streams_dropped_total') == 1;
});

my $heard = 0;
ok($loud->next('order', sub { $_[0]{result} eq 'won' && ++$heard }),
   "after $turns turns the other one still hears");
is($few->('seckill_streams_dropped_total'), 1, 'and is not dropped');
$_->close for $loud, $deaf;

# TLS, HTTP/2: the streams of a connection end one by one

my $base = "https://127.0.0.1:$tls/stream?sale=phone";
for my $http ('--http1.1', '--http2') {
    my $c = Seckill::Stream->of(qw(curl -sSNk), $http, "$base&user=tls$http");
    is($c->next('order')->{result}, 'none', "TLS, $http");
    is($s->claim('phone', "tls$http")->{result}, 'won', 'a claim');
    is($c->next('order')->{result}, 'won', 'is heard of');
    $c->close;
}

my $both = Seckill::Stream->of(qw(curl -sSNk --http2 --no-progress-meter --parallel
                                  --parallel-immediate),
                               "$base&user=p1", "$base&user=p2");
is(join(' ', sort map { $both->next('order')->{user} } 1, 2), 'p1 p2',
   'two streams on a connection');
$both->close;

# a sale that is removed: its streams end

my $gone = do {
    done_api(POST => 'sales', '{"name":"gone","stock":1}');
    my $c = stream('/stream?sale=gone&user=ann');
    $c->next('sale');
    done_api(POST => 'sales/gone/end');
    is($c->next('sale')->{sale_state}, 'ended', 'a sale ends');
    done_api(DELETE => 'sales/gone');
    $c;
};
is($gone->until_end, 'chunk', 'and is removed: the stream is over');
is(stream('/stream?sale=gone')->{status}, 404, 'there is no other');

# a kill: the client comes back and says what it has heard of last

is($s->claim('phone', 'kim')->{result}, 'won', 'kim has won');
my $kim = stream('/stream?sale=phone&user=kim');
ok($kim->next('order', sub { $_[0]{result} eq 'won' }), 'and hears it');
my $id = $kim->{last}{id};

$s->kill_all;
is($kim->until_end, 'close', 'all are killed');
$s->start;

my $back;
$s->wait_for('it to listen', sub {
    $back = stream('/stream?sale=phone&user=kim',
                   headers => ["Last-Event-ID: $id"]);
});
is($back->{status}, 200, 'she is let in, however far the ledger is read');
is($back->next('order')->{result}, 'won', 'and hears the same first');
cmp_ok($back->{last}{id}, '>=', $id, 'by the same number or a later one');

# one who has heard of more than is known here waits for it

my $ahead = $back->{last}{id} + 1;
my $lia = stream('/stream?sale=phone&user=lia',
                 headers => ["Last-Event-ID: $ahead"]);
is(ref $lia && $lia->frame->{retry} > 0, 1, 'she is told nothing at first');
is($s->claim('phone', 'lia')->{order}, $ahead, 'until it is known');
is($lia->next('order')->{result}, 'won', 'and then how it is');
is($lia->{last}{id}, $ahead, 'by its number');

my $far = stream('/stream?sale=phone&user=lia',
                 headers => ['Last-Event-ID: ' . ($ahead + 1000)]);
is($far->next('order')->{result}, 'won', 'but not for ever');
$far = stream('/stream?sale=phone&user=lia',
              headers => ['Last-Event-ID: none of ours']);
is($far->next('order')->{result}, 'won', 'what is no number is not looked at');

# reloads, workers that are killed, and many that come and go

my @before = $s->workers;
my $old = stream('/stream?sale=phone&user=ann');
$old->next('sale');
$s->reload;
is($old->until_end, 'chunk', 'an old worker ends its streams');
$s->wait_for('the old worker to leave', sub {
    !grep { my $pid = $_; grep { $_ == $pid } @before } $s->living
});

my $lost = stream('/stream?sale=phone&user=ann');
$lost->next('sale');
cmp_ok($s->metric('seckill_streams'), '>=', 1, 'an open stream');
kill KILL => $s->workers;
is($lost->until_end, 'close', 'a worker is killed');
$s->wait_for('another one', sub { defined $s->metric('seckill_streams') });
is($s->metric('seckill_streams'), 0, 'its streams are not counted any more');

# what a process has open, and its memory in KB

sub of_worker {
    my ($pid) = $s->workers;
    my @fds = glob "/proc/$pid/fd/*";
    my ($rss) = Seckill::Server::slurp("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m;
    return (scalar @fds, $rss);
}

sub come_and_go {
    for (1 .. shift) {
        my $c = stream("/stream?sale=phone&user=c$_") or return 0;
        $c->frame or return 0;
        $c->close;
    }
    $s->wait_for('all to be gone', sub { $s->metric('seckill_streams') == 0 });
    return 1;
}

ok(come_and_go($COMERS / 10), 'some come and go');
my ($fds, $rss) = of_worker();
ok(come_and_go($COMERS), "$COMERS come and go");
my ($fds_now, $rss_now);
$s->wait_for('connections to be closed', sub {
    ($fds_now, $rss_now) = of_worker();
    return $fds_now <= $fds;
});
cmp_ok($fds_now, '<=', $fds, 'nothing is left open');
note("memory of the worker in KB: $rss before, $rss_now after");

for (1 .. $RELOADS) {
    my @c = map { stream("/stream?sale=phone&user=r$_") } 1 .. 10;
    my @workers = $s->workers;
    $s->reload;
    my @ends = grep { ($_->until_end // '') eq 'chunk' } @c;
    is(@ends, 10, 'a reload ends all streams');
    $s->wait_for('old workers to leave', sub {
        !grep { my $pid = $_; grep { $_ == $pid } @workers } $s->living
    });
}
is($s->metric('seckill_streams'), 0, "after $RELOADS reloads there are none");

$s->done;
done_testing();
