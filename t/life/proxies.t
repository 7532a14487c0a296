# docs/proxies.md: HAProxy and Apache httpd, with the configurations that are
# there to be copied, let winners pass to an application and nobody else.

use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Digest::SHA qw(hmac_sha256);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use IPC::Open2 qw(open2);
use JSON::PP qw(decode_json);
use MIME::Base64 qw(encode_base64url);
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);
use Seckill::Server;

my $WAIT = 30 * ($ENV{SECKILL_TEST_PATIENCE} || 1);
my $SECRET = 's' x 32;
my $KEY = 'k' x 32;

my $dir = tempdir('seckill-life-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my ($asked, $gate, $api, $app, $haproxy, $apache, $hop)
    = Seckill::Server::lasting_ports(7);
my ($module) = split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
my %running;

$ENV{PATH} .= ':/usr/sbin';
$ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} // '') . ':detect_leaks=0';

chmod 0755, $dir;
mkdir "$dir/$_" for qw(etc log lib run);
written('etc/seckill.key', "$KEY shop\n", 0600);
written('etc/login.jwks', '{"keys":[{"kty":"oct","k":"'
                          . encode_base64url($SECRET) . '"}]}', 0600);

# the files as they are, but for where things are

my $temp = join '', map { "    ${_}_temp_path $dir/temp_$_;\n" }
                    qw(client_body proxy fastcgi uwsgi scgi);

written('nginx.conf', moved('conf/proxies.conf', sub {
    s/^load_module .*;/$module ? "load_module $module;" : ''/me;
    s/^user .*;//m if $> != 0;
    s/^worker_rlimit_nofile .*;\n//m;
    s/worker_connections \d+/worker_connections 1024/;
    s/^http \{\n/http {\n$temp/m;
}));

written('etc/seckill.lua', moved('conf/seckill.lua', sub { }));

written('haproxy.cfg', moved('conf/haproxy.cfg', sub {
    s/^ +(?:user|group) .*\n//mg if $> != 0;
    s/maxconn \d+/maxconn 1000/;
    s/bind :80$/bind 127.0.0.1:$haproxy/m;
}));

# the same, but that it passes all on, as the page says

written('hop.cfg', moved('conf/haproxy.cfg', sub {
    s/^.*(?:seckill|checkout).*\n//mg;
    s/maxconn \d+/maxconn 1000/;
    s/bind :80$/bind 127.0.0.1:$hop/m;
    s/server shop 127\.0\.0\.1:$app/server gate 127.0.0.1:$gate/;
}));

written('site.conf', moved('conf/apache.conf', sub {
    s/\*:80>$/127.0.0.1:$apache>/m;
}));

# what Debian's package has around it, with the modules that the file names

my ($enabled) = Seckill::Server::slurp('conf/apache.conf')
                =~ /a2enmod ([\w ]+);/;
my $modules = join '', map { "LoadModule ${_}_module "
                             . "/usr/lib/apache2/modules/mod_$_.so\n" }
                       'mpm_event', 'authz_core', split ' ', $enabled;

written('apache2.conf', <<"END");
ServerRoot $dir
ServerName localhost
PidFile $dir/run/apache2.pid
DefaultRuntimeDir $dir/run
ErrorLog $dir/log/apache.log
Listen 127.0.0.1:$apache
$modules
@{[$> == 0 ? "User www-data\nGroup www-data\n" : '']}
Include $dir/site.conf
END

is(system("haproxy -c -q -f $dir/haproxy.cfg > $dir/log/check 2>&1"), 0,
   'conf/haproxy.cfg') or diag(Seckill::Server::slurp("$dir/log/check"));
is(system("apache2 -t -f $dir/apache2.conf > $dir/log/check 2>&1"), 0,
   'conf/apache.conf') or diag(Seckill::Server::slurp("$dir/log/check"));

# what the page shows of them is there

my $page = Seckill::Server::slurp('docs/proxies.md');
my $shipped = Seckill::Server::slurp('conf/haproxy.cfg')
              . Seckill::Server::slurp('conf/apache.conf');

for my $line ($page =~ /^((?:http-request|acl|Proxy\w+) .*)/mg) {
    my $pattern = join '.*', map { quotemeta } split / \.\.\. /, $line;
    like($shipped, qr/^ *$pattern$/m, "conf has $line");
}

my $application = application();

start_nginx();
start('haproxy', $haproxy, 'haproxy', '-db', '-f', "$dir/haproxy.cfg");
start('hop', $hop, 'haproxy', '-db', '-f', "$dir/hop.cfg");
start('apache', $apache, 'apache2', '-DFOREGROUND', '-f',
      "$dir/apache2.conf");

my %body = (ann => 'x' x (1 << 20) . 'ann', bob => "a=%20&b=\0\r\n\r\n");
my %order;

for (['HAProxy', $haproxy, 'ann'], ['Apache', $apache, 'bob']) {
    my ($name, $port, $user) = @$_;
    my $url = '/checkout/buy?x=%2F&want=2';

    is(ask($port, 'GET', '/')->{body}, "GET / - - 0\n", "$name: other pages");

    # who is nobody, and who says that he is somebody

    my $res = refused("$name: no session", 401, $port, 'POST', $url);
    like($res->{head}, qr/^WWW-Authenticate: Bearer\r?$/mi,
         '... what is wanted');

    $res = refused("$name: one that is forged", 401, $port, 'POST', $url,
                   cookie($user) . 'x', undef, "X-Seckill-User: $user",
                   'X-Seckill-Order: 1');
    like($res->{head}, qr/^WWW-Authenticate: Bearer error="invalid_token"/mi,
         '... what is wrong');

    refused("$name: another form of the checkout", 403, $port, 'POST',
            '/checkout/address', cookie($user), "none\n");

    # a question claims nothing

    refused("$name: a GET", 403, $port, 'GET', $url, cookie($user),
            "none\n");

    # nobody can decide

    my $lock = locked();
    $res = refused("$name: undecided", 503, $port, 'POST', $url, cookie($user));
    like($res->{head}, qr/^Retry-After: \d+\r?$/mi, '... when to ask again');
    unlocked($lock);

    # a winner, with a body that nobody has touched

    $res = ask($port, 'POST', $url, cookie($user), $body{$user});
    is($res->{status}, 200, "$name: who wins passes");
    like($res->{body}, qr/^POST \Q$url\E $user \d+ ${\md5_hex($body{$user})}$/,
         '... with a body as it was sent');
    ($order{$user}) = $res->{body} =~ / $user (\d+) /;

    $res = ask($port, 'POST', $url, cookie($user), 'again');
    like($res->{body}, qr/ $user $order{$user} /,
         '... and again, with his order');

    $res = ask($port, 'GET', $url, cookie($user));
    like($res->{body}, qr/^GET \S+ $user $order{$user} 0$/,
         '... with GET, too');

    $res = ask($port, 'PUT', $url, cookie($user));
    like($res->{body}, qr/^PUT /, '... whatever the method');
}

for (['HAProxy', $haproxy, 'ann', 'bob'], ['Apache', $apache, 'bob', 'ann']) {
    my ($name, $port, $user, $other) = @$_;
    my @forged = map { ("X-Seckill-User: $_", "x-SECKILL-user: $_",
                        "X_Seckill_User: $_", "X-Seckill-Order: $order{$_}",
                        "X-Seckill_Order: $order{$_}", 'X-Seckill-Sale: tablet',
                        'X_Seckill_Sale: tablet') } $other;

    # what only nginx says

    my $res = ask($port, 'POST', '/checkout/buy', cookie($user), 'x', @forged);
    like($res->{body}, qr/^POST \S+ $user $order{$user} /,
         "$name: nobody is somebody else");
    is(heard(), "X-Seckill-User: $user, X-Seckill-Sale: phone, "
                . "X-Seckill-Order: $order{$user}",
       '... and nothing else reaches the application');

    ask($port, 'POST', '/login', '', 'x', @forged);
    is(heard(), '', '... elsewhere nothing at all');

    ask($port, 'POST', $_, cookie('cem'), 'x', @forged),
        is(heard(), '', "... nor at $_")
        for '//checkout/buy', '/%63heckout/buy', '/x/../checkout/buy';

    # losers

    refused("$name: who has lost", 403, $port, 'POST', '/checkout/buy',
            cookie('cem'), "sold_out\n", @forged);
    refused("$name: another site's page", 403, $port, 'POST', '/checkout/buy',
            cookie($user), undef, 'Sec-Fetch-Site: cross-site');
    refused("$name: another site's page, in an old browser", 403, $port,
            'POST', '/checkout/buy', cookie($user), undef,
            'Origin: http://elsewhere');
    is(ask($port, 'POST', '/checkout/buy', cookie($user), 'x',
           'Origin: http://shop.example')->{status}, 200, '... one of its own');
}

is(ask($hop, 'POST', '/checkout/buy', cookie('ann'), 'x')->{status}, 200,
   'HAProxy that passes all on: who has won');
refused('... who has lost', 403, $hop, 'POST', '/checkout/buy', cookie('cem'),
        "sold_out\n");

# whoever has a unit passes, and gets no other one, whatever the limit

is(api('PATCH', 'sales/phone', '{"limit":2,"stock":4}')->{status}, 200,
   'more units, and two for each');

like(ask($haproxy, 'POST', '/checkout/buy?want=2', cookie('ann'), 'x')->{body},
     qr/ ann $order{ann} /, 'who has one passes');
is(sold(), 2, 'and has bought once');

# proxies that ask with GET: Traefik, Caddy; and ingress-nginx

my @forwarded = ($asked, 'GET', '/auth/phone/forwarded?sale=none&want=2');

is(ask(@forwarded)->{status}, 401, 'forwarded: no session');
is(ask(@forwarded, cookie('fay'))->{status}, 403, 'forwarded: a question');
is(ask(@forwarded, cookie('fay'), undef, 'X-Forwarded-Method: GET',
       'X-Seckill-User: ann')->{status}, 403, 'forwarded: GET');
is(ask(@forwarded, cookie('fay'), undef, 'X-Forwarded-Method: POST',
       'Sec-Fetch-Site: cross-site')->{status}, 403,
   "forwarded: another's page");
is(ask(@forwarded, cookie('fay'), undef, 'X-Forwarded-Method: POST',
       'X-Forwarded-Host: shop.example', 'Host: gate',
       'Origin: http://elsewhere')->{status}, 403, '... in an old browser');
is(sold(), 2, 'which claim nothing');

my $res = ask(@forwarded, cookie('fay'), undef, 'X-Forwarded-Method: POST',
              'X-Forwarded-Host: shop.example', 'Host: gate',
              'Origin: http://shop.example');
is($res->{status}, 204, 'forwarded: POST');
like($res->{head}, qr/^X-Seckill-User: fay\r?$/m, '... who it is');
like($res->{head}, qr/^X-Seckill-Order: \d+\r?$/m, '... with which order');
is(ask(@forwarded, cookie('gus'), undef, 'X-Original-Method: POST')->{status},
   204, 'forwarded, as ingress-nginx says it');
is(ask(@forwarded, cookie('fay'), undef, 'X-Forwarded-Method: PUT')->{status},
   204, 'forwarded: who has an order passes with any method');
is(ask(@forwarded, cookie('hal'), undef, 'X-Forwarded-Method: POST')->{status},
   403, 'forwarded: sold out');
is(sold(), 4, 'as many as there are');

# without nginx nobody passes; and when it is back, all is as it was

stop('nginx');

for (['HAProxy', $haproxy, 'ann'], ['Apache', $apache, 'bob']) {
    my ($name, $port, $user) = @$_;

    refused("$name: nginx is away", 503, $port, 'POST', '/checkout/buy',
            cookie($user));
}

start_nginx();

for (['HAProxy', $haproxy, 'ann'], ['Apache', $apache, 'bob']) {
    my ($name, $port, $user) = @$_;

    like(ask($port, 'POST', '/checkout/buy', cookie($user), 'x')->{body},
         qr/ $user $order{$user} /, "$name: and back");
}

stop($_) for keys %running;
kill TERM => $application;
waitpid $application, 0;

my @wrong = grep { /\[(?:alert|crit|emerg)\]/ }
            split /^/, Seckill::Server::slurp("$dir/log/error.log");
is("@wrong", '', 'a clean error log');

done_testing;


sub written {
    my ($name, $text, $mode) = @_;

    open my $out, '>', "$dir/$name" or die "$name: $!";
    chmod $mode, $out if $mode;
    print $out $text;
    close $out or die "$name: $!";
}


sub moved {
    my ($file, $change) = @_;

    local $_ = Seckill::Server::slurp($file);

    s{/etc/(?:nginx|haproxy)/}{$dir/etc/}g;
    s{/var/log/nginx}{$dir/log}g;
    s{/var/lib/seckill}{$dir/lib/seckill}g;
    s{/run/nginx\.pid}{$dir/run/nginx.pid}g;
    s{127\.0\.0\.1:8081}{127.0.0.1:$asked}g;
    s{127\.0\.0\.1:8082}{127.0.0.1:$gate}g;
    s{127\.0\.0\.1:9145}{127.0.0.1:$api}g;
    s{127\.0\.0\.1:3000}{127.0.0.1:$app}g;
    $change->();

    return $_;
}


sub wait_for {
    my ($what, $test) = @_;
    my $end = time + $WAIT;

    until ($test->()) {
        die "waited $WAIT seconds for $what:\n",
            map { Seckill::Server::slurp($_) } glob "$dir/log/*"
            if time > $end;
        sleep 0.02;
    }
}


sub start {
    my ($name, $port, @command) = @_;

    my $pid = fork // die $!;

    if ($pid == 0) {
        open STDOUT, '>>', "$dir/log/$name.out";
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }

    $running{$name} = $pid;
    wait_for("$name to listen", sub {
        die "$name ended: " . Seckill::Server::slurp("$dir/log/$name.out")
            if waitpid($pid, WNOHANG) == $pid;
        IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
    });
}


sub start_nginx {
    start('nginx', $gate, $ENV{TEST_NGINX_BINARY} || 'nginx', '-p', "$dir/",
          '-c', "$dir/nginx.conf", '-e', "$dir/log/error.log",
          '-g', 'daemon off;');
    wait_for('the zone', sub { api('GET', 'health')->{status} == 200 });
}


sub stop {
    my ($name) = @_;
    my $pid = delete $running{$name} or return;

    kill TERM => $pid;
    wait_for("$name to end", sub { waitpid($pid, WNOHANG) != 0 });
}

END {
    local $?;
    kill KILL => grep { defined } values %running, $application;
}


# an application, which notes what it is told and says what it has got

sub application {
    my $server = IO::Socket::INET->new(Listen => 64, LocalPort => $app,
                                       LocalAddr => '127.0.0.1',
                                       ReuseAddr => 1) or die "$app: $!";
    my $pid = fork // die $!;
    return $pid if $pid;

    %running = ();
    $SIG{TERM} = sub { POSIX::_exit(0) };

    while (my $client = $server->accept) {
        my ($line, $head, $body) = request($client) or next;
        my ($user) = $head =~ /^X-Seckill-User: *(.*?)\r$/mi;
        my ($order) = $head =~ /^X-Seckill-Order: *(.*?)\r$/mi;
        my $out = join(' ', $line, $user // '-', $order // '-',
                       length $body ? md5_hex($body) : 0) . "\n";

        written('reached', $head);
        print $client "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                      . 'Content-Length: ' . length($out) . "\r\n\r\n$out";
        close $client;
    }

    POSIX::_exit(1);
}


sub request {
    my ($client) = @_;
    my $in = '';

    until ($in =~ /\r\n\r\n/) {
        sysread $client, $in, 65536, length $in or return;
    }

    my ($head, $body) = split /\r\n\r\n/, $in, 2;
    my ($line) = $head =~ m{^(\S+ \S+) HTTP/1};
    my ($length) = $head =~ /^Content-Length: (\d+)/mi;

    while (length $body < ($length // 0)) {
        sysread $client, $body, 1 << 20, length $body or last;
    }

    return ($line, "$head\r\n", $body);
}


# what the application was told last of who it is, and is not any more

sub heard {
    my @lines = grep { /seckill/i } split /\r\n/,
                Seckill::Server::slurp("$dir/reached");

    unlink "$dir/reached";
    s/^x-seckill-(\w)(\w+)/'X-Seckill-' . uc($1) . $2/e for @lines;

    return join ', ', sort { $b cmp $a } grep { /: ./ } @lines;
}


sub ask {
    my ($port, $method, $uri, $cookie, $body, @headers) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                     Timeout => $WAIT) or die "$port: $!";
    my $head = join "\r\n", "$method $uri HTTP/1.1", $cookie ? $cookie : (),
                    (grep { /^Host:/ } @headers) ? () : 'Host: shop.example',
                    @headers, 'Connection: close',
                    'Content-Length: ' . length($body // '');

    local $SIG{PIPE} = 'IGNORE';
    my $all = "$head\r\n\r\n" . ($body // '');
    for (my $at = 0; $at < length $all; ) {
        $at += syswrite($sock, $all, length($all) - $at, $at) // last;
    }

    return Seckill::Server::read_response($sock) // { status => 0, head => '',
                                                      body => '' };
}


# refused(NAME, STATUS, PORT, METHOD, URI, COOKIE, BODY, HEADERS): it is, and
# has not reached the application; BODY is what it is told, if that matters

sub refused {
    my ($name, $status, $port, $method, $uri, $cookie, $told, @headers) = @_;

    unlink "$dir/reached";
    my $res = ask($port, $method, $uri, $cookie, 'body', @headers);

    is($res->{status}, $status, $name);
    is($res->{body}, $told, '... and why') if defined $told;
    ok(!-e "$dir/reached", '... and has not reached the application');

    return $res;
}


# a token, as a login signs it

sub cookie {
    my ($user) = @_;
    my $token = join '.', map { encode_base64url($_) } '{"alg":"HS256"}',
                sprintf '{"sub":"%s","aud":"shop","exp":%d}',
                        $user, time + 3600;

    return "Cookie: session=$token."
           . encode_base64url(hmac_sha256($token, $SECRET));
}


sub api {
    my ($method, $path, $body) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$api")
        or return { status => 0 };

    $body //= '';
    print $sock "$method /api/$path HTTP/1.1\r\nHost: localhost\r\n"
                . "Authorization: Bearer $KEY\r\nConnection: close\r\n"
                . 'Content-Length: ' . length($body) . "\r\n\r\n$body";

    my $res = Seckill::Server::read_response($sock) or return { status => 0 };

    my $json = eval { decode_json($res->{body}) } || {};

    return { %$json, status => $res->{status} };
}


sub sold { return api('GET', 'sales/phone')->{data}{held} // 'unknown' }


# another program's transaction: no claim is decided until it is over

sub locked {
    my $pid = open2(my $out, my $in, 'sqlite3', '-bail',
                    "$dir/lib/seckill/drop.db");
    $in->autoflush(1);
    print $in ".timeout 30000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n";
    (<$out> // '') eq "locked\n" or die 'the store was not locked';

    return [$pid, $in, $out];
}


sub unlocked {
    my ($pid, $in) = @{$_[0]};

    print $in "ROLLBACK;\n";
    close $in;
    waitpid $pid, 0;
}
