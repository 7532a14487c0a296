# docs/checkout.md can be followed from nothing to a shop that only winners
# reach: its commands are run here, one block after another, with paths and
# ports of the test, and print what the page says.

use strict;
use warnings;
use Digest::SHA qw(hmac_sha256_hex);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);
use Seckill::Server;

my $WAIT = 30 * ($ENV{SECKILL_TEST_PATIENCE} || 1);

my $dir = tempdir('seckill-life-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my ($web, $api, $app, $orders) = Seckill::Server::lasting_ports(4);
my ($module) = split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';

chmod 0755, $dir;
mkdir "$dir/$_" for qw(etc log lib run conf);

# nginx frees nothing at the end of -t, nor where it becomes a daemon

$ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} // '') . ':detect_leaks=0';
$ENV{PATH} = Seckill::Server::path();
$ENV{PORT} = $app;
$ENV{SECKILL_URL} = "http://127.0.0.1:$api/api";

# the configuration as it is, but for where things are

my $conf = Seckill::Server::slurp('conf/checkout.conf');
my $temp = join '', map { "    ${_}_temp_path $dir/temp_$_;\n" }
                    qw(client_body proxy fastcgi uwsgi scgi);

$conf =~ s/^load_module .*;/$module ? "load_module $module;" : ''/me;
$conf =~ s/^user .*;//m if $> != 0;
$conf =~ s/^worker_rlimit_nofile .*;\n//m;
$conf =~ s/worker_connections \d+/worker_connections 1024/;
$conf =~ s/^http \{\n/http {\n$temp/m;
$conf =~ s/listen 80 /listen 127.0.0.1:$web /;
$conf =~ s/127\.0\.0\.1:9145/127.0.0.1:$api/;
$conf =~ s/127\.0\.0\.1:3000/127.0.0.1:$app/;
$conf = moved($conf);

open my $out, '>', "$dir/conf/checkout.conf" or die $!;
print $out $conf;
close $out or die $!;

# the page's blocks: what is typed, and what it prints

my $page = Seckill::Server::slurp('docs/checkout.md');
my @blocks;

while ($page =~ /^```(sh|text)\n(.*?)^```\n/msg) {
    if ($1 eq 'sh') {
        push @blocks, { typed => $2 };
    } else {
        $blocks[-1]{printed} = moved($2);
    }
}

cmp_ok(scalar @blocks, '>=', 11, 'the page has commands');
cmp_ok(scalar(grep { defined $_->{printed} } @blocks), '>=', 6,
       'and says what they print');

# what stops the shop is kept for the end, its keys are not the last block

my ($stop) = grep { $_->{typed} =~ /-s quit/ } @blocks;
@blocks = grep { $_ != $stop } @blocks;

# the variables of one block are there in the next

open my $script, '>', "$dir/script" or die $!;
print $script "set -e\n";

for my $i (0 .. $#blocks) {
    my $typed = moved($blocks[$i]{typed});

    print $script "exec > $dir/printed.$i 2> $dir/failed.$i\n$typed";
    print $script <<"END" if $typed =~ /shop\.js serve/;
echo \$! > $dir/shop.pid
echo \$PAYMENT_KEY > $dir/payment.key
until curl -s -o $dir/x http://127.0.0.1:$app/; do sleep 0.1; done
END
}

close $script or die $!;

is(system('timeout', $WAIT * 2, 'bash', "$dir/script"), 0,
   'all of it can be typed');

for my $i (0 .. $#blocks) {
    my $printed = Seckill::Server::slurp("$dir/printed.$i");
    my ($what) = $blocks[$i]{typed} =~ /^(.*)/;

    is($printed, $blocks[$i]{printed}, "what it prints: $what")
        if defined $blocks[$i]{printed};
    diag(Seckill::Server::slurp("$dir/failed.$i"))
        if !Test::More->builder->is_passing;
}

# the rest is asked from here, as buyers and the provider do

my ($operator) = Seckill::Server::slurp("$dir/etc/seckill.key") =~ /^(\w+)/;
my ($provider) = Seckill::Server::slurp("$dir/payment.key") =~ /^(\w+)/;

like(curl('-H', 'Sec-Fetch-Site: cross-site', '-X', 'POST', cookie('cem'),
          "http://127.0.0.1:$web/checkout/buy"),
     qr/^HTTP\S+ 403 .*^X-Seckill-Result: unauthorized.* on our own page/ms,
     'another site asks');
like(curl(cookie('bob'), "http://127.0.0.1:$web/checkout/"),
     qr/^HTTP\S+ 403 .*^Cache-Control: no-store.*no order/ms, 'who has none');
like(curl('-H', 'X-Seckill-Order: 2', '-H', 'X-Seckill-User: ann', '-H',
          'X-Seckill-Sale: phone', "http://127.0.0.1:$app/checkout/buy"),
     qr/ is paid/, 'the application believes');
like(curl('-H', 'X-Seckill-Order: 2', '-H', 'X-Seckill-User: ann', '-H',
          'X-Seckill-Sale: tablet', "http://127.0.0.1:$app/checkout/buy"),
     qr/^HTTP\S+ 403 /, 'but for its own sale alone');

# a POST elsewhere in the checkout claims nothing

api('PATCH', 'sales/phone', '{"stock":3,"hold":1}');
login($_) for qw(dan eve fay);

like(curl('-X', 'POST', cookie('dan'),
          "http://127.0.0.1:$web/checkout/address"),
     qr/^HTTP\S+ 403 .*no order/ms, 'an address before there is an order');
like(api('GET', 'sales/phone'), qr/"free":1,/, 'wins nothing');

# payments that come too late: there is a unit, there is none, and it was won
# anew by the same user

my $first = bought('dan');
expired('dan', 1);
like(paid($first), qr/^order \d+ of dan is paid$/, 'late, and there is a unit');

api('PATCH', 'sales/phone', '{"stock":4}');
my $lost = bought('eve');
expired('eve', 1);
api('PATCH', 'sales/phone', '{"hold":900}');
my $other = bought('fay');
like(paid($lost), qr/^payment $lost of eve is paid back$/, 'late, and none');
like(paid($lost), qr/^payment $lost of eve is paid back$/, '... once');
my ($until) = api('GET', 'orders?user=fay') =~ /"expires_at":"([^"]+)"/;
like(curl(cookie('fay'), "http://127.0.0.1:$web/checkout/"),
     qr/^pay until \Q$until\E$/m, 'until when');
like(paid($other), qr/^order \d+ of fay is paid$/, 'in time');

api('PATCH', 'sales/phone', '{"stock":5,"hold":1}');
my $old = bought('eve');
expired('eve', 2);
api('PATCH', 'sales/phone', '{"hold":900}');
my $new = bought('eve');
isnt($new, $old, 'another order, another payment');
like(paid($old), qr/^order \d+ of eve is paid$/, 'the first pays the second');
like(api('GET', 'orders?user=eve&state=paid'), qr/^[^}]*"user":"eve"[^}]*\}\]/,
     'once');
like(paid($new), qr/^payment $new of eve is paid back$/,
     'and the second is paid back');

# the buyer's page claims, waits for a unit that returns, and goes on

login('gus');
api('PATCH', 'sales/phone', '{"stock":6}');
login('hal');
bought('hal');
my ($hal) = api('GET', 'orders?user=hal') =~ /"order":(\d+)/;
my $seen = said('timeout', $WAIT, 'node', 't/life/page.js',
                'docs/checkout/phone.html', "http://127.0.0.1:$web",
                token('gus'),
                "http://127.0.0.1:$api/api/orders/$hal/cancel", $operator);
is($seen, "queued 1\ncancelled\nwon \n/checkout/\n", "the buyer's page");

# who waits, as docs/waitlist.md lists them

login('ida');
like(bought('ida'), qr/number 1/, 'another one waits');
my ($who) = Seckill::Server::slurp('docs/waitlist.md')
            =~ /^# (seckill backup .*?)^```/ms;
$who =~ s/^# //mg;
$who =~ s{ drop\.db}{ $dir/drop.db}g;
like(said('bash', '-c', moved($who)), qr/^phone\|\d+\|ida\n\z/m,
     'and is in the list');

# who asks too often: JSON for the page's script, for a form a page that sends
# it again

for (['/drop/phone.json', qr/^\{"code":105,"result":"unavailable"\}$/m],
     ['/checkout/buy', qr/^<form method="POST">.*submit\(\)/ms])
{
    my ($path, $says) = @$_;
    my ($refused) = grep { /^HTTP\S+ 429 / } split /(?=^HTTP)/m,
        curl('-X', 'POST', cookie('cem'), "http://127.0.0.1:$web$path?[1-50]");

    like($refused // 'none', $says, "too often: $path");
}

# the provider brings the buyer back, by a POST of its own site; meanwhile the
# operator's API is away, and then it is back

my $back = bought('gus');
stop("$dir/run/nginx.pid");
like(paid($back, $app), qr/not settled yet/, 'nobody knows');
is(system($nginx, '-p', "$dir/", '-e', "$dir/log/error.log", '-c',
          "$dir/etc/checkout.conf"), 0, 'nginx is back');
like(paid($back, $web, '-X', 'POST', '-H', 'Sec-Fetch-Site: cross-site'),
     qr/^order \d+ of gus is paid$/, 'and the payment, with the buyer');

# with the application away

kill TERM => (Seckill::Server::slurp("$dir/shop.pid") =~ /(\d+)/)[0];
sleep 0.05 until !IO::Socket::INET->new("127.0.0.1:$app");
like(curl('-X', 'POST', cookie('ann'), "http://127.0.0.1:$web/checkout/buy"),
     qr/^HTTP\S+ 502 .*You may have won/ms, 'the shop is away');

# it does not serve without its keys

for my $name (qw(SECKILL_KEY PAYMENT_KEY)) {
    local %ENV = (%ENV, NODE_PATH => '/usr/share/nodejs', SECKILL_KEY => 'x',
                  PAYMENT_KEY => 'x');
    delete $ENV{$name};
    is(system("timeout 20 node docs/checkout/shop.js serve $dir/etc 2> $dir/x")
       >> 8, 2, "no $name, no shop");
}

(my $typed = moved($stop->{typed})) =~ s/^kill /true /m;
is(system('bash', '-c', "shop=\$(cat $dir/shop.pid)\n$typed"), 0,
   'it can be stopped');
stop("$dir/run/nginx.pid") if -e "$dir/run/nginx.pid";
is(join(' ', glob "$dir/*.cookie"),
   join(' ', map { "$dir/$_.cookie" } qw(dan eve fay gus hal ida)),
   'and nothing is left');

# the page's other configurations

my ($session) = $page =~ /^```nginx\n(limit_req_zone \$cookie_sid.*?)^```/ms;
my ($server) = $page =~ /^```nginx\n(server \{\n.*?)^```/ms;
my ($receipt) = $page =~ /^```nginx\n(seckill_receipt .*?)^```/ms;

$server =~ s/10\.0\.0\.1:9146/127.0.0.1:$orders/;
with_session($session, moved($receipt) . moved($server));

my @wrong = grep { /\[(?:alert|crit|emerg)\]/ }
            split /^/, Seckill::Server::slurp("$dir/log/error.log");
is("@wrong", '', 'a clean error log');

done_testing;


sub moved {
    my ($text) = @_;

    $text =~ s{/etc/nginx}{$dir/etc}g;
    $text =~ s{/var/log/nginx}{$dir/log}g;
    $text =~ s{/var/lib/seckill}{$dir/lib/seckill}g;
    $text =~ s{/run/nginx\.pid}{$dir/run/nginx.pid}g;
    $text =~ s{\bconf/checkout\.conf}{$dir/conf/checkout.conf}g;
    $text =~ s{http://127\.0\.0\.1/}{http://127.0.0.1:$web/}g;
    $text =~ s{127\.0\.0\.1:9145}{127.0.0.1:$api}g;
    $text =~ s{(?<![/\w])(\$?\w+\.cookie)}{$dir/$1}g;
    $text =~ s{^nginx }{$nginx -p $dir/ -e $dir/log/error.log }mg;

    return $text;
}


sub stop {
    my ($file) = @_;
    my ($pid) = Seckill::Server::slurp($file) =~ /(\d+)/ or return;
    my $end = time + $WAIT;

    kill TERM => $pid;
    sleep 0.05 while !Seckill::Server::zombie($pid) && time < $end;
}


# an answer with its head

sub curl { my (@args) = @_; return said('curl', '-s', '-i', @args) }


sub said {
    my (@command) = @_;

    open my $in, '-|', @command or die "$command[0]: $!";
    local $/;
    my $text = <$in> // '';
    close $in;

    return $text;
}


sub cookie { my ($user) = @_; return ('-b', "$dir/$user.cookie") }


sub login {
    my ($user) = @_;

    said('curl', '-s', '-c', "$dir/$user.cookie", '-X', 'POST',
         "http://127.0.0.1:$web/login?user=$user");
}


sub token {
    my ($user) = @_;

    return (Seckill::Server::slurp("$dir/$user.cookie") =~ /(eyJ\S+)/)[0];
}


sub api {
    my ($method, $path, $body) = @_;

    return said('curl', '-s', '-X', $method, '-H',
                "Authorization: Bearer $operator",
                "http://127.0.0.1:$api/api/$path", $body ? ('-d', $body) : ());
}


# the number of the payment

sub bought {
    my ($user) = @_;
    my $text = said('curl', '-s', '-X', 'POST', cookie($user),
                    "http://127.0.0.1:$web/checkout/buy");

    return ($text =~ /is held: payment (\d+)/)[0] // "none, but $text";
}


sub expired {
    my ($user, $n) = @_;
    my $end = time + $WAIT;

    until ((() = api('GET', "orders?user=$user&state=expired") =~ /"order"/g)
           == $n)
    {
        die "no order of $user expires" if time > $end;
        sleep 0.1;
    }
}


sub paid {
    my ($payment, $port, @args) = @_;

    return said('curl', '-s', @args, 'http://127.0.0.1:' . ($port // $web)
                . "/payment?payment=$payment&signature="
                . hmac_sha256_hex($payment, $provider));
}


# users of the application's own session, and receipts

sub with_session {
    my ($text, $http) = @_;
    my ($limits, $locations) =
        $text =~ /\A((?:limit_req_zone[^\n]*\n)+)(.*)\z/s;
    my $conf = Seckill::Server::slurp("$dir/conf/checkout.conf");

    $conf =~ s/^    upstream shop/$limits$http$&/m;
    $conf =~ s/^        location \/checkout\/ \{.*?^        \}\n/$locations/ms;
    $conf =~ s/lib\/seckill/lib\/session/;
    $conf =~ s/waitlist=100/waitlist=0/;
    $conf =~ s/^\}\n\z/<<"END"/me;
    server {
        listen 127.0.0.1:$app;
        location = \/whoami {
            if (\$cookie_sid = "") { return 401; }
            add_header X-User \$cookie_sid;
            return 204;
        }
        location = \/checkout\/buy {
            return 200 "\$http_x_seckill_user \$http_x_seckill_sale\\n";
        }
    }
}
END

    open my $out, '>', "$dir/conf/session.conf" or die $!;
    print $out $conf;
    close $out or die $!;

    my @nginx = ($nginx, '-p', "$dir/", '-e', "$dir/log/error.log", '-c',
                 "$dir/conf/session.conf");
    my $end = time + $WAIT;

    sleep 0.05 while -e "$dir/run/nginx.pid" && time < $end;
    is(system(@nginx), 0, 'a session of the application, and receipts');

    my @buy = ('-X', 'POST', "http://127.0.0.1:$web/checkout/buy");

    like(curl(@buy), qr/^HTTP\S+ 401 /, 'no session');
    like(curl('-b', 'sid=ann', @buy), qr/^HTTP\S+ 200 .*^ann phone$/ms,
         'a session');
    like(curl("http://127.0.0.1:$web/whoami"), qr/^HTTP\S+ 404 /,
         'is not told');

    my %status;
    $status{$_}++ for split /\n/,
        said('curl', '-s', '-Z', '--no-progress-meter', '-b', 'sid=bob', '-w',
             '%{http_code}\n', '-o', '/dev/null', '-X', 'POST',
             "http://127.0.0.1:$web/checkout/buy?[1-60]");
    cmp_ok($status{429} // 0, '>', 0, 'a session is limited')
        or diag(explain(\%status));

    like(curl("http://127.0.0.1:$api/api/receipt-keys"), qr/"kty": ?"OKP"/,
         'the key of receipts');
    like(curl('-H', "Authorization: Bearer $operator",
              "http://127.0.0.1:$orders/api/orders?user=ann"),
         qr/^HTTP\S+ 200 .*"state":"held"/ms, 'orders, for the shop');
    like(curl('-H', "Authorization: Bearer $operator",
              "http://127.0.0.1:$orders/api/sales"),
         qr/^HTTP\S+ 404 /, 'and nothing else');
    said(@nginx, '-s', 'quit');
    stop("$dir/run/nginx.pid") if -e "$dir/run/nginx.pid";
}
