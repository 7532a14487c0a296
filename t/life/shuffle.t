# A shuffled opening: who waits and for how long, that nothing tells the seed
# before the window is over, that all can be checked afterwards with the ten
# lines of Python in docs/fair-opening.md; over a kill, a reload, on several
# machines.

use strict;
use warnings;
use Test::More;
use Digest::SHA qw(hmac_sha256 sha256 sha256_hex);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);
use POSIX qw(strftime);
use Time::HiRes qw(sleep time);
use Seckill::Server;
use Seckill::Redis;

my $DAY = 86400;
my $SLACK = 20_000;     # ms that a busy machine may take for a request
my $dir = tempdir('seckill-shuffle-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my ($out, $err);

delete @ENV{qw(SECKILL_URL SECKILL_KEY SECKILL_KEY_FILE http_proxy)};


sub spew {
    my ($name, $text, $mode) = @_;
    open my $f, '>', "$dir/$name" or die $!;
    print $f $text;
    close $f or die $!;
    chmod $mode // 0600, "$dir/$name";
    return "$dir/$name";
}


# the command; its exit code, its output in $out and $err

sub cli {
    my (@args) = @_;
    my $line = join ' ', map { "'$_'" } Seckill::Server::tool(), @args;

    $out = `$line 2> $dir/err`;
    my $exit = $? >> 8;
    $err = Seckill::Server::slurp("$dir/err");

    return $exit;
}


sub at { return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_[0]) }


# the seed, by the store's secret and the ledger's nonce

sub seed_of {
    my ($secret, $name, $nonce) = @_;
    return hmac_sha256("seckill shuffle\0$name\0" . pack('H*', $nonce),
                       $secret);
}

sub raw_opening {
    my ($s, $name) = @_;
    return decode_json($s->sql("SELECT detail FROM ledger WHERE type ="
        . " 'sale_added' AND detail ->> 'name' = '$name'"))->{opening};
}


# the example in the documentation

my ($python) = Seckill::Server::slurp('docs/fair-opening.md')
               =~ /^<!-- example -->\n```python\n(.*?)^```$/ms;
is(scalar(() = $python =~ /^\S|^ +\S/mg), 10, 'it has ten lines');
my $example = spew('example.py', $python);

sub opening {
    my (@args) = @_;
    my $text = `/usr/bin/python3 $example @args 2>&1`;
    chomp $text;
    return $text;
}


# a day's window: who waits, and for how long

my $far = '2999-01-01T00:00:00Z';
my $started = int(time) - 1;
my $s = Seckill::Server->new(http => <<"END");
    seckill_zone zone=drop:4m;
    seckill_sale zone=drop name=long stock=9 start=@{[at($started)]} shuffle=1d;
    seckill_sale zone=drop name=later stock=9 start=$far shuffle=30s;
END

$s->start->ready;

my $raw = raw_opening($s, 'long');
my $seed = seed_of($s->sql('SELECT secret FROM secrets'), 'long',
                   $raw->{nonce});
is(sha256_hex($seed), $raw->{commitment}, 'the seed is the one committed to');
is($s->api('GET', 'sales/long')->{data}{commitment}, $raw->{commitment},
   'the API has the commitment');

my ($n, $right, $asked) = (0, 0, 0);

for my $user (map { "user$_" } 1 .. 20) {
    my $before = time * 1000;
    my $a = $s->claim('long', $user);
    my $b = $s->ask('long', $user);
    my $after = time * 1000;

    next if $a->{result} ne 'waiting';      # one in a million is let in

    my $ms = opening('long', $user, $started * 1000, $DAY, unpack('H*', $seed),
                     $raw->{commitment});
    $n++;
    $right++ if $a->{code} == 7
        && $a->{starts_in} == int(($a->{starts_in_ms} + 999) / 1000)
        && $ms - $a->{starts_in_ms} > $before - $SLACK
        && $ms - $a->{starts_in_ms} < $after + $SLACK;
    $asked++ if $b->{result} eq 'none' && $b->{sale_state} eq 'open'
        && $b->{starts_in_ms} <= $a->{starts_in_ms} && $b->{starts_in} > 0;
}

cmp_ok($n, '>', 18, 'users wait');
is($right, $n, 'until the time that Python computes');
is($asked, $n, 'and are told so if they ask');
like(opening('long', 'a', 0, 30, '00' x 32, $raw->{commitment}),
     qr/another seed/, 'the example looks at the commitment');

my $later = $s->ask('later', 'a');
my $another = $s->ask('later', 'b');
ok($later->{sale_state} eq 'scheduled' && $later->{starts_in}
   && abs($later->{starts_in_ms} - $another->{starts_in_ms}) < $SLACK,
   'nobody hears of his opening before the start, but of that');
is($s->claim('later', 'a')->{result}, 'not_started', 'nor if he claims');
is($s->metric('seckill_claims_total', sale => 'long', result => 'waiting'),
   $n, 'they are counted');

# what the configuration says of a window that is open comes too late

$s->reload(http => <<"END");
    seckill_zone zone=drop:4m;
    seckill_sale zone=drop name=long stock=9 start=@{[at($started)]} shuffle=10m;
    seckill_sale zone=drop name=later stock=9 start=$far shuffle=60s;
END
$s->wait_for('a message', sub {
    $s->log_text =~ /sale "long": its start, end and shuffle stay as/;
});
$s->wait_for('the other one', sub {
    $s->api('GET', 'sales/later')->{data}{shuffle} == 60;
});
is($s->api('GET', 'sales/long')->{data}{shuffle}, $DAY, 'it stays as it is');
is($s->api('PATCH', 'sales/long', '{"shuffle":600}')->{status}, 409,
   'the API says so, too');


# lots are drawn once: a window that has begun and is moved gets no beacon

is($s->api('POST', 'sales', '{"name":"begun","stock":9,"shuffle":86400,'
           . '"start":"' . at($started) . '"}')->{status}, 201, 'one that began');
is($s->api('PATCH', 'sales/begun', qq({"start":"$far"}))->{status}, 200,
   'is moved');
is($s->claim('begun', 'a')->{result}, 'not_started', 'it is scheduled again');

sub beacon_refused {
    my $answer = $s->api('POST', 'sales/begun/beacon',
                         '{"round":1,"value":"00"}');
    is($answer->{status}, 409, "$_[0]: no beacon");
    like($answer->{message}, qr/has started before/, 'and why');
}

beacon_refused('then');


# a short window, in which nothing tells the seed, over a kill

my $WINDOW = 5;
my $draw = $s->api('POST', 'sales', '{"name":"draw","stock":8,"start":'
                   . '"2999-01-01T00:00:00Z","shuffle":' . $WINDOW . '}');
is($draw->{status}, 201, 'a sale with a window');

$ENV{SECKILL_URL} = "http://127.0.0.1:$s->{port}/api";
is(cli('sale', 'beacon', 'draw', '--round', 4711, '--value', 'C0FFEE'), 0,
   'a beacon');
like($out, qr/^value +c0ffee$/m, 'is shown');
is(cli('sale', 'beacon', 'draw', '--round', 4712, '--value', '00'), 1, 'once');
like($err, qr/the sale has its beacon/, 'and says why');

my $db = "$s->{dir}/seckill/drop.db";
my @users = map { "u$_" } 1 .. 40;
my (%order, %told);
my $said = '';
my $killed = 0;

is(cli('sale', 'fairness', 'draw', $db), 3, 'nothing to check yet');
like($out, qr/the seed has not been revealed yet/, 'it says so');

# the window goes along with the start

my $start = int(time) + 1;
is($s->api('PATCH', 'sales/draw', '{"start":"' . at($start) . '"}')->{status},
   200, 'it starts soon');

sub all_that_is_told {
    return join '', map { ($s->request('GET', $_) || {})->{body} // '' }
        '/api/events?limit=1000', '/api/sales', '/api/sales/draw', '/metrics',
        '/api/health';
}

my $end = time + 60;

until (keys %order == 8 || time > $end) {
    for my $user (grep { !exists $order{$_} } @users) {
        my $a = $s->claim('draw', $user) || {};
        $order{$user} = $a->{order} if ($a->{result} // '') =~ /won|already/;
        $told{$a->{result}}++ if $a->{result};
    }

    # it may be revealed between two of these looks, not before the window

    my $text = all_that_is_told();
    $said .= $text if $text !~ /seed_revealed/;

    if (!$killed && $told{waiting}) {
        $killed = 1;
        $s->kill_all;
        $s->start->ready;
        beacon_refused('after a kill');
    }

    sleep 0.02;
}

ok($told{waiting}, 'some had to wait');
is(scalar keys %order, 8, 'all units are sold');

$s->wait_for('the seed', sub {
    $s->api('GET', 'sales/draw')->{data}{seed};
});
$draw = $s->api('GET', 'sales/draw')->{data};
is(sha256_hex(pack 'H*', $draw->{seed}), $draw->{commitment},
   'it is the one committed to');
is_deeply($draw->{beacon}, { round => 4711, value => 'c0ffee' }, 'the beacon');
like($said, qr/beacon_set/, 'there is something to look through');
unlike($said, qr/$draw->{seed}/, 'nothing has told the seed before');
unlike($s->log_text, qr/$draw->{seed}/, 'nor has the log');

my @revealed = grep { $_->{type} eq 'seed_revealed' }
               @{$s->api('GET', 'events?limit=1000')->{data}};
is(scalar @revealed, 1, 'it was revealed once');
is($revealed[0]{detail}{seed}, $draw->{seed}, 'in an event');
(my $over = at($start + $WINDOW)) =~ s/Z$/.000Z/;
cmp_ok($revealed[0]{at}, 'ge', $over, 'after the window');

my $early = 0;

for my $row (split /\n/, $s->sql("SELECT user || ' ' || at FROM ledger WHERE"
        . " type = 'won' AND sale = (SELECT seq FROM ledger WHERE type ="
        . " 'sale_added' AND detail ->> 'name' = 'draw')"))
{
    my ($user, $at) = split ' ', $row;
    $early++ if $at < opening('draw', $user, $start * 1000, $WINDOW,
                              $draw->{seed}, $draw->{commitment}, 'c0ffee');
}

is($early, 0, 'nobody has won before his time');

is(cli('sale', 'fairness', 'draw', $db), 0, 'the command finds the same');
like($out, qr/^ok +openings: 8 orders, \d in the window, none before/m, 'of 8');
(my $begin = at($start)) =~ s/Z$/.000Z/;
like($out, qr/^window +start $begin, shuffle $WINDOW s: 8 orders, \d in it$/m,
     'what was in force');
like($out, qr/^ok +shuffle: never shorter/m, 'as was promised');
like($out, qr/^ok +beacon: before the start, round 4711$/m, 'the beacon');
like($out, qr/^the opening was fair$/m, 'it was fair');
is(cli('--json', 'sale', 'fairness', 'draw', $db), 0, 'as JSON');
my $json = decode_json($out);
ok($json->{fair} && $json->{sales}[0]{orders} == 8
   && $json->{sales}[0]{seed} eq $draw->{seed}, 'the same');
is_deeply($json->{sales}[0]{windows},
          [{ start => $begin, shuffle => $WINDOW, orders => 8,
             in_window => $json->{sales}[0]{in_window} }], 'and the window');
is(cli('sale', 'fairness', 'nothing', $db), 1, 'a sale that is not there');
is(cli('verify', $db), 0, 'the ledger is sound') or diag($out);


# a shuffle that is taken back is allowed, and no secret

is($s->api('POST', 'sales', '{"name":"back","stock":2,"shuffle":30,'
           . qq("start":"$far"}))->{status}, 201, 'a sale with a window');
is($s->api('PATCH', 'sales/back', '{"shuffle":0,"start":null}')->{status}, 200,
   'without one');
$s->wait_for('its seed', sub { $s->api('GET', 'sales/back')->{data}{seed} });

is(cli('sale', 'fairness', 'back', $db), 0, 'nobody has won');
like($out, qr/^ +shuffle is 0 s since event \d+, 30 s were promised; nobody/m,
     'it is said all the same');
is($s->api('PATCH', 'sales/back', '{"limit":2}')->{status}, 200, 'edited again');
is($s->claim('back', $_)->{result}, 'won', "$_ wins") for qw(a b);
is(cli('sale', 'fairness', 'back', $db), 1, 'they had no lots');
like($out, qr/^window +no start, NO shuffle: 2 orders, 0 in it$/m,
     'what was in force');
like($out, qr/^BROKEN +shuffle:.*\n +event \d+ was won with shuffle 0 s, /m,
     'is broken');
like($out, qr/ 30 s were promised until event \d+$/m, 'and why');
like($out, qr/^the opening was NOT fair$/m, 'it was not fair');


# ledgers that say something else

sub changed {
    my ($sql) = @_;
    my $file = "$dir/changed.db";

    unlink $file;
    cli('backup', $db, $file);
    open my $shell, '|-', 'sqlite3', $file or die $!;
    print $shell "DROP TRIGGER ledger_update;\n$sql;\n";
    close $shell or die $!;

    return cli('sale', 'fairness', 'draw', $file);
}

my $of = "sale = (SELECT seq FROM ledger WHERE type = 'sale_added'"
         . " AND detail ->> 'name' = 'draw')";

is(changed('SELECT 1'), 0, 'a copy is as good');
is(changed("UPDATE ledger SET at = @{[$start * 1000]} WHERE type = 'won'"
           . " AND $of"), 1, 'who was let in at the start');
like($out, qr/^BROKEN +openings:.*\n +event \d+ was won \d+ ms before/m,
     'was too early');
is(changed("UPDATE ledger SET user = 'friend' || seq, at ="
           . " @{[$start * 1000]} WHERE type = 'won' AND $of"),
   1, 'friends are found');
is(changed("UPDATE ledger SET detail = json_set(detail, '\$.seed', '"
           . '00' x 32 . "') WHERE type = 'seed_revealed'"), 1, 'another seed');
like($out, qr/^BROKEN +commitment:/m, 'does not fit');
is(changed("UPDATE ledger SET at = 33000000000000 WHERE type = 'beacon_set'"),
   1, 'a beacon that comes late');
like($out, qr/^BROKEN +beacon:.*\n +event \d+ sets the beacon after the start/m,
     'is seen');
is(changed("UPDATE ledger SET at = @{[$start * 1000]} WHERE type ="
           . " 'seed_revealed' AND $of"), 1, 'a seed that was told too soon');
like($out, qr/^BROKEN +seed:/m, 'is seen');
is(changed("UPDATE ledger SET detail = json_set(detail, '\$.seed', '00')"
           . " WHERE type = 'seed_revealed' AND $of"), 1, 'no seed');
like($out, qr/^BROKEN +commitment:.*\n +event \d+ reveals no seed/m, 'is seen');

# lots that are drawn again

is(changed("UPDATE ledger SET seq = 1000000 WHERE type = 'beacon_set'"),
   1, 'a beacon after orders');
like($out, qr/^BROKEN +beacon:.*\n +event \d+ sets the beacon after orders/m,
     'is seen');

my $edit = $s->sql("SELECT seq FROM ledger WHERE type = 'sale_edited' AND $of");
my $set = $s->sql("SELECT seq FROM ledger WHERE type = 'beacon_set'");

is(changed("UPDATE ledger SET detail = json_set(detail, '\$.start_ms', 1000)"
           . " WHERE type = 'sale_added' AND detail ->> 'name' = 'draw';"
           . "UPDATE ledger SET seq = -1 WHERE seq = $edit;"
           . "UPDATE ledger SET seq = $edit WHERE seq = $set;"
           . "UPDATE ledger SET seq = $set WHERE seq = -1"),
   1, 'one after a start that was moved');
like($out, qr/^BROKEN +beacon:.*\n +event \d+ sets the beacon when the sale/m,
     'is seen');

# another shuffle than was promised

sub shuffled_by {
    my ($shuffle) = @_;
    return changed("UPDATE ledger SET detail = json_set(detail,"
                   . " '\$.shuffle_s', $shuffle) WHERE seq = $edit");
}

is(shuffled_by(0), 1, 'none');
like($out, qr/^window +start $begin, NO shuffle: 8 orders, 0 in it$/m,
     'what was in force');
like($out, qr/^BROKEN +shuffle:.*\n +event \d+ was won with shuffle 0 s, /m,
     'is seen');
like($out, qr/ $WINDOW s were promised until event $edit$/m, 'and when');
is(shuffled_by($WINDOW - 1), 1, 'a shorter one');
like($out, qr/^BROKEN +shuffle:.*\n +event \d+ was won with shuffle 4 s/m,
     'is seen');
shuffled_by($WINDOW + 1);
like($out, qr/^ok +shuffle:/m, 'a longer one is none');

# what comes after the seed is known; every opening has come at the end of it

sub then {
    my ($shuffle) = @_;
    my $again = ($start + 1000) * 1000;
    my $won = $again + $WINDOW * 1000 - 1;
    return changed("INSERT INTO ledger (seq, at, type, sale, detail) SELECT"
        . " 1000000, $again - 1, type, sale, json_set(detail, '\$.start_ms',"
        . " $again, '\$.shuffle_s', $shuffle) FROM ledger WHERE seq = $edit;"
        . "INSERT INTO ledger (seq, at, type, sale, user) SELECT 1000001,"
        . " $won, 'won', sale, 'friend' FROM ledger WHERE seq = $edit");
}

is(then($WINDOW), 1, 'a window after the seed');
like($out, qr/^BROKEN +seed:.*\n +event 1000001 was won in a window that came/m,
     'is seen');
like($out, qr/^window .*\nwindow +start \S+, shuffle $WINDOW s: 1 orders, 1 in/m,
     'it is the second');
is(then(0), 0, 'after the window it may be a sale like any other');
like($out, qr/^window .*\nwindow +start \S+, NO shuffle: 1 orders, 0 in it$/m,
     'which is said');

$s->done;


# machines that share a ledger, and a secret

my $redis = Seckill::Redis->new;
my $secret = spew('secret', "0123456789abcdef0123456789abcdef\n");
my $same = spew('same', "0123456789abcdef0123456789abcdef");
my $other = spew('other', "fedcba9876543210fedcba9876543210\n");
my $short = spew('short', "0123456789abcdef0123456789abcde\n");

sub machine {
    my ($name, $file) = @_;
    return 'seckill_zone zone=drop:4m redis=' . $redis->url
           . " machine=$name gone=5s" . ($file ? " secret=$file" : '') . ';';
}

my $m1 = Seckill::Server->new(http => machine('m1', $short),
                              allow => [qr/the secret in "\S+" has 31 bytes/]);
like(join('', `@{[join ' ', $m1->config->command('-t')]} 2>&1`),
     qr/the secret in "\S+" has 31 bytes, 32 to 1024 are allowed/,
     'a secret that is too short');

$m1->start(http => machine('m1', $secret));
my $m2 = Seckill::Server->new(http => machine('m2', $same))->start;

$m1->wait_for('it to wait', sub {
    $m1->request('GET', '/api/health')->{body} =~ /one machine is to begin/;
});
is($m1->api('POST', 'machines/m1/begin')->{status}, 200, 'it begins');
$_->ready for $m1, $m2;

$started = int(time) - 1;
is($m1->api('POST', 'sales', '{"name":"long","stock":9,"start":"' . at($started)
            . '","shuffle":86400}')->{status}, 201, 'a sale with a window');
$m2->wait_for('it there', sub {
    ($m2->ask('long', 'a')->{sale_state} // '') eq 'open';
});

sub opens {
    my ($m, $user) = @_;
    my $a = $m->claim('long', $user);
    return $a->{starts_in_ms} ? time * 1000 + $a->{starts_in_ms} : 0;
}

my ($user) = grep { ($m1->claim('long', $_)->{result} // '') eq 'waiting' }
             qw(a b c);
cmp_ok(abs(opens($m1, $user) - opens($m2, $user)), '<', $SLACK,
       'both open at the same time');

$seed = unpack 'H*', seed_of('0123456789abcdef' x 2, 'long',
                             raw_opening($m1, 'long')->{nonce});
is(sha256_hex(pack 'H*', $seed), raw_opening($m1, 'long')->{commitment},
   'the seed is of the file');
my $log = `redis-cli -p $redis->{port} --raw XRANGE 'seckill:{drop}:log' - +`;
like($log, qr/commitment/, 'the log has the commitment');
unlike($log, qr/$seed/, 'and not the seed');

# one with another secret, or with none, does not guess

for my $file ($other, undef) {
    $m2->stop;
    $m2->start(http => machine('m2', $file));
    $m2->wait_for('a warning', sub {
        ($m2->api('GET', 'health')->{data}{warning} // '')
            =~ /^the seed of sale "long" is not known here/;
    });
    is($m2->claim('long', $user)->{result}, 'unavailable', 'it does not guess');
    is($m2->api('GET', 'health')->{status}, 200, 'all else goes on');
}

like($m2->log_text, qr/the seed of sale "long" is not known/,
     'the log says so');
is($m2->api('POST', 'sales', '{"name":"new","stock":9,"start":"' . $far
            . '","shuffle":30}')->{field}, 'shuffle', 'nor makes such a sale');

$m2->reload(http => machine('m2', $same));
$m2->wait_for('the seed', sub {
    ($m2->claim('long', $user)->{result} // '') eq 'waiting';
});
is($m2->api('GET', 'health')->{data}{warning}, undef, 'nothing is wrong now');

$_->done for $m1, $m2;

done_testing;
