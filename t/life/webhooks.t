# seckill events push: each event reaches the receiver, in order, and never with
# another id or body, whatever it answers, and whenever the command is killed;
# and the code of docs/webhooks.md takes what is signed, and nothing else.

use strict;
use warnings;
use Test::More;
use Digest::SHA qw(hmac_sha256_base64);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP qw(decode_json encode_json);
use MIME::Base64 qw(decode_base64 encode_base64);
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(sleep time);
use Seckill::Server;

my $WAIT = 30 * ($ENV{SECKILL_TEST_PATIENCE} || 1);     # seconds

my $dir = tempdir('seckill-webhooks-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $key = join '', map { chr } 1 .. 32;
my $old = 'o' x 24;
my $runs = 0;
my ($err, $exit, $command);

sub slurp { open my $in, '<', $_[0] or return ''; local $/; <$in> // '' }

sub spew {
    my ($name, $text) = @_;
    open my $f, '>', $name or die $!;
    print $f $text;
    close $f or die $!;
    return $name;
}

our $secret = spew("$dir/secret", "# of the shop\n"
    . join '', map { 'whsec_' . encode_base64($_, '') . "\n" } $key, $old);


# the receiver: what it does follows from the path, and from how often it was
# asked there; it keeps all that came

my $listen = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1') or die;
my $target = 'http://127.0.0.1:' . $listen->sockport;
my $receiver = fork // die $!;

if ($receiver == 0) {
    my %asked;

    $SIG{PIPE} = 'IGNORE';

    while (my $c = $listen->accept) {
        receive($c, \%asked);
    }

    POSIX::_exit(0);
}


sub receive {
    my ($c, $asked) = @_;
    my $text = '';

    while ($text !~ /\r\n\r\n/) {
        sysread $c, $text, 65536, length $text or return;
    }

    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($length) = $head =~ /^content-length: (\d+)/mi;

    while (length $body < ($length // 0)) {
        sysread $c, $body, 65536, length $body or return;
    }

    my ($path) = $head =~ m{^POST /(\S*) };
    my %header = map { /^([\w-]+): (.*?)\r?$/ ? (lc $1 => $2) : () } split /\n/, $head;

    my $n = ++$asked->{$path};

    open my $log, '>>', "$dir/log" or die $!;
    syswrite $log, encode_json({ path => $path, header => \%header, body => $body,
                                 time => time }) . "\n";
    close $log;

    my ($what) = split /-/, $path;
    my $odd = $n % 2;

    if ($what eq 'kill' && $n <= 3) {

        # the command, before it has an answer
        kill KILL => slurp("$dir/pid");
        return;
    }

    if ($what eq 'killed' && $n <= 3) {

        # and when it has one
        reply($c, 200);
        kill KILL => slurp("$dir/pid");
        return;
    }

    if ($what eq 'reset' && $odd) {
        setsockopt $c, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
        close $c;
        return;
    }

    if ($what eq 'slow' && $n == 1) {
        sleep 1.5;
        return;
    }

    return reply($c, 302, "Location: $target/elsewhere") if $what eq 'redirect' && $odd;
    return reply($c, 400) if $what eq 'refused' && $odd;
    return reply($c, 503, 'Retry-After: 2') if $what eq 'busy' && $n == 1;
    return reply($c, 410) if $what eq 'gone' && $n == 3;

    if ($what eq 'long' && $odd) {
        reply($c, 204, 'X-Long: ' . 'x' x 1000);
        return;
    }

    reply($c, 200, undef, $what eq 'endless' ? 'x' x 200_000 : 'thanks');
}


sub reply {
    my ($c, $status, $header, $body) = @_;

    $body //= '';
    print $c "HTTP/1.1 $status -\r\n" . ($header ? "$header\r\n" : '')
             . 'Content-Length: ' . length($body) . "\r\nConnection: close\r\n\r\n$body";
    $c->flush;
    close $c;
}


# one run of the command; its standard error to $err, how it ended to $exit

sub start {
    my ($path, @args) = @_;
    my $pid = fork // die $!;

    if ($pid == 0) {
        open STDOUT, '>', "$dir/out";
        open STDERR, '>', "$dir/err";
        spew("$dir/pid", $$);
        exec Seckill::Server::tool(), 'events', 'push', "$target/$path",
            '--secret-file', $secret, '--retry-max', 1, @args
            or POSIX::_exit(127);
    }

    return $pid;
}


sub push_events {
    my ($path, @args) = @_;

    my $pid = start($path, @args);
    my $end = time + $WAIT;

    # one that never ends would send for ever

    while (waitpid($pid, POSIX::WNOHANG()) == 0) {
        kill KILL => $pid if time > $end;
        sleep 0.01;
    }

    $exit = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
    $err = slurp("$dir/err");

    return $exit;
}


sub received { my ($path) = @_; return grep { $_->{path} eq $path }
                                       map { decode_json($_) } split /\n/, slurp("$dir/log") }


# all events, in order; what came twice came next to itself, the same

sub whole {
    my ($path, $name, @want) = @_;
    my (@seqs, %seen, $order, $same);

    ($order, $same) = (1, 1);

    for my $r (received($path)) {
        my $id = $r->{header}{'webhook-id'};
        my $seq = decode_json($r->{body})->{data}{seq};

        if ($seen{$id}) {
            $order = 0 if $seqs[-1] != $seq;
            $same = 0 if $seen{$id} ne $r->{body};
            next;
        }

        $order = 0 if @seqs && $seqs[-1] >= $seq;
        $seen{$id} = $r->{body};
        push @seqs, $seq;
    }

    is("@seqs", "@want", "$name: each event");
    ok($order, "$name: in order");
    ok($same, "$name: what came twice was the same");
}


# a shop of some events

my $s = Seckill::Server->new(http => <<'END');
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=100 hold=15m;
END

$s->start->ready;
$ENV{SECKILL_URL} = "http://127.0.0.1:$s->{port}/api";
delete @ENV{qw(http_proxy SECKILL_KEY SECKILL_KEY_FILE)};

$s->claim('phone', "u$_") for 1 .. 5;
$s->api('POST', "orders/$_/confirm", '{}') for 2, 3;

my $last = $s->api('GET', 'health')->{data}{ledger_seq};
my @all = 1 .. $last;
is($last, 8, 'eight events');


# all of them, once, signed with each secret

is(push_events('ok', '--state', "$dir/ok", '--after', 0, '--once'), 0, 'sent') or diag($err);
whole('ok', 'as it should be', @all);
is($err, '', 'nothing to be said');
is(scalar received('ok'), $last, 'each once');

for my $r ((received('ok'))[0, -1]) {
    my %h = %{$r->{header}};
    my $body = decode_json($r->{body});

    is(join(' ', sort keys %$body), 'data timestamp type', 'what a body has');
    like($h{'webhook-id'}, qr/^evt_[0-9a-f]{16}_$body->{data}{seq}_@{[
         $body->{data}{at} =~ tr,0-9,,cdr]}$/, 'of its store, number and time');
    is($body->{type}, $body->{data}{type}, 'its type');
    is($body->{timestamp}, $body->{data}{at}, 'its time');
    is($h{'content-type'}, 'application/json', 'it is JSON');
    is($h{'webhook-signature'},
       join(' ', map { 'v1,' . hmac_sha256_base64(
           "$h{'webhook-id'}.$h{'webhook-timestamp'}.$r->{body}", $_) . '=' } $key, $old),
       'signed with both secrets');
    cmp_ok(abs($h{'webhook-timestamp'} - time), '<', 300, 'now');
    is(join(' ', grep { /^expect/ } keys %h), '', 'without a question before');
}

my $state = decode_json(slurp("$dir/ok"));
is($state->{after}, $last, 'the state');
is($state->{at}, $s->api('GET', "events?after=@{[$last - 1]}")->{data}[0]{at}, 'and its time');
is((stat "$dir/ok")[2] & 0777, 0600, 'is nobody else\'s');

is(push_events('ok', '--state', "$dir/ok", '--once'), 0, 'again');
is(scalar received('ok'), $last, 'there is nothing more');
is(push_events('ok', '--state', "$dir/ok", '--after', 0, '--once'), 1, 'not from the beginning');
like($err, qr/says where to go on: after event 8$/m, 'it says why');

# other receivers get the same ids

push_events('other', '--state', "$dir/other", '--after', 0, '--once');
is_deeply([map { $_->{header}{'webhook-id'} } received('other')],
          [map { $_->{header}{'webhook-id'} } received('ok')], 'the same ids');

# some, and some of them

push_events('types', '--state', "$dir/types", '--after', 0, '--once', '--types', 'paid,expired');
is(join(' ', map { decode_json($_->{body})->{type} } received('types')), 'paid paid',
   'of some types');
is(decode_json(slurp("$dir/types"))->{after}, $last, 'others are passed');
push_events('count', '--state', "$dir/count", '--after', 2, '--count', 3);
whole('count', 'three', 3 .. 5);
push_events('count', '--state', "$dir/count", '--once');
whole('count', 'and the rest', 3 .. 8);
push_events('now', '--state', "$dir/now", '--once');
is(scalar received('now'), 0, 'from now on');
is(decode_json(slurp("$dir/now"))->{after}, $last, 'which is kept');


# whatever it answers

for my $case (['redirect', qr/status 302: a redirect, which is not followed; trying again/],
              ['refused', qr/status 400: it refuses the event; trying again/],
              ['reset', qr/; trying again/],
              ['long', qr/^$/],
              ['endless', qr/^$/])
{
    my ($path, $said) = @$case;
    is(push_events($path, '--state', "$dir/$path", '--after', 0, '--once'), 0, "$path: sent");
    like($err, $said, "$path: what is said");
    whole($path, $path, @all);
}

is(scalar received('elsewhere'), 0, 'no redirect was followed');

push_events('slow', '--state', "$dir/slow", '--after', 6, '--once', '--timeout', 1);
like($err, qr/timed out.*; trying again/i, 'a timeout');
whole('slow', 'slow', 7, 8);

push_events('busy', '--state', "$dir/busy", '--after', 7, '--once');
my @busy = received('busy');
is(scalar @busy, 2, 'it came again');
cmp_ok($busy[1]{time} - $busy[0]{time}, '>=', 2, 'when it was asked to');
isnt($busy[0]{header}{'webhook-timestamp'}, $busy[1]{header}{'webhook-timestamp'},
     'with the time of then');
is($busy[0]{header}{'webhook-id'}, $busy[1]{header}{'webhook-id'}, 'and the same id');

# 410 is for good

is(push_events('gone', '--state', "$dir/gone", '--after', 0, '--once'), 1, 'who is gone');
like($err, qr{/gone wants no more events \(410\)}, 'it says so');
is(decode_json(slurp("$dir/gone"))->{after}, 2, 'what was taken');
is(push_events('gone', '--state', "$dir/gone", '--once'), 1, 'it does not begin again');
like($err, qr{/gone has said, \S+Z, that it wants no more events}, 'by itself');
is(scalar received('gone'), 3, 'nothing was sent');
is(push_events('gone', '--state', "$dir/gone", '--once', '--resume'), 0, 'but if it is told to');
whole('gone', 'gone', @all);
is(decode_json(slurp("$dir/gone"))->{gone}, undef, 'that is forgotten then');

# nobody is there: it waits

my $nobody = Seckill::Server::free_port();
my $away = start('away', '--state', "$dir/away", '--after', 0, '--once', '--url',
                 "http://127.0.0.1:$nobody/api");
$s->wait_for('it says that nobody is there', sub {
    slurp("$dir/err") =~ /does not answer.*; waiting for it$/m });
kill TERM => $away;
waitpid $away, 0;
is($? >> 8, 143, 'it ends at once');


# killed, at each step

for my $path ('kill', 'killed') {
    my $n = 0;
    my $after = 0;

    while (push_events($path, '--state', "$dir/$path", (-e "$dir/$path" ? () : ('--after', 0)),
                       '--once') ne '0')
    {
        is($exit, 'signal 9', "$path: killed by the receiver");
        last if ++$n > 10;
    }

    is($n, 3, "$path: three times");
    whole($path, $path, @all);
}

SKIP: {
    my $cc = $ENV{CC} // 'gcc';
    skip 'no compiler', 1 if system("$cc -shared -fPIC -o $dir/kill_at.so t/lib/kill_at.c"
                                    . ' -ldl 2> /dev/null') != 0;

    local $ENV{ASAN_OPTIONS} = join ':', grep { defined } $ENV{ASAN_OPTIONS},
                                                          'verify_asan_link_order=0';

    for my $function (qw(send fsync rename)) {
        for my $when (qw(before after)) {
            for my $n (1 .. 6) {
                my $path = "step-$function-$when-$n";

                {
                    local $ENV{LD_PRELOAD} = "$dir/kill_at.so";
                    local $ENV{KILL_AT} = "$function:$when:$n";
                    push_events($path, '--state', "$dir/$path", '--after', 0, '--once');
                }

                is($exit, 'signal 9', "killed $when $function $n");
                is(push_events($path, '--state', "$dir/$path",
                               (-e "$dir/$path" ? () : ('--after', 0)), '--once'), 0,
                   'goes on');
                whole($path, "killed $when $function $n", @all);
            }
        }
    }
}


# a state that cannot be written: nothing is sent that would not be known

mkdir "$dir/full.new";
is(push_events('full', '--state', "$dir/full", '--after', 0, '--once'), 3, 'no place for it');
like($err, qr/^seckill: "\Q$dir\E\/full\.new": Is a directory$/m, 'it says so');
is(scalar received('full'), 0, 'nothing was sent');
is(push_events('full', '--state', "$dir/no/full", '--after', 0, '--once'), 3, 'no directory');


# one process alone

{
    my $one = start('one', '--state', "$dir/one", '--after', 0);
    $s->wait_for('it has sent all', sub { received('one') == $last });
    is(push_events('one', '--state', "$dir/one", '--once'), 1, 'another one');
    like($err, qr/^seckill: another process uses "\Q$dir\E\/one"$/m, 'is refused');

    $s->claim('phone', 'u6');
    $s->wait_for('what has just happened', sub { received('one') == $last + 1 });
    whole('one', 'as it happens', @all, $last + 1);
    kill TERM => $one;
    waitpid $one, 0;
}


# another store behind the same URL

{
    my $t = Seckill::Server->new(http => <<'END');
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=100;
END
    $t->start->ready;
    $t->claim('phone', "v$_") for 1 .. 20;

    my @url = ('--url', "http://127.0.0.1:$t->{port}/api");

    is(push_events('ok', '--state', "$dir/ok", '--once', @url), 1, 'another store');
    like($err, qr/^seckill: conflict: event 8 is not the one/m, 'is noticed');

    # also where nothing is known but which store it was

    my %was = %{decode_json(slurp("$dir/ok"))};
    delete $was{at};
    spew("$dir/ok", encode_json(\%was));
    is(push_events('ok', '--state', "$dir/ok", '--once', @url), 1, 'without a time');
    like($err, qr/has another store than that of/, 'too');
    is(scalar received('ok'), $last, 'nothing was sent');
    $t->done;
}


# what is no state, no secret, no URL

for my $text ('', '{}', '{"store":"x","after":1}', '{"store":"","after":-1}',
              '{"store":"","after":1,"gone":1}')
{
    spew("$dir/bad", $text);
    is(push_events('bad', '--state', "$dir/bad", '--once'), 1, "no state: $text");
    like($err, qr/is no state of "events push"/, 'it says so');
    is(slurp("$dir/bad"), $text, 'and leaves it');
}

for my $text ('', "# none\n", 'whsec_', 'whsec_' . encode_base64('short', ''),
              encode_base64($key, ''), 'whsec_!!!' . encode_base64($key, ''))
{
    local $secret = spew("$dir/none", $text);
    is(push_events('none', '--state', "$dir/s", '--once'), 1, 'no secret');
    like($err, qr/there is no secret|a secret is "whsec_" and 24 to 64 bytes/, 'it says so');
}

for my $args (['--state', "$dir/s"], ['--secret-file', $secret],
              ['--secret-file', $secret, '--state', "$dir/s", '--timeout', 0],
              ['--secret-file', $secret, '--state', "$dir/s", '--retry-max', 'x'],
              ['--secret-file', $secret, '--state', "$dir/s", '--types', 'won,payed'])
{
    system(Seckill::Server::tool() . " events push $target/x @$args 2> $dir/err");
    is($? >> 8, 2, "wrong usage: @$args");
}

is(system(Seckill::Server::tool() . " events push ftp://x --state s --secret-file f 2> $dir/err") >> 8,
   2, 'no URL');


# the receiver's side, as docs/webhooks.md has it

my ($r) = received('ok');
spew("$dir/request.json", encode_json({ secret => 'whsec_' . encode_base64($old, ''),
                                        %{$r}{qw(header body)} }));

for my $language (['python', 'python3', 'verify.py', <<'END'], ['js', 'node', 'verify.mjs', <<'END']) {
import sys
r = json.load(open(sys.argv[1]))
body = r["body"].encode()
print(verify(r["secret"], r["header"], body)["type"])
for change in ("body", "id", "timestamp", "late", "secret"):
    header = dict(r["header"]); secret = r["secret"]; sent = body
    if change == "body": sent = body.replace(b"phone", b"phony")
    elif change == "secret": secret = "whsec_" + "A" * 32
    elif change == "late": header["webhook-timestamp"] = str(int(header["webhook-timestamp"]) - 301)
    elif change == "timestamp": header["webhook-timestamp"] = str(int(header["webhook-timestamp"]) - 1)
    else: header["webhook-id"] += "0"
    try: verify(secret, header, sent); print("taken", change)
    except ValueError: print("refused", change)
END
import fs from "node:fs";
const r = JSON.parse(fs.readFileSync(process.argv[2]));
const body = Buffer.from(r.body);
console.log(verify(r.secret, r.header, body).type);
for (const change of ["body", "id", "timestamp", "late", "secret"]) {
    const header = { ...r.header };
    let secret = r.secret, sent = body;
    if (change === "body") sent = Buffer.from(r.body.replace("phone", "phony"));
    else if (change === "secret") secret = "whsec_" + "A".repeat(32);
    else if (change === "late") header["webhook-timestamp"] = String(header["webhook-timestamp"] - 301);
    else if (change === "timestamp") header["webhook-timestamp"] = String(header["webhook-timestamp"] - 1);
    else header["webhook-id"] += "0";
    try { verify(secret, header, sent); console.log("taken", change); }
    catch (e) { console.log("refused", change); }
}
END
    my ($name, $runs, $file, $test) = @$language;

    SKIP: {
        skip "no $runs", 2 if system("$runs --version > /dev/null 2>&1") != 0;

        my ($code) = slurp('docs/webhooks.md') =~ /^```$name\n(.*?)^```/ms;
        ok($code, "code in $name");
        spew("$dir/$file", $code . $test);
        is(`$runs $dir/$file $dir/request.json 2>&1`,
           "sale_added\n" . join('', map { "refused $_\n" } qw(body id timestamp late secret)),
           "$name takes what is signed, and nothing else");
    }
}

kill TERM => $receiver;
waitpid $receiver, 0;
$s->done;
done_testing;
