# The command seckill: the whole day of a shop, from the first product to a backup
# that is started elsewhere; what it says when something is wrong; and that its
# verification sees each way in which a ledger can be broken.

use strict;
use warnings;
use Test::More;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP qw(decode_json encode_json);
use Time::HiRes qw(sleep time);
use Seckill::Server;

my $WAIT = 30 * ($ENV{SECKILL_TEST_PATIENCE} || 1);     # seconds
my $UUID = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

my $dir = tempdir('seckill-cli-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;

delete @ENV{qw(SECKILL_URL SECKILL_KEY SECKILL_KEY_FILE http_proxy)};

my ($out, $err);
my $tool = Seckill::Server::tool();


# the command in the background, its output in files

sub start {
    my ($name, @args) = @_;
    my $pid = fork // die $!;

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$dir/$name.out";
        open STDERR, '>', "$dir/$name.err";
        exec $tool, @args or POSIX::_exit(127);
    }

    return $pid;
}


# what it prints goes to $out and $err; it has to exit with a code

sub cli {
    my ($code, @args) = @_;

    waitpid start('cli', @args), 0;
    my $exit = $? & 127 ? "signal $?" : $? >> 8;

    ($out, $err) = map { slurp("$dir/cli.$_") } qw(out err);
    is($exit, $code, "exit $code: seckill @args") or diag($err);

    return $out;
}


sub data { my (@args) = @_; return decode_json(cli(0, '--json', @args)) }

sub slurp { open my $in, '<', $_[0] or return ''; local $/; <$in> // '' }

sub spew {
    my ($name, $text) = @_;
    open my $f, '>', "$dir/$name" or die $!;
    print $f $text;
    close $f or die $!;
    chmod 0600, "$dir/$name";
    return "$dir/$name";
}


sub wait_for {
    my ($what, $test) = @_;
    my $end = time + $WAIT;

    until ($test->()) {
        if (time > $end) {
            fail($what);
            return;
        }
        sleep 0.2;
    }

    pass($what);
}


# help

like(cli(0, '--help'), qr/^usage: seckill COMMAND/, 'help');
is(cli(0, 'help'), cli(0, '-h'), 'by each of its names');

for my $command (qw(product sale order events machine health head backup restore
                    verify))
{
    like(cli(0, $command, '--help'), qr/^usage: seckill $command\b/,
         "help for $command");
    is($out, cli(0, 'help', $command), 'by either name');
    ok(!grep({ length > 80 } split /\n/, $out), 'fits a terminal');
}

cli(0, 'sale', 'add', '--help');
like($out, qr/^usage: seckill sale add NAME --stock N .*--hold TIME/s,
     'help for a command of two words');
unlike($out, qr/sale edit/, 'and for no other');


# what is made of the table that help is made of: the manual page, completion

my %options = map { $_ => 1 }
              map { cli(0, 'help', $_) =~ /^  --([a-z-]+)/mg }
              '', qw(product sale order events machine head backup restore
                     verify);
cmp_ok(scalar keys %options, '>', 30, 'many options');

my $manual = cli(0, 'manual') =~ s/\\-/-/gr;
is(join(' ', grep { $manual !~ /--$_\b/ } sort keys %options), '',
   'all are in the manual page');

SKIP: {
    skip 'no groff', 1 if !grep { -x "$_/groff" } split /:/, $ENV{PATH};
    cli(0, 'manual');
    is(`groff -ww -man -Tascii $dir/cli.out 2>&1 > /dev/null`, '',
       'groff finds nothing wrong with it');
}

cli(0, 'completion', 'zsh');
is(join(' ', grep { $out !~ /--$_\b/ } sort keys %options), '',
   'all are completed in zsh');

SKIP: {
    skip 'no zsh', 1 if !grep { -x "$_/zsh" } split /:/, $ENV{PATH};
    is(system("zsh -n $dir/cli.out"), 0, 'which can read it');
}

cli(0, 'completion', 'bash');
rename "$dir/cli.out", "$dir/complete.bash";

sub completed {
    my (@words) = @_;
    my $words = join ' ', map { "'$_'" } 'seckill', @words;

    return join ' ', split /\n/, `bash -c '. $dir/complete.bash
        COMP_WORDS=(@{[$words =~ s/'/"/gr]}) COMP_CWORD=@{[scalar @words]}
        cd $dir; _seckill; printf "%s\\n" "\${COMPREPLY[\@]}"'`;
}

spew('a file', '');

for my $c ([qr/^product sale .*\bverify\b.* help$/, ''],
           [qr/^edit end$/, 'sale', 'e'],
           [qr/^list begin forget$/, 'machine', ''],
           [qr/^--stock --start$/, 'sale', 'add', 'x', '--st'],
           [qr/^--stock --start$/, '--json', '--url', 'sale', 'sale', 'add', 'x',
            '--st'],
           [qr/^--late$/, 'order', 'confirm', 5, '--l'],
           [qr/^$/, 'order', 'cancel', 5, '--l'],
           [qr/^held$/, 'order', 'list', '--state', 'h'],
           [qr/^held$/, 'order', 'list', '--state', '=', 'h'],
           [qr/^none /, 'sale', 'edit', 'x', '--end', ''],
           [qr/^$/, 'sale', 'add', 'x', '--stock', ''],
           [qr/^a file$/, 'backup', 'a'],
           [qr/^a file$/, 'sale', 'fairness', 'phone', 'a'],
           [qr/^$/, 'sale', 'fairness', 'a'],
           [qr/^a file$/, '--key-file', 'a'],
           [qr/^all$/, 'sale', 'watch', 'a'],
           [qr/^zsh$/, 'completion', 'z'],
           [qr/^order$/, 'help', 'o'])
{
    my ($to, @words) = @$c;
    like(completed(@words), $to, "completion: @words");
}

# what docs say can be typed

my $named = 0;

for my $file ('README.md', glob 'docs/*.md docs/*/*.md conf/*.conf') {
    my $text = slurp($file);
    my %wrong;

    while ($text =~ /\bseckill\ (product|sale|order|events|machine)\ (\w+)
                     ([^`|;#\n]*)/gx)
    {
        my ($noun, $verb, $rest) = ($1, $2, $3);
        $named++;
        $wrong{"$noun $verb"} = 1
            if cli(0, 'help', $noun) !~ /^.* seckill $noun $verb\b/m;
        $wrong{"$noun $verb $_"} = 1
            for grep { !$options{$_} } $rest =~ /--([a-z-]+)/g;
    }

    is(join(', ', sort keys %wrong), '', "commands in $file");
}

cmp_ok($named, '>', 10, 'they name commands');

is(system("$tool --help > /dev/full 2> $dir/full"), 1 << 8, 'a full disk');
like(slurp("$dir/full"), qr/^seckill: cannot write to the standard output: No/,
     'is not passed over');


# wrong usage

my @misuse = (
    [[], qr/^usage: seckill COMMAND/],
    [['sell'], qr/there is no command "sell"/],
    [['sale'], qr/sale what\?/],
    [['sale', 'sell'], qr/there is no "sale sell"\nsee: seckill sale --help/],
    [['sale', 'list', '--frob'], qr/there is no option --frob/],
    [['sale', 'list', '--frob=1'], qr/there is no option --frob\n/],
    [['sale', 'list', '-x'], qr/there is no option -x/],
    [['completion', 'csh'], qr/for bash and zsh, not for "csh"/],
    [['sale', 'list', '--json=1'], qr/--json takes no value/],
    [['sale', 'list', 'phone'], qr/"sale list": too many arguments/],
    [['sale', 'show'], qr/"sale show": an argument is missing/],
    [['sale', 'show', 'a/b'], qr/"a\/b" is no sale's name/],
    [['sale', 'show', '..'], qr/"\.\." is no sale's name/],
    [['sale', 'list', '--price', 5], qr/--price is not for "sale list"/],
    [['sale', 'add', 'a'], qr/--stock is needed/],
    [['sale', 'add', 'a', '--stock'], qr/--stock wants a value/],
    [['sale', 'add', 'a', '--stock=x'], qr/--stock: "x" is no integer$/m],
    [['product', 'add', '--name=a', '--currency=EUR', '--price=19.99'],
     qr/--price: "19.99" is no integer \(of the minor unit: 1999 is 19.99\)/],
    [['sale', 'add', 'a', '--stock=1', '--hold=5y'], qr/"5y" is no time/],
    [['sale', 'add', 'a', '--stock=1', '--shuffle=x'], qr/"x" is no time/],
    [['sale', 'beacon', 'a', '--round', 1], qr/--round and --value are needed/],
    [['sale', 'beacon', 'a', '--round=x', '--value=00'], qr/"x" is no integer/],
    [['sale', 'fairness', 'a'], qr/"sale fairness": an argument is missing/],
    [['sale', 'edit', 'a'], qr/there is nothing to edit/],
    [['sale', 'edit', 'a', '--stock=1', '--add-stock=1'], qr/not both/],
    [['sale', 'watch', '--every', 'x'], qr/--every: seconds are wanted/],
    [['product', 'add', '--name=a'], qr/are needed/],
    [['product', 'edit', 1, '--attributes', '[1]'], qr/"\[1\]" is no JSON obj/],
    [['sale', 'pause', 'a', '--idempotency-key='], qr/1 to 255 printable/],
    [['sale', 'pause', 'a', '--idempotency-key', "a\nb"], qr/1 to 255 print/],
    [['order', 'confirm'], qr/"order confirm": an argument is missing/],
    [['order', 'confirm', 1, 'x'], qr/"x" is no order's number/],
    [['order', 'list', '--all', '--limit=1'], qr/not both/],
    [['events', 'follow', '--wait', 56], qr/0 to 55 is allowed/],
    [['events', 'list', '--at', 'x'], qr/--at: only with --after/],
    [['machine'], qr/machine what\?/],
    [['machine', 'forget'], qr/"machine forget": an argument is missing/],
    [['machine', 'begin'], qr/"machine begin": an argument is missing/],
    [['machine', 'forget', 'a/b'], qr/"a\/b" is no machine's name/],
    [['health', '--url', 'shop'], qr/"shop" is no URL/],
    [['health', '--key-file', "$dir/nothing"], qr/cannot read the key file/],
    [['health', '--key-file', spew('empty', "# a\n\n")], qr/is no key in/],
    [['verify'], qr/"verify": an argument is missing/],
);

for my $m (@misuse) {
    cli(2, @{$m->[0]});
    like($err, $m->[1], 'says why');
    is($out, '', 'on the right channel');
}

{
    local $ENV{SECKILL_KEY} = "a\r";
    cli(2, 'health');
    like($err, qr/odd characters/, 'a key with a line end');
}


# nobody there

my $nowhere = 'http://127.0.0.1:' . Seckill::Server::free_port() . '/api/';

cli(3, 'health', '--url', $nowhere);
like($err, qr/^seckill: http.* does not answer: .*connect/i, 'says so');

my $began = time;
cli(3, 'sale', 'pause', 'phone', '--url', $nowhere);
is(() = $err =~ /trying again/g, 3, 'a write is tried again');
like($err, qr/not known; to ask again: --idempotency-key $UUID$/, 'says how');
cmp_ok(time - $began, '<', 20, 'it does not take long');


# one that is busy at first: it is asked again, for the same thing, by the same
# idempotency key

{
    my $busy = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
        or die $!;
    local $ENV{SECKILL_KEY} = 'secret-key-0123';
    my $pid = start('busy', 'sale', 'edit', 'phone', '--add-stock', 5, '--json',
                    '--url', 'http://127.0.0.1:' . $busy->sockport . '/api/');
    my @asked;

    for my $answer ([503, '{"code":105,"result":"unavailable","message":"no"}'],
                    [502, '<html>'],
                    [200, '{"code":0,"data":{"name":"phone","stock":6}}'])
    {
        my $client = $busy->accept;
        my ($head, $body) = ('', '');

        $head .= $_ while defined($_ = <$client>) && /\S/;
        read $client, $body, ($head =~ /^Content-Length: (\d+)/mi)[0] // 0;
        push @asked, [$head, $body];
        print $client "HTTP/1.1 $answer->[0] x\r\nConnection: close\r\n"
                      . 'Content-Length: ' . length($answer->[1])
                      . "\r\n\r\n$answer->[1]";
        close $client;
    }

    waitpid $pid, 0;
    is($?, 0, 'done at last');
    is(slurp("$dir/busy.out"), qq({"name":"phone","stock":6}\n), 'its answer');
    is(() = slurp("$dir/busy.err") =~ /; trying again$/mg, 2, 'tried again');
    like($asked[0][0], qr{^PATCH /api/sales/phone HTTP}, 'a write');
    like($asked[0][0], qr/^Authorization: Bearer secret-key-0123\r$/m, 'a key');
    like($asked[0][0], qr/^Idempotency-Key: $UUID\r$/m, 'a new one');
    is($asked[0][1], '{"add_stock":5}', 'what is to be done');
    is_deeply($asked[$_], $asked[0], 'the same again') for 1, 2;
}


# ledgers, made with the sqlite3 shell

sub sqlite {
    my ($store, $sql) = @_;

    open my $in, '|-', 'sqlite3', '-bail', $store or die $!;
    print $in $sql;
    ok(close $in, "a store $store") or diag($sql);

    return $store;
}


my $id = 1396919116;
my $v2 = 'seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, type TEXT NOT NULL,'
         . ' sale INTEGER NOT NULL, user TEXT, ticket INTEGER, detail TEXT,'
         . ' object INTEGER, expires INTEGER';

my $stores = 0;

# rows: type, sale, user, object, expires, detail

sub ledger {
    my ($after, @rows) = @_;
    my ($seq, $sql) = (0, '');

    for my $row (@rows) {
        my ($type, $sale, $user, $object, $expires, $detail) =
            map { defined ? "'$_'" : 'NULL' } @$row[0 .. 5];
        $seq++;
        $sql .= "INSERT INTO ledger VALUES ($seq, $seq, $type, $sale, $user,"
                . " NULL, $detail, $object, $expires);\n";
    }

    return sqlite("$dir/ledger" . $stores++ . '.db', <<"END");
PRAGMA journal_mode = WAL;
PRAGMA application_id = $id;
PRAGMA user_version = 2;
CREATE TABLE ledger ($v2);
$sql
$after;
END
}


sub def {
    my ($name, $stock, $limit) = @_;
    return encode_json({ name => $name, stock => $stock, limit => $limit });
}


my @good = (
    ['product_added', 0, undef, 1],
    ['sale_added', 2, undef, undef, undef, def('phone', 2, 1)],
    ['won', 2, 'a', undef, 9000],
    ['won', 2, 'b', undef, 9000],
    ['paid', 2, 'a', 3],                                    # 5
    ['expired', 2, 'b', 4],
    ['won', 2, 'b', undef, 9000],
    ['cancelled', 2, 'a', 3],
    ['sale_added', 9, undef, undef, undef, def('tv', 1, 2)],
    ['won', 9, 'a'],                                        # 10
    ['cancelled', 9, 'a', 10],
    ['sale_edited', 2, undef, undef, undef, def('phone', 3, 2)],
    ['won', 2, 'b', undef, 9000],
    ['sale_removed', 9],
    ['product_edited', 0, undef, 1],                        # 15
    ['product_removed', 0, undef, 1],
    ['sale_added', 17, undef, undef, undef, def('pen', 2, 1)],
    ['won', 17, 'c'],
    ['won', 2, 'd', undef, 9000],
    ['paid', 2, 'd', 19],                                   # 20
);

cli(0, 'verify', ledger('', @good));
is(() = $out =~ /^ok /mg, 7, 'all is well');
unlike($out, qr/BROKEN/, 'nothing is broken');
like($out, qr/^phone +3 +0 +2 +1 +1 +1$/m, 'the sums of a sale');
like($out, qr/^tv +1 +0 +0 +0 +0 +1 +removed$/m, 'of one that was removed');
like($out, qr/^pen +2 +1 +0 +0 +0 +0$/m, 'of one without a hold');
like($out, qr/^none +chain: there is none before schema 4, this one is 2$/m,
     'it is too old to have a chain');
is(data('verify', "$dir/ledger0.db")->{head}, undef, 'and so has no head');

cli(0, 'verify', ledger('', @good,
    map { [$_, 0, undef, undef, undef, '{"machine":"m1"}'] }
        qw(machine_joined machine_left)));
unlike($out, qr/BROKEN/, 'events of machines are known');

cli(0, 'verify', ledger('', @good, ['extended', 2, 'b', 7, 9900],
                        ['extended', 2, 'b', 13, 9900], ['paid', 2, 'b', 7]));
unlike($out, qr/BROKEN/, 'holds that were made longer');
like($out, qr/^phone +3 +0 +1 +2 +1 +1$/m, 'are holds');

my $both = sub { my $d = decode_json(def(@_)); $d->{group} = 'g';
                 encode_json($d) };
my @both = (['sale_added', 21, undef, undef, undef, $both->('left', 5, 1)],
            ['sale_added', 22, undef, undef, undef, $both->('right', 5, 1)],
            ['won', 21, 'a']);

cli(0, 'verify', ledger('', @good, @both, ['cancelled', 21, 'a', 23],
                        ['won', 22, 'a']));
unlike($out, qr/BROKEN/, 'sales of a group');
cli(0, 'verify', ledger('', @good, @both, ['sale_removed', 21],
                        ['won', 22, 'a']));
unlike($out, qr/BROKEN/, 'what was bought of one that was removed');

sub gone {
    my ($order, $user, $stock) = @_;
    return ['cancelled', 2, $user, $order, undef,
            encode_json({ restock => JSON::PP::false, stock => $stock })];
}

cli(0, 'verify', ledger('', @good, gone(13, 'b', 2), gone(19, 'd', 1)));
unlike($out, qr/BROKEN/, 'units that were withdrawn');
like($out, qr/^phone +1 +0 +1 +0 +1 +3$/m, 'are none of the stock');

my @late = ('paid', 2, 'b', 4, undef, '{"late":true}');
my @room = ('sale_edited', 2, undef, undef, undef, def('phone', 4, 3));

cli(0, 'verify', ledger('', @good, \@room, [@late], ['cancelled', 2, 'b', 4],
                        ['won', 2, 'x']));
unlike($out, qr/BROKEN/, 'an order that was paid late');
like($out, qr/^phone +4 +1 +2 +1 +0 +2$/m, 'has expired no more');

cli(0, 'verify', ledger(''));
like($out, qr/numbers: 0 events/, 'an empty ledger');

my @broken = (
    ['an event is missing', 'DELETE FROM ledger WHERE seq = 15', [],
     numbers => qr/event 16 follows event 14/],
    ['the first event is missing', 'DELETE FROM ledger WHERE seq = 1', [],
     numbers => qr/event 2 follows event 0/,
     lives => qr/event 15 \(product_edited\) of a product 1 that was never/],
    ['the number 0', "INSERT INTO ledger(seq, at, type, sale) VALUES (0, 0,"
                     . " 'sale_removed', 17)", [],
     numbers => qr/event 0 follows/, lives => qr/event 0 \(sale_removed\) bef/],
    ['an unknown type', '', [['sold', 2, 'c']],
     contents => qr/event 21, 'sold': an unknown type/],
    ['a win without a user', '', [['won', 2]],
     contents => qr/event 21, 'won': it has no user/,
     stock => qr/event 21/],
    ['a sale that is no JSON',
     "UPDATE ledger SET detail = '{' WHERE seq = 17", [],
     contents => qr/event 17, 'sale_added': its detail cannot be read/],
    ['a sale without a stock', '',
     [['sale_edited', 17, undef, undef, undef, '{"name":"pen","limit":1}']],
     contents => qr/event 21, 'sale_edited': its detail cannot be read/],
    ['a machine without a name', '',
     [['machine_left', 0, undef, undef, undef, '{}']],
     contents => qr/event 21, 'machine_left': it has no machine/],
    ['a machine that is no JSON', '', [['machine_joined', 0]],
     contents => qr/event 21, 'machine_joined': it has no machine/],
    ['a win of no sale', '', [['won', 99, 'x']],
     lives => qr/event 21 \(won\) of a sale 99 that was never added/],
    ['a sale that is of another', '',
     [['sale_added', 2, undef, undef, undef, def('phone', 3, 2)]],
     lives => qr/event 21 \(sale_added\)/],
    ['a win before its sale',
     "UPDATE ledger SET type = 'won', user = 'x', sale = 17, object = NULL"
     . " WHERE seq = 16", [],
     lives => qr/event 16 \(won\) before sale 17 was added/],
    ['a win after its sale', '', [['won', 9, 'x']],
     lives => qr/event 21 \(won\) after sale 9 was removed by event 14/],
    ['a sale removed twice', '', [['sale_removed', 9]],
     lives => qr/event 21 \(sale_removed\) after sale 9/],
    ['a product edited after its end', '', [['product_edited', 0, undef, 1]],
     lives => qr/event 21 \(product_edited\) after product 1 was removed/],
    ['no such product', '', [['product_removed', 0, undef, 2]],
     lives => qr/event 21 \(product_removed\) of a product 2 that was never/],
    ['no such order', '', [['paid', 2, 'b', 99]],
     orders => qr/event 21 \(paid\) of order 99, which was not won/],
    ['an order that is none', '', [['paid', 2, 'b', 12]],
     orders => qr/event 21 \(paid\) of order 12, which was not won/],
    ['no order at all', '', [['expired', 2, 'b']],
     orders => qr/event 21 \(expired\) of order NULL/],
    ['an order to come', '', [['paid', 17, 'x', 22], ['won', 17, 'x']],
     orders => qr/event 21 \(paid\) of order 22, which was not won/],
    ['of another sale', '', [['paid', 17, 'b', 13]],
     orders => qr/event 21 \(paid\) of sale 17, but order 13 is of sale 2/],
    ['of another user', '', [['paid', 2, 'B', 13]],
     orders => qr/event 21 \(paid\) has not the user of order 13/],
    ['paid without a hold', '', [['paid', 17, 'c', 18]],
     states => qr/event 21: order 18 was sold, and became paid/],
    ['expired without a hold', '', [['expired', 17, 'c', 18]],
     states => qr/event 21: order 18 was sold, and became expired/],
    ['paid twice', '', [['paid', 2, 'd', 19]],
     states => qr/event 21: order 19 was paid, and became paid/],
    ['expired when it was paid', '', [['expired', 2, 'd', 19]],
     states => qr/event 21: order 19 was paid, and became expired/],
    ['paid when it had expired', '', [['paid', 2, 'b', 4]],
     states => qr/event 21: order 4 was expired, and became paid/],
    ['more than the limit of a group', '', [@both, ['won', 22, 'a']],
     limits => qr/event 24: 2 units of one user, the limit of sale 22 is 1/],
    ['more than it, though a sale was removed', '',
     [@both, ['sale_removed', 22],
      ['sale_added', 25, undef, undef, undef, $both->('new', 5, 1)],
      ['won', 25, 'a']],
     limits => qr/event 26: 2 units of one user, the limit of sale 25 is 1/],
    ['withdrawn, and sold', '', [gone(13, 'b', 2), ['won', 2, 'x']],
     stock => qr/event 22 \(won\): 3 units in force, the stock of sale 2 is 2/],
    ['more withdrawn than one', '', [gone(13, 'b', 1)],
     stock => qr/event 21 \(cancelled\): 2 units in force, the stock of sale 2/],
    ['withdrawn, and the stock is as it was', '', [gone(13, 'b', 3)],
     stock => qr/event 21 \(cancelled\): a unit of sale 2 is withdrawn, and t/],
    ['withdrawn, and nobody knows what is left', '', [gone(13, 'b', undef)],
     contents => qr/event 21, 'cancelled': its detail cannot be read/,
     stock => qr/event 21 \(cancelled\): a unit/],
    ['made longer twice', '', [(['extended', 2, 'b', 13, 9900]) x 2],
     states => qr/event 22: order 13 was extended, and became extended/],
    ['made longer when it was paid', '', [['extended', 2, 'd', 19, 9900]],
     states => qr/event 21: order 19 was paid, and became extended/],
    ['made longer, and nobody knows until when', '',
     [['extended', 2, 'b', 13]],
     contents => qr/event 21, 'extended': it has no end/],
    ['made longer, of another user', '', [['extended', 2, 'B', 13, 9900]],
     orders => qr/event 21 \(extended\) has not the user of order 13/],
    ['paid late when it had not expired', '',
     [['paid', 2, 'b', 13, undef, '{"late":true}']],
     states => qr/event 21: order 13 was held, and became paid late/,
     stock => qr/event 21 \(paid\): 4 units in force/,
     limits => qr/event 21: 3 units/],
    ['paid late, and no unit was free', '',
     [['sale_edited', 2, undef, undef, undef, def('phone', 3, 3)], [@late]],
     stock => qr/event 22 \(paid\): 4 units in force, the stock of sale 2 /],
    ['paid late, over the limit', '',
     [['sale_edited', 2, undef, undef, undef, def('phone', 4, 2)], [@late]],
     limits => qr/event 22: 3 units of one user, the limit of sale 2 is 2/],
    ['paid late twice', '', [\@room, [@late], [@late]],
     states => qr/event 23: order 4 was paid late, and became paid late/,
     stock => qr/event 23/, limits => qr/event 23/],
    ['cancelled when it had expired', '', [['cancelled', 2, 'b', 4]],
     states => qr/event 21: order 4 was expired, and became cancelled/],
    ['cancelled twice, for two orders', '',
     [['cancelled', 2, 'a', 3], ['cancelled', 2, 'd', 19],
      ['cancelled', 2, 'd', 19]],
     states => qr/: order 3 was cancelled, and became cancelled, and 1 more /],
    ['more than the stock', '', [['won', 17, 'x'], ['won', 17, 'y']],
     stock => qr/event 22 \(won\): 3 units in force, the stock of sale 17 is /],
    ['a stock below what is sold', '',
     [['sale_edited', 2, undef, undef, undef, def('phone', 2, 2)]],
     stock => qr/event 21 \(sale_edited\): 3 units in force, the stock of sa/],
    ['more than the limit', '',
     [['sale_edited', 2, undef, undef, undef, def('phone', 9, 2)],
      ['won', 2, 'b']],
     limits => qr/event 22: 3 units of one user, the limit of sale 2 is 2/],
    ['more than a limit that was made smaller', '',
     [['cancelled', 2, 'b', 7],
      ['sale_edited', 2, undef, undef, undef, def('phone', 9, 1)],
      ['won', 2, 'b']],
     limits => qr/event 23: 2 units of one user, the limit of sale 2 is 1/],
);

for my $b (@broken) {
    my ($name, $sql, $rows, %why) = @$b;

    cli(1, 'verify', ledger($sql, @good, @$rows));
    is(join(' ', $out =~ /^BROKEN +(\w+)/mg),
       join(' ', grep { $why{$_} } qw(numbers contents lives orders states
                                      stock limits)), "broken: $name");
    for my $check (keys %why) {
        my ($said) = $out =~ /^BROKEN +$check:.*\n((?: .*\n)+)/m;
        like($said // '', $why{$check}, "$name: $check says which");
    }
    like($out, qr/^the ledger is BROKEN$/m, "$name: the verdict");
}

cli(1, '--json', 'verify', ledger('', @good, ['won', 99, 'x']));
is(decode_json($out)->{sound}, JSON::PP::false, 'as JSON');
is(decode_json($out)->{bad}[0],
   'event 21 (won) of a sale 99 that was never added', 'with the event');

# the first version's

cli(0, 'verify', sqlite("$dir/v1.db", <<"END"));
PRAGMA application_id = $id;
PRAGMA user_version = 1;
CREATE TABLE ledger (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL,
    type TEXT NOT NULL, sale INTEGER NOT NULL, user TEXT, ticket INTEGER,
    detail TEXT);
INSERT INTO ledger VALUES (1, 1, 'sale_added', 1, NULL, NULL,
    '{"name":"phone","stock":1,"limit":1}'), (2, 2, 'won', 1, 'a', 0, NULL);
END
like($out, qr/^phone +1 +1 +0 +0 +0 +0$/m, 'a store of the first version');

cli(1, 'verify', sqlite("$dir/new.db", <<"END"));
PRAGMA application_id = $id; PRAGMA user_version = 7;
CREATE TABLE ledger ($v2);
END
like($err, qr/has schema 7, this command knows 6/, 'a newer version');

sqlite("$dir/other.db", 'CREATE TABLE ledger (seq);');
for my $case ([verify => "$dir/other.db"],
              [backup => "$dir/other.db", "$dir/x.db"],
              [restore => "$dir/other.db", "$dir/x.db"])
{
    cli(1, @$case);
    like($err, qr/other\.db" is not a seckill store$/, 'of another program');
}

cli(1, 'verify', spew('text', 'x' x 5000));
like($err, qr/text": file is not a database/, 'no database');
cli(1, 'verify', "$dir/nothing");
like($err, qr/there is no ".*nothing"/, 'no file');


# a backup, a restore: names, what is there already, what is damaged

my $store = ledger('', @good);
mkdir "$dir/it's a 'dir'";
my $odd = "$dir/it's a 'dir'/file:x.db";

cli(0, 'backup', $store, $odd);
like($out, qr/^20 events, checked, in /, 'a backup');
is((stat $odd)[2] & 0777, 0600, 'that not everybody may read');
cli(0, 'verify', $odd);
cli(1, 'backup', $store, $odd);
like($err, qr/is there already \(--force replaces it\)/, 'no overwriting');
cli(0, 'backup', '--force', $store, $odd);
cli(1, 'backup', '--force', $store, $store);
like($err, qr/that is one file/, 'nor of itself');
cli(1, 'restore', $odd, "$dir/nowhere/x.db");
like($err, qr/there is no directory/, 'restore: no directory');

mkdir "$dir/place";
my $new = "$dir/place/new.db";
my @nobody = getpwnam 'nobody';
chown @nobody[2, 3], "$dir/place" if $> == 0;

cli(0, 'restore', $odd, $new);
like($out, qr/^20 events in \Q$new\E.*^Next: start nginx/ms, 'what is next');
is((stat $new)[2] & 0777, 0600, 'its mode');
is((stat $new)[4], (stat "$dir/place")[4], 'its owner is that of its place');
cli(1, 'restore', $odd, $new);
like($err, qr/is there already/, 'no overwriting');

# in place of another one: with its mode, and for the worker user

sub again {
    my ($mode, $owner, $place, $from) = @_;
    chmod $mode, $new;
    if ($> == 0) {
        chown $owner, -1, $new;
        chown $place, -1, "$dir/place";
    }
    cli(0, 'restore', '--force', $from // $odd, $new);
    my ($kept) = $out =~ /^the old store is (.*)$/m;
    unlink $kept;
    chown $nobody[2], -1, "$dir/place" if $> == 0;
    return sprintf '%04o', (stat $new)[2] & 0777;
}

is(again(0644, $nobody[2], $nobody[2]), '0644', 'the mode of the old one');
is(again(0640, $nobody[2], 0), '0640', 'whatever it is');
is((stat $new)[4], $> ? $> : $nobody[2], 'and its owner');
is(again(0600, 0, $nobody[2]), '0600', 'one of root\'s');
is((stat $new)[4], (stat "$dir/place")[4], 'is not root\'s any more');

cli(0, 'backup', $odd, "$dir/secret.db");
sqlite("$dir/secret.db", 'CREATE TABLE IF NOT EXISTS secrets (id, secret);'
       . " INSERT INTO secrets (id, secret) VALUES (1, 'x');");
is(again(0644, $nobody[2], $nobody[2], "$dir/secret.db"), '0640',
   'with a secret it is nobody else\'s');
again(0600, $nobody[2], $nobody[2]);

# the old store stays whole: what its log has is kept with it

sqlite($new, <<"END");
.dbconfig no_ckpt_on_close on
PRAGMA journal_mode = WAL;
INSERT INTO ledger (seq, at, type, sale) VALUES (21, 21, 'sale_removed', 17);
END
ok(-s "$new-wal", 'the old store has a log');
spew("place/new.db-$_", 'x') for qw(seq query query-wal);

cli(0, 'restore', '--force', $odd, $new);
my ($kept) = $out =~ /^the old store is (.*)$/m;
is(join(' ', map { s{.*/}{}r } sort glob "$dir/place/*"),
   join(' ', 'new.db', map { s{.*/}{}r } $kept, "$kept-wal"),
   'what is left beside it');
is(`sqlite3 -readonly '$kept' 'SELECT max(seq) FROM ledger'`, "21\n",
   'the old store is whole');
is(`sqlite3 -readonly '$new' 'SELECT max(seq) FROM ledger'`, "20\n",
   'the new one is the backup');

open my $holder, '<', $new or die $!;
cli(1, 'restore', '--force', $odd, $new);
like($err, qr/process $$ \(.*\) has "\Q$new\E" open: stop it/, 'in use');
close $holder;

cli(1, 'restore', ledger('DELETE FROM ledger WHERE seq = 3', @good),
    "$dir/place/gap.db");
like($err, qr/is not whole: 19 events, the last is 20/, 'a gap');

{
    open my $f, '+<', $odd or die $!;
    seek $f, 4096, 0;
    print $f 'x' x 4096;
}
cli(1, 'restore', $odd, "$dir/place/damaged.db");
like($err, qr/malformed|damaged/, 'damage');
ok(!-e "$dir/place/$_", "no $_ is left") for qw(gap.db gap.db.part damaged.db
                                               damaged.db.part);


# the shop opens

my $s = Seckill::Server->new(http => '    seckill_zone zone=drop:8m;');

spew('keys', "0123456789abcdef shop\nreadonlykey-0123 reports ro\n");
$s->start(server => <<"END")->ready;
        location /keyed/ { seckill_api zone=drop key=$dir/keys; }
END

my $db = "$s->{dir}/seckill/drop.db";
my $base = "http://127.0.0.1:$s->{port}";
$ENV{SECKILL_URL} = "$base/api/";

like(cli(0, 'health'), qr/^zone +drop$/m, 'health');

cli(1, 'head');
like($err, qr/^seckill: invalid: no receipts are signed here$/, 'no receipts');

# keys

{
    local $ENV{SECKILL_URL} = "$base/keyed";

    cli(1, 'health');
    like($err, qr/^seckill: unauthorized: .*\(--key-file, or SECKILL_KEY\)$/,
         'no key');
    cli(0, 'health', '--key-file', "$dir/keys");

    local $ENV{SECKILL_KEY} = 'readonlykey-0123';
    cli(0, 'health');
    cli(1, 'sale', 'add', 'phone', '--stock', 1);
    like($err, qr/^seckill: unauthorized: /, 'a key that may only read');

    $ENV{SECKILL_KEY} = 'wrong';
    cli(1, 'health');
    like($err, qr/^seckill: unauthorized: /, 'a wrong key');

    delete $ENV{SECKILL_KEY};
    local $ENV{SECKILL_KEY_FILE} = "$dir/keys";
    cli(0, 'health');

    # not to be seen by others, while it waits for an event

    my $pid = start('secret', 'events', 'follow', '--wait', 20);
    wait_for('it to ask', sub {
        grep { (readlink $_ // '') =~ /^socket/ } glob "/proc/$pid/fd/*";
    });
    my $lines = join '', map { slurp($_) } glob '/proc/[0-9]*/cmdline';
    like($lines, qr/events\0follow/, 'a reader');
    unlike($lines, qr/0123456789abcdef/, 'the key is in no command line');
    my $start = time;
    kill TERM => $pid;
    waitpid $pid, 0;
    is($? >> 8, 143, 'ended by a signal');
    cmp_ok(time - $start, '<', 15, 'not by the end of its wait, which is 20 s');
}

cli(1, 'health', '--url', "$base/elsewhere");
like($err, qr/status 404 from .*elsewhere, which is no answer of the API/,
     'a wrong URL');

# a reader from the first event on, who stays

my $reader = start('reader', 'events', 'follow', '--after', 0, '--wait', 5);

# products

my $phone = data('product', 'add', '--name', "Ph\x{c3}\x{b6}ne",
                 '--price', 1999, '--currency', 'EUR',
                 '--attributes', '{"colour":"red"}');
is_deeply([@$phone{qw(name price currency attributes)}],
          ["Ph\x{f6}ne", 1999, 'EUR', { colour => 'red' }], 'a product');
cli(1, 'product', 'add', '--name', "Ph\x{c3}\x{b6}ne", '--price', 1,
    '--currency', 'EUR');
like($err, qr/^seckill: conflict: /, 'not twice');
cli(1, 'product', 'add', '--name', 'x', '--price', -1, '--currency', 'EUR');
like($err, qr/^seckill: invalid: price: /, 'not for less than nothing');
is(data('product', 'edit', $phone->{id}, '--price', 1799)->{price}, 1799,
   'a price is changed');
like(cli(0, 'product', 'show', $phone->{id}), qr/^price +1799$/m, 'shown');
like(cli(0, 'product', 'show', "Ph\x{c3}\x{b6}ne"), qr/^id +$phone->{id}$/m,
     'by its name');
is(data('product', 'edit', "Ph\x{c3}\x{b6}ne", '--attributes',
        '{"colour":"red","weight":0.1}')->{attributes}{weight}, 0.1, 'edited');
like($out, qr/"weight":0\.1\}/, 'as it was written');
cli(1, 'product', 'show', 'phone');
like($err, qr/^seckill: there is no product "phone"; "seckill product list" has/,
     'none of this name');
cli(1, 'product', 'remove', "PH\x{c3}\x{b6}NE");
like($err, qr/^seckill: there is no product "PH..NE", but "Ph..ne"$/,
     'nearly of this name');
like(cli(0, 'product', 'list'),
     qr/^ *id  name +price .*\n *$phone->{id}  Ph..ne +1799  EUR +\{"colour/,
     'listed');

# a sale

my $sale = data('sale', 'add', 'phone', '--stock', 20, '--hold', '1s',
                '--product', $phone->{id}, '--paused');
is_deeply([@$sale{qw(name stock limit hold product state free)}],
          ['phone', 20, 1, 1, $phone->{id}, 'paused', 20], 'a sale');
cli(1, 'sale', 'add', 'phone', '--stock', 1);
like($err, qr/^seckill: conflict: /, 'not twice');
cli(1, 'sale', 'add', 'other', '--stock', 1, '--product', 'nothing');
like($err, qr/^seckill: there is no product "nothing"/, 'of no such product');
is(data('sale', 'edit', 'phone', '--product', 'none')->{product}, undef,
   'of none');
is(data('sale', 'edit', 'phone', '--product', "Ph\x{c3}\x{b6}ne")->{product},
   $phone->{id}, 'of one that is named');
cli(1, 'sale', 'show', 'nothing');
like($err, qr/^seckill: unknown_sale: /, 'none of this name');
cli(1, 'product', 'remove', $phone->{id});
like($err, qr/^seckill: conflict: /, 'a product of a sale stays');

is($s->claim('phone', 'u1')->{result}, 'paused', 'not yet');
is(data('sale', 'resume', 'phone')->{state}, 'open', 'open');

# 10 are never seen again

my %lost;
for my $n (11 .. 20) {
    my $a = $s->claim('phone', "u$n");
    is($a->{result}, 'won', "u$n has one");
    $lost{"u$n"} = $a->{order};
}

wait_for('they expire', sub {
    my $res = $s->request('GET', '/api/orders?sale=phone&state=expired');
    return @{decode_json($res->{body})->{data}} == 10;
});

cli(1, 'order', 'confirm', $lost{u11});
like($err, qr/^seckill: order $lost{u11}: conflict: /, 'too late');
like(cli(0, 'order', 'show', $lost{u11}), qr/^state +expired$/m, 'shown');
is(data('order', 'confirm', $lost{u11}, '--late')->[0]{state}, 'paid',
   'but it may be paid');
cli(0, 'order', 'cancel', $lost{u11});
cli(2, 'order', 'cancel', $lost{u12}, '--late');
cli(2, 'order', 'confirm', $lost{u12}, '--no-restock');
is(data('sale', 'edit', 'phone', '--hold', '1h')->{free}, 20,
   'all are on sale again, and will be held for long');

# it sells out; those who came back are among them

my %order;
for my $n (1 .. 20) {
    my $a = $s->claim('phone', "u$n");
    is($a->{result}, 'won', "u$n has one");
    $order{"u$n"} = $a->{order};
}
is($s->claim('phone', 'u21')->{result}, 'sold_out', 'no more');

# one limit over two sales

cli(0, 'sale', 'add', $_, '--stock', 1, '--group', 'both') for qw(left right);
is($s->claim('left', 'u1')->{result}, 'won', 'one of a group');
is($s->claim('right', 'u1')->{order_sale}, 'left', 'not one of each');
is(data('sale', 'show', 'left')->{group}, 'both', 'its group');
cli(2, 'sale', 'edit', 'left', '--group', 'other');

# a unit that is gone

cli(0, 'order', 'cancel', $s->ask('left', 'u1')->{order}, '--no-restock');
is(data('sale', 'show', 'left')->{stock}, 0, 'the stock is one less');

# one takes longer

is(data('sale', 'edit', 'phone', '--extend', '1m30s')->{extend}, 90, 'longer');
my $before = data('order', 'show', $order{u20})->{expires_at};
cmp_ok(data('order', 'extend', $order{u20}, '--user', 'u20')->[0]{expires_at},
       'gt', $before, 'it ends later');
cli(1, 'order', 'extend', $order{u20});
like($err, qr/^seckill: order $order{u20}: conflict: /, 'once');
cli(1, 'sale', 'edit', 'phone', '--extend', '31d');
cli(2, 'sale', 'edit', 'phone', '--extend', 'x');
like($err, qr/--extend: "x" is no time/, 'what it is, is said');

$sale = data('sale', 'show', 'phone');
is_deeply([@$sale{qw(state free held sold)}], ['sold_out', 0, 20, 0],
          'all held');

# 8 pay, 2 change their mind

my $list = data('order', 'list', '--sale', 'phone', '--state', 'held', '--all');
is_deeply([map { $_->{order} } @$list], [sort { $a <=> $b } values %order],
          'the orders');

my @paid = @order{map { "u$_" } 1 .. 8};
my $done = data('order', 'confirm', @paid);
is_deeply([map { "$_->{order} $_->{state}" } @$done], [map { "$_ paid" } @paid],
          'paid');
cli(1, 'order', 'confirm', $paid[0], '--user', 'nobody');
like($err, qr/conflict: the order is another user's/, 'it is not that user\'s');
cli(0, 'order', 'confirm', $paid[0]);
like($out, qr/^ *$paid[0]  phone +u1 +paid /m, 'to say it twice is allowed');

cli(0, 'order', 'cancel', @order{qw(u9 u10)});
is(() = $out =~ / cancelled /g, 2, 'cancelled');
cli(1, 'order', 'confirm', $order{u9}, $paid[1], 999999);
like($err, qr/^seckill: order $order{u9}: conflict: /m, 'it stays so');
like($err, qr/^seckill: order 999999: invalid: /m, 'no such order');
like($out, qr/^ *$paid[1] .* paid /m, 'the others are done');

is(data('sale', 'show', 'phone')->{free}, 2, '2 are on sale again');

my @again = @order{map { "u$_" } 11 .. 20};
for my $n (9, 10) {
    my $a = $s->claim('phone', "u$n");
    is($a->{result}, 'won', "u$n gets one after all");
    push @again, $a->{order};
}
is($s->claim('phone', 'u21')->{result}, 'sold_out', 'sold out again');
cli(0, 'order', 'confirm', @again);
is(() = $out =~ / paid /g, 12, 'all paid');

$list = data('order', 'list', '--user', 'u11', '--all');
is_deeply([map { $_->{state} } @$list], ['cancelled', 'paid'],
          'one who came back');
cli(0, 'order', 'list', '--limit', 3);
is(() = $out =~ /\n/g, 4, 'three orders and a head');
like($err, qr/there may be more: --after \d+$/, 'and more');

# users that look alike are told apart

cli(0, 'sale', 'add', 'odd', '--stock', 5);
is($s->claim('odd', $_)->{result}, 'won', 'an odd user')
    for qw(alice %E2%80%AEecila ali%E2%80%8Bce -);
cli(0, 'order', 'list', '--sale', 'odd');
is(join(' ', $out =~ /^ *\d+  odd +(\S+) +sold /mg),
   'alice "\u202eecila" "ali\u200bce" "-"', 'are told apart');
is(length((split /\n/, $out)[2] =~ s/  sold.*//r),
   length((split /\n/, $out)[1] =~ s/  sold.*//r), 'in columns');

# edits

is(data('sale', 'add', 'drawn', '--stock', 1, '--start', '2999-01-01T00:00:00Z',
        '--shuffle', '1m30s')->{shuffle}, 90, 'a shuffled opening');
is(data('sale', 'edit', 'drawn', '--shuffle', '1h')->{shuffle}, 3600, 'edited');
is(data('sale', 'add', 'wanted', '--stock=1', '--hold=1m', '--waitlist', 5)
       ->{waitlist}, 5, 'a waiting list');
is(data('sale', 'edit', 'wanted', '--waitlist=0')->{waitlist}, 0, 'edited');
is(data('sale', 'beacon', 'drawn', '--round', 7, '--value', 'aB')->{value},
   'ab', 'a beacon');
cli(3, 'sale', 'fairness', 'drawn', $db);
cli(0, 'sale', 'fairness', 'phone', $db);
like($out, qr/never had "shuffle"/, 'nothing to check');
cli(0, 'sale', 'end', 'drawn');
cli(0, 'sale', 'remove', 'drawn');
cli(0, 'sale', 'fairness', 'drawn', $db);
like($out, qr/^the opening was fair$/m, 'its seed is told when it is removed');
is(data('sale', 'edit', 'phone', '--add-stock', 5)->{stock}, 25, 'more');
is(data('sale', 'edit', 'phone', '--add-stock=-2')->{stock}, 23, 'less');
is(data('sale', 'edit', 'phone', '--add-stock', 1, '--idempotency-key', 'k1')
       ->{stock}, 24, 'with a key') for 1, 2;
cli(1, 'sale', 'edit', 'phone', '--stock', 5);
like($err, qr/^seckill: (?:conflict|invalid): /, 'not below what is sold');
$sale = data('sale', 'edit', 'phone', '--limit', 2, '--hold', '1h30m',
             '--start', '2026-01-01T01:00:00+01:00',
             '--end', '2999-01-01T00:00:00Z');
is_deeply([@$sale{qw(limit hold start end)}],
          [2, 5400, '2026-01-01T00:00:00.000Z', '2999-01-01T00:00:00.000Z'],
          'the rest');
$sale = data('sale', 'edit', 'phone', '--start', 'none', '--end=none',
             '--hold', 0);
is_deeply([@$sale{qw(hold start end)}], [0, undef, undef], 'and back');
is($s->claim('phone', 'u1')->{result}, 'won', 'a second one');

# a rush; meanwhile a backup, a check and somebody who watches

cli(0, 'sale', 'add', 'tickets', '--stock', 50000, '--end',
    '2999-01-01T00:00:00Z');
$s->buyers(sale => 'tickets', users => 200000);

my $watch = start('watch', 'sale', 'watch', '--every', '0.2', '--count', 5);
cli(0, 'backup', $db, "$dir/rush.db");
cli(0, 'verify', $db);
waitpid $watch, 0;
is($?, 0, 'watched');
is(() = slurp("$dir/watch.out") =~ /^\S+Z tickets \w+ stock 50000 /mg, 5,
   'five looks at the tickets') or diag(slurp("$dir/watch.out"));
is(() = slurp("$dir/watch.out") =~ /^\S+Z phone \w+ stock 24 /mg, 5,
   'and at the phones');
cli(0, 'verify', "$dir/rush.db");

is(scalar @{data('sale', 'watch', 'tickets', '--count', 1)}, 1, 'one, as JSON');

# in place on a terminal, if there is a tool that makes one

SKIP: {
    skip 'no script(1)', 1 if !grep { -x "$_/script" } split /:/, $ENV{PATH};
    my $command = "$tool sale watch tickets --count 2";
    my $shown = `script -qc '$command' /dev/null`;
    like($shown, qr/^\e\[\?7l.*tickets.*\e\[2A\e\[J.*tickets.*\e\[\?7h$/s,
         'redrawn in place');
}

wait_for('more than a page of orders', sub {
    $s->sql("SELECT count(*) FROM ledger WHERE type = 'won'") > 1100;
});
$s->buyers_stop;

# a claim may be decided after its buyer has gone

my ($sold, $all) = (-1);
wait_for('all orders', sub {
    my $before = $sold;
    $sold = $s->sql("SELECT count(*) FROM ledger WHERE type = 'won'");
    return $sold == $before;
});
$all = data('order', 'list', '--all');
is_deeply([map { $_->{order} } @$all],
          [split /\n/, $s->sql("SELECT seq FROM ledger WHERE type = 'won'")],
          "all $sold orders, page by page");

# the server dies; the reader waits, and misses nothing

$s->kill_all;
cli(3, 'sale', 'list');
like($err, qr/does not answer/, 'nobody there');
wait_for('the reader to miss it too', sub {
    slurp("$dir/reader.err") =~ /does not answer/;
});
$s->start->ready;

# closing time

is(data('sale', 'end', 'phone')->{state}, 'ended', 'ended');
is($s->claim('phone', 'u30')->{result}, 'ended', 'so it is');
cli(1, 'sale', 'remove', 'tickets');
like($err, qr/^seckill: conflict: /, 'only what has ended is removed');
cli(0, 'sale', 'remove', 'phone');
is($out, "sale phone removed\n", 'removed');
unlike(cli(0, 'sale', 'list'), qr/^phone/m, 'it is gone');
cli(0, 'product', 'remove', $phone->{id});
like(cli(0, 'order', 'show', $paid[0]), qr/^state +paid$/m,
     'its orders are not');

# what the reader has seen

my $last = data('health')->{ledger_seq};
my @seen;
wait_for('the reader to have seen it all', sub {
    @seen = map { decode_json($_) } split /\n/, slurp("$dir/reader.out");
    return @seen >= $last;
});
kill TERM => $reader;
waitpid $reader, 0;
is_deeply([map { $_->{seq} } @seen], [1 .. $last], 'each event, once');
is(() = slurp("$dir/reader.err") =~ /does not answer.*; waiting for it$/mg, 1,
   'it says once that the server was away');
like(slurp("$dir/reader.err"), qr/answers again$/m, 'and that it is back');

my %types = map { $_->{type} => 1 } @seen;
is(join(' ', sort keys %types),
   'beacon_set cancelled expired extended paid product_added product_edited'
   . ' product_removed sale_added sale_edited sale_removed seed_revealed won',
   'of each type');

cli(0, 'events', 'follow', '--after', 2, '--count', 3);
is_deeply([map { decode_json($_)->{seq} } split /\n/, $out], [3, 4, 5],
          'some of them');
is(scalar @{data('events', 'list', '--after', 1, '--limit', 7)}, 7, 'a list');
like(cli(0, 'events', 'list'), qr/^ *1  \S+Z  product_added /m, 'as a table');
cli(0, 'events', 'list', '--after', 1, '--at', $seen[0]{at}, '--limit', 1500);
for my $verb (qw(list follow)) {
    cli(1, 'events', $verb, '--after', 2, '--at', $seen[0]{at});
    like($err, qr/^seckill: conflict: event 2 is not the one/, 'another event');
}
cli(1, 'events', 'follow', '--after', $last + 1);
like($err, qr/^seckill: conflict: /, 'a reader of another store is told so');

# the books

my $books = data('verify', $db);
is($books->{sound}, JSON::PP::true, 'the ledger is sound');
is($books->{uncommitted}, 0, 'all is in commits');
is($books->{head}{number}, $last, 'its head is the last event');

my $hash = $books->{head}{chain};
is_deeply(data('health')->{head}, $books->{head}, 'the head of the server');
like(cli(0, 'health'), qr/^head +\{"number":$last,"chain":"$hash"\}$/m,
     'shown');
is_deeply($s->api('GET', "events?after=$last")->{head}, $books->{head},
          'and of a page');
my ($phones) = grep { $_->{sale} eq 'phone' } @{$books->{sales}};
is_deeply([@$phones{qw(stock sold held paid expired cancelled removed)}],
          [24, 1, 0, 20, 9, 3, JSON::PP::true], 'and has what was sold');

# a backup has the chain, which is made again from what is there

cli(0, 'backup', $db, "$dir/evening.db");
my $evening = `cksum < $dir/evening.db`;
like(cli(0, 'verify', "$dir/evening.db"), qr/^ok +chain: event $last, $hash$/m,
     'the head of a backup');
is(() = $out =~ /^ok /mg, 8, 'all is well');
is(`cksum < $dir/evening.db`, $evening, 'nothing was written to it');

sub changed {
    my ($sql) = @_;
    is(system("cp $dir/evening.db $dir/changed.db"), 0, 'a copy');
    return sqlite("$dir/changed.db", <<"END");
DROP TRIGGER ledger_update; DROP TRIGGER ledger_delete;
DROP TRIGGER commits_update; DROP TRIGGER commits_delete;
$sql;
END
}

# the first ten events are commits of their own

for my $case (
    ['a row', "UPDATE ledger SET at = at + 1 WHERE seq = 5", 4, 5],
    ['the last row', "UPDATE ledger SET detail = '{}' WHERE seq = $last",
     $last - 1, $last],
    ['a chain', 'UPDATE commits SET chain = zeroblob(32) WHERE last = 5', 4, 5],
    ['a missing commit', 'DELETE FROM commits WHERE last = 5', 4, 6],
    ['the first commit', 'DELETE FROM commits WHERE last = 1', 0, 2])
{
    my ($name, $sql, $after, $to) = @$case;

    cli(1, 'verify', changed($sql));
    is(join(' ', $out =~ /^BROKEN +(\w+)/mg), 'chain', "$name: broken");
    like($out, qr/^ +after event $after: damaged: the events up to $to are not/m,
         "$name: which commit");
    like($out, qr/^the ledger is BROKEN$/m, "$name: the verdict");
}

my $bad = changed('DELETE FROM commits WHERE last = 5');
cli(1, '--json', 'verify', $bad);
is(decode_json($out)->{sound}, JSON::PP::false, 'as JSON');
like(decode_json($out)->{bad}[0], qr/^after event 4: damaged: /, 'with why');

cli(1, 'verify', changed("UPDATE commits SET chain = x'00' WHERE last = 5"));
like($out, qr/^ +after event 4: damaged: commit 5 has no chain$/m,
     'what is no chain');
cli(1, 'verify', changed("INSERT INTO commits VALUES ($last + 1, zeroblob(32))"));
like($out, qr/^ +after event $last: damaged: event \d+ does not follow event /m,
     'a commit of no event');

# what another program has written is said, and left as it is

my $others = changed(<<"END");
INSERT INTO ledger (seq, at, type, sale, detail)
    SELECT $last + n, at, 'clock_set', 0, '{}'
    FROM ledger, (SELECT 1 AS n UNION SELECT 2) WHERE seq = $last
END
cli(0, 'verify', $others);
like($out, qr/^ok +chain: event $last, $hash\n +2 events after it are in no comm/m,
     'events in no commit');
is(data('verify', $others)->{uncommitted}, 2, 'how many');
is(`sqlite3 -readonly '$others' 'SELECT max(last) FROM commits'`, "$last\n",
   'they are in none still');

# restored elsewhere it is the same shop

cli(1, 'restore', '--force', "$dir/evening.db", $db);
like($err, qr/process \d+ \(.*\) has "\Q$db\E" open/, 'not into a running one');

my $t = Seckill::Server->new(http => '    seckill_zone zone=drop:8m;');
mkdir "$t->{dir}/seckill";
chown @nobody[2, 3], "$t->{dir}/seckill" if $> == 0;
cli(0, 'restore', "$dir/evening.db", "$t->{dir}/seckill/drop.db");
like($out, qr/^$last events in /, 'restored');
$t->start->ready;

for my $what (['sale', 'list'], ['product', 'list'], ['order', 'list', '--all'],
              ['events', 'list', '--limit', 60000])
{
    my $here = data(@$what);
    local $ENV{SECKILL_URL} = "http://127.0.0.1:$t->{port}/api";
    is_deeply(data(@$what), $here, "the same: @$what");
}
is($t->claim('tickets', 'late')->{result},
   $s->claim('tickets', 'late')->{result}, 'and the same for a buyer');
cli(0, 'verify', "$t->{dir}/seckill/drop.db");

# a reader has seen what a restored store has not, and that has grown past it

{
    local $ENV{SECKILL_URL} = "http://127.0.0.1:$t->{port}/api";
    my $follower = start('follower', 'events', 'follow', '--after', $last);
    cli(0, 'product', 'add', qw(--name lost --price 1 --currency EUR));
    wait_for('it to be read', sub { slurp("$dir/follower.out") =~ /lost/ });
    kill STOP => $follower;         # so that it asks when that has grown
    $t->stop;
    cli(0, 'restore', '--force', "$dir/evening.db", "$t->{dir}/seckill/drop.db");
    $t->start->ready;
    cli(0, 'product', 'add', '--name', $_, qw(--price 1 --currency EUR))
        for qw(other another);
    kill CONT => $follower;
    my $ended;
    wait_for('the reader to end', sub {
        $ended = waitpid $follower, POSIX::WNOHANG();
    });
    kill KILL => $follower if !$ended;
    is($? >> 8, 1, 'the reader ends');
    like(slurp("$dir/follower.err"),
         qr/^seckill: conflict: event \d+ is not the one/m,
         'and says why');
    unlike(slurp("$dir/follower.out"), qr/other/, 'it has mixed nothing');
}

$t->done;
$s->done;
done_testing;
