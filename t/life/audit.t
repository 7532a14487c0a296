# Receipts and signed heads that were collected, compared with the ledger by
# seckill verify --receipts: those of a server are good; what a ledger that
# was changed, or a receipt that is false, contradicts is found.

use strict;
use warnings;
use Test::More;
use Crypt::JWT qw(encode_jwt);
use Crypt::PK::Ed25519;
use JSON::PP qw(decode_json encode_json);
use Seckill::Server;

my $s = Seckill::Server->new(
    http => "seckill_zone zone=drop:2m;\n"
          . "seckill_sale zone=drop name=phone stock=2;\n"
          . "seckill_sale zone=drop name=bag stock=9 limit=2 hold=1h;\n"
          . "seckill_sale zone=drop name=left stock=9 group=g;\n"
          . "seckill_sale zone=drop name=right stock=9 group=g;\n"
          . "seckill_receipt key=receipt.json iss=https://shop;\n",
);
my $db = "$s->{dir}/seckill/drop.db";

my $key = Crypt::PK::Ed25519->new->generate_key;
my $jwk = { %{$key->export_key_jwk('private', 1)}, kid => 'k1' };

sub file {
    my ($name, $text, $mode) = @_;

    open my $out, '>', "$s->{dir}/$name" or die $!;
    print $out $text;
    close $out or die $!;
    chmod $mode // 0600, "$s->{dir}/$name";

    return "$s->{dir}/$name";
}

my ($out, $err);

# the command: it has to exit with a code

sub tool {
    my ($code, @args) = @_;

    defined(my $pid = fork) or die $!;

    if ($pid == 0) {
        open STDOUT, '>', "$s->{dir}/out";
        open STDERR, '>', "$s->{dir}/err";
        open STDIN, '<', "$s->{dir}/in" if $args[-1] eq '<';
        pop @args if $args[-1] eq '<';
        exec Seckill::Server::tool(), @args or POSIX::_exit(127);
    }

    waitpid $pid, 0;
    ($out, $err) = map { Seckill::Server::slurp("$s->{dir}/$_") } qw(out err);
    is($? >> 8, $code, "exit $code: seckill @args") or diag($out, $err);

    return $out;
}


# a life, in which everybody keeps what he is told

file('receipt.json', encode_json($jwk));
$s->start->ready;
$ENV{SECKILL_URL} = "http://127.0.0.1:$s->{port}/api";

my (@kept, %head);

sub head { my ($when) = @_; $head{$when} = $s->api('GET', 'health')->{data}{head} }

sub told {
    my ($method, $sale, $user, $result) = @_;
    my $res = $s->request($method, "/seckill?sale=$sale&user=$user&receipt=1");
    my $answer = decode_json($res->{body});

    is($answer->{result}, $result, "$method $sale $user: $result");
    push @kept, $answer->{receipt};

    return $answer->{order};
}

sub signed { push @kept, decode_json($s->request('GET', '/api/head')->{body})->{data}{signed} }

signed();
head('first');
told(GET => 'phone', 'ann-private', 'none');
my $ann = told(POST => 'phone', 'ann-private', 'won');
head('ann');
told($_, 'phone', 'ann-private', $_ eq 'POST' ? 'already' : 'won') for qw(POST GET);
told(POST => 'phone', '%ff%22b', 'won');
told(GET => 'phone', '%ff%22b', 'won');
told($_, 'phone', 'ben', $_ eq 'POST' ? 'sold_out' : 'none') for qw(POST GET);
signed();

my $cem = told(POST => 'bag', 'cem', 'won');
head('held');
told(GET => 'bag', 'cem', 'won');
$s->api('POST', "orders/$cem/confirm");
head('paid');
told(GET => 'bag', 'cem', 'won');
my $cem2 = told(POST => 'bag', 'cem', 'won');
head('two');
told(POST => 'bag', 'cem', 'already');

my $dan = told(POST => 'bag', 'dan', 'won');
$s->api('POST', "orders/$dan/cancel");
head('cancelled');
told(GET => 'bag', 'dan', 'none');
told(POST => 'bag', 'dan', 'won');

my $eli = told(POST => 'left', 'eli', 'won');
told(POST => 'right', 'eli', 'already');
told(GET => 'right', 'eli', 'none');

$s->api('POST', 'sales', '{"name":"old","stock":1}');
my $fay = told(POST => 'old', 'fay', 'won');
head('fay');
$s->api('POST', 'sales/old/end');
told(POST => 'old', 'gil', 'ended');
told(POST => 'old', 'fay', 'already');
is($s->api('DELETE', 'sales/old')->{code}, 0, 'a sale is removed');
head('removed');


# of a group, an order of a sale that is gone counts no more

$s->api('POST', 'sales', '{"name":"gone","stock":9,"group":"g"}');
my $kim = told(POST => 'gone', 'kim', 'won');
head('kim');
$s->api('POST', 'sales/gone/end');
is($s->api('DELETE', 'sales/gone')->{code}, 0, 'another one, too');
head('gone');
told(POST => 'right', 'kim', 'won');

tool(0, 'backup', $db, "$s->{dir}/backup.db");
is($s->api('PATCH', 'sales/bag', '{"limit":3}')->{code}, 0, 'a limit is edited');
head('three');
told(POST => 'bag', 'hal', 'won');
signed();
head('last');

my $all = file('all', join("\n", @kept) . "\n");
my $last = $head{last}{number};


# all are good: with the keys of the server, also while it sells

tool(0, 'verify', $db, '--receipts', $all);
my $n = @kept;
like($out, qr/^ok +receipts: $n of $n are good\n +3 are heads$/m, 'all are good');
like($out, qr/^the ledger is sound$/m, 'and so is the ledger');

file('set.json', $s->request('GET', '/api/receipt-keys')->{body});
tool(1, 'verify', $db, '--receipts', $all, '--keys', "$ENV{SECKILL_URL}/nothing");
$s->stop;
tool(1, 'verify', $db, '--receipts', $all);
like($err, qr{^seckill: no keys: http://.*/api/receipt-keys does not answer: .*connect}mi,
     'no server, no keys of it');

my @keys = ('--keys', "$s->{dir}/set.json");

tool(0, '--json', 'verify', $db, '--receipts', $all, @keys);
my $json = decode_json($out);
is_deeply($json->{receipts}, { lines => scalar @kept, good => scalar @kept, heads => 3,
                               expired => 0, without_head => 0 }, 'counted');
is($json->{sound}, JSON::PP::true, 'sound');


# what is false: each with the server's own key

sub jwt {
    my ($claims, %o) = @_;

    return encode_jwt(payload => $claims, alg => 'EdDSA', key => $o{key} // $key,
                      extra_headers => { kid => $o{kid} // 'k1',
                                         typ => $o{typ} // 'seckill-receipt+jwt' });
}

# receipt(RESULT, SALE, USER, HEAD, more): of long after its head

sub receipt {
    my ($result, $sale, $user, $head, %more) = @_;
    my %claims = (iss => 'x', sub => $user, sale => $sale, result => $result,
                  iat => time + 1000, exp => time + 2000,
                  $head ? (head => $head{$head} // $head) : (), %more);

    delete $claims{$_} for grep { !defined $claims{$_} } keys %claims;

    return jwt(\%claims);
}

sub won { my ($user, $order, $head, %m) = @_;
          receipt('won', 'bag', $user, $head, order => $order, state => 'held', %m) }

(my $altered = $kept[2]) =~ s/\.\K[^.]+/(split m{\.}, $kept[1])[1]/e;
(my $chain = $head{last}{chain}) =~ tr/0-9a-f/1-9a-f0/;
my $no = qr/neither a receipt nor a head/;
my @now = (iat => 1, exp => time + 1000);       # by the ledger's time: at once

my @cases = (
    # what is not signed so
    [$altered, qr/^the signature of the token is wrong$/],
    [jwt({ iat => 1, head => $head{last} }, key => Crypt::PK::Ed25519->new->generate_key),
     qr/^the signature of the token is wrong$/],
    [jwt({ iat => 1, head => $head{last} }, kid => 'k2'), qr/^the key of the token is not known$/],
    [jwt({ iat => 1, head => $head{last} }, typ => 'JWT'),
     qr/^the token is not a signed JWT$/],
    ['garbage', qr/^the token is not a signed JWT$/],
    ['a.b.c', qr/^the token is not a signed JWT$/],
    ["\0\xff", qr/^the token is not a signed JWT$/],
    ['x' x 8193, qr/^the token is larger than 8192 bytes$/],
    ['x' x 3_000_000, qr/^the token is larger than 8192 bytes$/],

    # what is no receipt
    [jwt({ sub => 'ann-private', exp => time }), $no],
    [receipt('none', 'phone', 'x', 'last', iat => '1'), $no],
    [receipt('none', 'phone', 'x', 'last', iat => -1), $no],
    [receipt('none', 'phone', 'x', 'last', exp => 1e15), $no],
    [receipt('none', 'phone', undef, 'last'), qr/$no: it has no "sub"$/],
    [receipt('none', 'phone', undef, undef), $no],
    [receipt('none', 7, 'x', 'last'), $no],
    [receipt('invalid', 'phone', 'x', 'last'), qr/^its "result" is none/],
    [receipt('odd', 'phone', 'x', 'last'), qr/^its "result" is none/],
    [receipt(undef, 'phone', 'x', 'last'), qr/^its "result" is none/],
    [receipt('none', 'phone', 'x', 'last', order => $ann), qr/^it has an order/],
    [receipt('none', 'phone', 'x', 'last', state => 'sold'), qr/^it has an order/],
    [won('cem', undef, 'last'), qr/^it has no good "order"$/],
    [won('cem', 0, 'last'), qr/^it has no good "order"$/],
    [won('cem', $cem, 'last', state => 'lost'), qr/^it has no good "state"$/],
    [won('cem', $cem, 'last', order_sale => 'bag'), qr/^it has no good "order_sale"$/],
    [receipt('none', 'phone', 'x', [1]), qr/^its "head" is none$/],
    [receipt('none', 'phone', 'x', { number => 1 }), qr/^its "head" is none$/],
    [receipt('none', 'phone', 'x', { number => -1, chain => $chain }), qr/^its "head" is none$/],
    [receipt('none', 'phone', 'x', { number => 1, chain => "${chain}0" }), qr/^its "head" is none$/],
    [receipt('none', 'phone', 'x', { number => 1, chain => 'x' x 64 }), qr/^its "head" is none$/],
    [jwt({ iat => 1, head => $head{last}, result => 'won' }), qr/$no: it has no "sub"$/],

    # heads
    [jwt({ iat => 1, head => $head{last} })],
    [jwt({ iat => 1, head => { number => 0, chain => '0' x 64 } })],
    [jwt({ iat => 1, head => { number => 0, chain => $chain } }),
     qr/^the ledger has another history up to its head, event 0$/],
    [jwt({ iat => 1, head => { number => $last, chain => $chain } }),
     qr/^the ledger has another history up to its head, event $last$/],
    [jwt({ iat => 1, head => { number => $last + 1, chain => $chain } }),
     qr/^its head is event @{[$last + 1]}, but the ledger ends with event $last$/],
    [jwt({ iat => 1, head => { number => 1, chain => $chain } }),
     qr/^its head is event 1, with which no commit of the ledger ends$/],
    [receipt('none', 'phone', 'zoe', { number => $last, chain => $chain }),
     qr/^the ledger has another history/],

    # orders
    [won('cem', $cem, 'held')],
    [won('cem', $cem, 'held', exp => time - 5, iat => time - 10)],          # has expired
    [won('cem', $cem, 'held', result => 'already')],
    [won('cem', $cem2, 'held'), qr/^order $cem2 is behind its head, event $head{held}{number}$/],
    [won('cem', 1, 'held'), qr/^there is no order 1$/],
    [won('cem', 999999, undef), qr/^there is no order 999999$/],
    [won('dan', $cem, 'held'), qr/^order $cem is another user's$/],
    [won('dan', $cem, undef), qr/^order $cem is another user's$/],
    [won('cem', $cem, 'held', sale => 'phone'), qr/^order $cem is of another sale$/],
    [won('cem', $cem, undef, sale => 'phone'), qr/^order $cem is of another sale$/],
    [won('cem', $cem, undef, state => 'sold')],                             # has no head

    # their states
    [won('cem', $cem, 'held', state => 'sold'), qr/^order $cem was not sold then, at event /],
    [won('cem', $cem, 'held', state => 'paid'), qr/^order $cem was not paid then, at event /],
    [won('cem', $cem, 'paid', state => 'paid')],
    [won('cem', $cem, 'last', state => 'paid')],
    [won('cem', $cem, 'paid'), qr/^order $cem was not held then, at event $head{paid}{number}$/],
    [won('cem', $cem, 'paid', @now)],                                       # not seen yet
    [won('dan', $dan, 'cancelled'), qr/^order $dan was not held then/],
    [won('dan', $dan, 'cancelled', @now)],
    [receipt('won', 'phone', 'ann-private', 'last', order => $ann, state => 'sold')],
    [receipt('won', 'phone', 'ann-private', 'last', order => $ann, state => 'paid'),
     qr/^order $ann was not paid then/],

    # orders of a group
    [receipt('already', 'right', 'eli', 'last', order => $eli, state => 'sold', order_sale => 'left')],
    [receipt('already', 'left', 'eli', 'last', order => $eli, state => 'sold', order_sale => 'right'),
     qr/^order $eli is of another sale$/],
    [receipt('already', 'phone', 'eli', 'last', order => $eli, state => 'sold', order_sale => 'left'),
     qr/^order $eli is of a sale that is in no group with its own$/],
    [receipt('already', 'never', 'eli', 'last', order => $eli, state => 'sold', order_sale => 'left'),
     qr/^order $eli is of a sale that is in no group with its own$/],

    # who had an order, and was told otherwise
    [receipt('none', 'phone', 'ann-private', 'first')],
    [receipt('none', 'phone', 'ann-private', 'ann'), qr/^it says "none", but its user had order $ann$/],
    [receipt('none', 'phone', 'ann-private', 'ann', @now)],
    [receipt('none', 'phone', "\x{fffd}\"b", 'last'), qr/^it says "none", but/],
    [receipt('sold_out', 'phone', 'ann-private', 'first')],
    [receipt('sold_out', 'phone', 'ann-private', 'last'), qr/^it says "sold_out", but its user had order $ann$/],
    [receipt('ended', 'phone', 'ann-private', 'last'), qr/^it says "ended", but/],
    [receipt('none', 'right', 'eli', 'last')],
    [receipt('queued', 'right', 'eli', 'last')],
    [receipt('queued', 'phone', 'ann-private', 'last'), qr/^it says "queued", but its user had order $ann$/],
    [receipt('sold_out', 'right', 'eli', 'last'), qr/^it says "sold_out", but its user had order $eli$/],
    [receipt('sold_out', 'right', 'kim', 'kim'), qr/^it says "sold_out", but its user had order $kim$/],
    [receipt('sold_out', 'right', 'kim', 'gone')],
    [receipt('sold_out', 'bag', 'cem', 'paid')],
    [receipt('sold_out', 'bag', 'cem', 'two'),
     qr/^it says "sold_out", but its user had order $cem2, and all that the limit allows$/],
    [receipt('sold_out', 'bag', 'cem', 'three')],                           # two of three
    [receipt('none', 'bag', 'cem', 'three'), qr/^it says "none", but its user had order $cem$/],
    [receipt('none', 'bag', 'dan', 'cancelled')],
    [receipt('none', 'bag', 'dan', 'last'), qr/^it says "none", but/],

    # sales
    [receipt('none', 'never', 'zoe', 'last'), qr/^there was no such sale then, at event $last$/],
    [receipt('none', 'old', 'fay', 'held'), qr/^there was no such sale then/],
    [receipt('none', 'old', 'fay', 'fay'), qr/^it says "none", but its user had order $fay$/],
    [receipt('none', 'old', 'fay', 'removed'), qr/^there was no such sale then/],
    [receipt('none', 'old', 'fay', 'removed', @now)],
    [receipt('none', 'phone', 'zoe', undef)],
    [receipt('none', 'phone', 'zoe', 'last')],
    [receipt('none', 'phone', 'zoe', 'last')],
);

# with blanks around them, and empty lines between; the last has no end

file('cases', "\n" . join("\r\n \n", map { " $_->[0]\t" } @cases));
tool(1, 'verify', $db, '--receipts', "$s->{dir}/cases", @keys);

my %why = $out =~ /^ +line (\d+): (.*)$/mg;
my $good = 0;

for my $n (0 .. $#cases) {
    my ($text, $reason) = @{$cases[$n]};
    my $why = delete $why{2 + 2 * $n} // '';

    $good++ if !$reason;
    $text = substr $text, 0, 40;
    $reason ? like($why, $reason, "case $n is bad: $why") : is($why, '', "case $n is good");
}

is(join(' ', sort keys %why), '', 'no other line is bad');
like($out, qr/^BAD +receipts: $good of @{[scalar @cases]} are good$/m, 'counted');
like($out, qr/^ +2 are heads$/m, 'heads');
like($out, qr/^ +1 has expired by now, and good$/m, 'one that has expired');
like($out, qr/^ +2 have no head: only the order is checked$/m, 'those without a head');
like($out, qr/^the ledger is sound, but NOT all receipts are good$/m, 'the verdict');
unlike($out . $err, qr/ann-private|eyJ/, 'nobody is named, no receipt is shown');

tool(1, '--json', 'verify', $db, '--receipts', "$s->{dir}/cases", @keys);
$json = decode_json($out);
is_deeply($json->{receipts}, { lines => scalar @cases, good => $good, heads => 2,
                               expired => 1, without_head => 2 }, 'as JSON');
is(@{$json->{bad}}, @cases - $good, 'each bad one');
is($json->{sound}, JSON::PP::true, 'the ledger is sound all the same');


# files

tool(0, 'verify', $db, '--receipts', file('empty', ''), @keys);
like($out, qr/^ok +receipts: 0 of 0 are good$/m, 'no receipt');

file('in', "$kept[0]\n");
tool(0, 'verify', $db, '--receipts', '-', @keys, '<');
like($out, qr/^ok +receipts: 1 of 1 is good$/m, 'from the standard input');

tool(1, 'verify', $db, '--receipts', "$s->{dir}/nothing", @keys);
like($err, qr/^seckill: ".*nothing": No such file/m, 'no such file');
tool(1, 'verify', $db, '--receipts', $s->{dir}, @keys);
like($err, qr/^seckill: ".*": Is a directory$/m, 'a directory');
tool(1, 'verify', $db, '--receipts', $all, '--keys', "$s->{dir}/nothing");
like($err, qr/^seckill: ".*nothing": No such file/m, 'no such set of keys');
tool(1, 'verify', $db, '--receipts', $all, '--keys', file('text', 'x'));
like($err, qr/^seckill: ".*text": is not valid JSON in line 1$/m, 'no set of keys');
tool(2, 'verify', $db, @keys);
like($err, qr/--keys: only with --receipts/, 'keys for nothing');


# ledgers

# an older one: what was told of later events is not in it

sub lines { return scalar(() = $out =~ /^ +line \d+: $_[0]$/mg) }

tool(1, 'verify', "$s->{dir}/backup.db", '--receipts', $all, @keys);
my $end = $head{gone}{number} + 1;
is(lines("its head is event \\d+, but the ledger ends with event $end"), 2,
   'receipts of events that are not there');

# a row was changed, and the chain is as it was

sub changed {
    my ($sql) = @_;

    system('cp', "$s->{dir}/backup.db", "$s->{dir}/changed.db");
    open my $in, '|-', 'sqlite3', '-bail', "$s->{dir}/changed.db" or die $!;
    print $in "DROP TRIGGER ledger_update; DROP TRIGGER ledger_delete;\n",
              "DROP TRIGGER commits_update; DROP TRIGGER commits_delete;\n$sql;\n";
    ok(close $in, 'a changed ledger');

    return "$s->{dir}/changed.db";
}

my $before = $ann - 1;
tool(1, 'verify', changed("UPDATE ledger SET user = 'zoe' WHERE seq = $ann"),
     '--receipts', $all, @keys);
like($out, qr/^ +chain: after event $before: damaged: /m, 'the chain is broken');
is(lines("its head is event \\d+, but the chain is broken after event $before"),
   @kept - 2, 'behind that no receipt is good');
like($out, qr/^the ledger is BROKEN$/m, 'the verdict');

# and the chain was made again, by a server to which it is an old ledger: that
# has no fault but what the receipts say

sub started {
    my ($store, @claims) = @_;
    my $t = Seckill::Server->new(http => "seckill_zone zone=drop:2m;\n");

    mkdir "$t->{dir}/seckill";
    system('cp', $store, "$t->{dir}/seckill/drop.db");
    system('chown', '-R', 'nobody', "$t->{dir}/seckill") if $> == 0;
    $t->start->ready;
    $t->claim(@$_) for @claims;
    $t->stop;

    return $t;
}

my $t = started(changed("DELETE FROM commits; UPDATE ledger SET user = 'zoe' WHERE seq = $ann"));
tool(1, 'verify', "$t->{dir}/seckill/drop.db", '--receipts', $all, @keys);
like($out, qr/^ok +chain: /m, 'the chain fits');
like($out, qr/^the ledger is sound, but NOT all receipts are good$/m, 'receipts do not');
is(lines('its head is event \d+, with which no commit of the ledger ends')
   + lines('its head is event \d+, but the ledger ends with event \d+')
   + lines('the ledger has another history up to its head, event \d+'), $n,
   'none of them');
$t->done;

# a ledger that went another way from the backup on

$t = started("$s->{dir}/backup.db", map { ['bag', $_] } qw(pat quin));
tool(1, 'verify', "$t->{dir}/seckill/drop.db", '--receipts', $all, @keys);
like($out, qr/^ok +chain: /m, 'a fork is sound');
is(lines('the ledger has another history up to its head, event \d+'), 2,
   'but not what was told of');
$t->done;

# as long as the copy has what a receipt is of, it is good

tool(0, 'verify', "$s->{dir}/backup.db", '--receipts', file('few', join "\n", @kept[0 .. 8]), @keys);

$s->check_log;
$s->cleanup;
done_testing();
