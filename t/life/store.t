# A store that is missing, not writable, no SQLite file, damaged, of a newer
# version, on a full disk, or locked: a clear answer, and nothing is lost.

use strict;
use warnings;
use Test::More;
use IO::Select;
use Time::HiRes qw(sleep time);
use Seckill::Server;

my $http = <<"END";
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=1000;
END


# a server whose store is made wrong beforehand; returns it, health's reason
# is checked, and that a claim gets "unavailable" without a long wait

sub unwell {
    my ($what, $make, $reason, %o) = @_;
    my $s = Seckill::Server->new(http => $http, %o);

    mkdir "$s->{dir}/seckill";
    $make->("$s->{dir}/seckill/drop.db");

    belongs_to('nobody', "$s->{dir}/seckill", glob "$s->{dir}/seckill/*");

    $s->start;

    my $res = $s->wait_for('a reason', sub {
        my $r = $s->request('GET', '/api/health');
        $r && $r->{body} !~ /being read/ && $r;
    });
    is($res->{status}, 503, "$what: not well");
    like($res->{body}, $reason, "$what: says why");
    like($s->log_text, $reason, "$what: the log says so too");

    my $start = time;
    my $r = $s->request('POST', '/seckill?sale=phone&user=a');
    is($r->{status}, 503, "$what: 503");
    like($r->{body}, qr/^\{"code":105,"result":"unavailable"/, "$what: unavailable");
    like($r->{head}, qr/^Retry-After: 1\r?$/m, "$what: Retry-After");
    is($s->ask('phone', 'a')->{result}, 'unavailable', "$what: GET too");

    return $s;
}


# what root makes is the worker user's, or another one's

sub belongs_to {
    my ($name, @files) = @_;

    return if $> != 0;
    chown +(getpwnam($name))[2], -1, @files or die "chown: $!";
}


# a store that the worker user may not write, when nginx is started

sub barred {
    my ($what, $make, $reason) = @_;
    my $s = Seckill::Server->new(http => $http);

    mkdir "$s->{dir}/seckill";
    $make->("$s->{dir}/seckill/drop.db");
    push @{$s->{allow}}, qr/may not write the store/;
    $s->config;

    isnt(system(join ' ', $s->command('-t'), "2> $s->{dir}/logs/stderr"), 0,
         "$what: nginx -t refuses it");
    like($s->log_text, qr/the worker user \(uid \d+\) may not write the store "[^"]*" of the seckill zone "drop": $reason/,
         "$what: says why");
    isnt(system(join ' ', $s->command, "2>> $s->{dir}/logs/stderr"), 0,
         "$what: and nginx does not start");

    return $s;
}


sub write_file { my ($name, $text) = @_; open my $f, '>', $name or die $!; print $f $text }

sub status { my ($pid) = @_; split /\n/, Seckill::Server::slurp("/proc/$pid/status") }

sub groups { my ($pid) = @_; grep { /^(?:Groups|Gid|CapEff)/ } status($pid) }

sub sqlite { my ($store, $sql) = @_; is(system('sqlite3', $store, $sql), 0, $sql) }


my $s = unwell('no database', sub { write_file($_[0], 'x' x 5000) },
               qr/file is not a database/);
unlink "$s->{dir}/seckill/drop.db";
$s->ready;
is($s->claim('phone', 'a')->{result}, 'won', 'it goes on when that is mended');
$s->done;

unwell('another program', sub {
    sqlite($_[0], 'CREATE TABLE t (a)');
}, qr/a database of another program, not a seckill store/)->done;

unwell('a newer version', sub {
    sqlite($_[0], 'PRAGMA application_id = 1396919116; PRAGMA user_version = 99');
}, qr/written by a newer version of the module .*upgrade the module/)->done;

# the worker user is not root: what is another's is not written to

SKIP: {
    skip 'only root can make files that the worker user cannot write', 23 if $> != 0;

    my $closed = qr/, or a directory above, is closed to that user \(13: /;

    barred('the file', sub {
        my ($store) = @_;
        sqlite($store, 'PRAGMA application_id = 1396919116');
        chmod 0444, $store;
        belongs_to('nobody', $store =~ s{/[^/]*\z}{}r);
    }, qr/it$closed/)->cleanup;

    barred('the log of writes', sub {
        my ($store) = @_;
        write_file("$store-wal", '');
        belongs_to('nobody', $store =~ s{/[^/]*\z}{}r);
    }, qr/its "-wal"$closed/)->cleanup;

    barred('a directory above', sub {
        my ($dir) = $_[0] =~ m{(.*)/[^/]*/[^/]*\z};
        chmod 0700, $dir;
    }, qr/it$closed/)->cleanup;

    # a group of the worker user's is enough, as it is for workers

    my $group = Seckill::Server->new(http => $http, main => 'user nobody daemon;');
    mkdir "$group->{dir}/seckill";
    write_file("$group->{dir}/seckill/drop.db", '');
    chown 0, +(getgrnam('daemon'))[2], "$group->{dir}/seckill/drop.db";
    chmod 0660, "$group->{dir}/seckill/drop.db";
    belongs_to('nobody', "$group->{dir}/seckill");
    $group->start->ready;
    is($group->claim('phone', 'a')->{result}, 'won', 'by its group, it may');
    is((grep { /^Uid:\t0\t0\t0\t0$/ } status($group->{pid})), 1,
       'the master is root as before');
    is_deeply([groups($group->{pid})], [groups($$)], '... with its own groups');
    $group->done;

    # closed later: it is said what is in the way

    my $later = Seckill::Server->new(http => $http)->start->ready;
    my $store = "$later->{dir}/seckill/drop.db";
    chmod 0444, $store;
    belongs_to('root', $store);
    kill KILL => $later->helper;
    push @{$later->{allow}}, qr/exited on signal 9/;
    my $res = $later->wait_for('it to fail', sub {
        my $r = $later->request('GET', '/api/health');
        $r && $r->{body} =~ /readonly/ && $r;
    });
    like($res->{body}, qr/"attempt to write a readonly database \(it: Permission denied\)"/,
         'closed while it runs: says why');
    like($later->log_text, qr/attempt to write a readonly database \(it: Permission denied\)/,
         '... in the log, too');
    chmod 0644, $store;
    belongs_to('nobody', $store);
    $later->ready;
    is($later->claim('phone', 'a')->{result}, 'won', '... and goes on when it is open');
    $later->done;

    # a file system of its own, as it is when it has been made

    my $own = Seckill::Server->new(http => $http);
    mkdir "$own->{dir}/seckill";
    mkdir "$own->{dir}/seckill/lost+found";
    $own->start->ready;
    is($own->claim('phone', 'a')->{result}, 'won', 'lost+found is nobody else\'s');
    is((stat "$own->{dir}/seckill/lost+found")[4], 0, 'and stays root\'s');
    $own->done;

    my $t = Seckill::Server->new(http => "seckill_zone zone=drop:2m store=/usr/x.db;");
    push @{$t->{allow}}, qr/of a seckill store is in use/;
    $t->config;
    isnt(system(join ' ', $t->command('-t'), "2> $t->{dir}/logs/stderr"), 0,
         'a directory of root');
    like($t->log_text, qr/the directory "\/usr" of a seckill store is in use and belongs to uid 0, not to the worker user/,
         'is not taken over');
    ok(!-e '/usr/x.db' && (stat '/usr')[4] == 0, 'and not changed');
    $t->cleanup;
}

# a directory that cannot be written to: a file system that is read-only

SKIP: {
    my $dir;
    my $mounted = sub {
        ($dir = $_[0]) =~ s{/drop\.db$}{};
        return system("mount -t tmpfs -o size=400k,uid=65534,mode=0700 tmpfs $dir"
                      . " 2> /dev/null && mount -o remount,ro $dir") == 0;
    };
    my $try = Seckill::Server->new;
    mkdir "$try->{dir}/seckill";
    my $can = $> == 0 && $mounted->("$try->{dir}/seckill/drop.db");
    system("umount $dir") if $can;
    $try->cleanup;
    skip 'a file system cannot be mounted here', 4 if !$can;

    my $s = eval {
        barred('read-only', sub { $mounted->(@_) or die },
               qr/its directory, .* \(30: /);
    };
    my $error = $@;
    system("umount $dir");
    ok($s, 'a directory that cannot be written to') or diag($error);
    $s->cleanup if $s;
}

# the directory is missing: nginx makes it; -t leaves no store behind

$s = Seckill::Server->new(http => $http);
$s->config;
is(system(join ' ', $s->command('-t'), "2> $s->{dir}/logs/stderr"), 0, 'nginx -t');
ok(!-e "$s->{dir}/seckill/drop.db", '-t makes no store');
$s->start->ready;
ok(-e "$s->{dir}/seckill/drop.db", 'a start does');
is($s->claim('phone', 'a')->{order}, 2, 'and sells');

# the helper is killed while the store fails: the next one ends the failure

mkdir "$s->{dir}/away";
rename "$s->{dir}/seckill/drop.db", "$s->{dir}/away/drop.db";
$s->wait_for('it to be missed', sub {
    $s->request('GET', '/api/health')->{body} =~ /is not the file that it was/;
});
is($s->claim('phone', 'z')->{result}, 'unavailable', 'a store that is gone');
is($s->ask('phone', 'a')->{order}, 2, 'who has won is told so');

# sales are the zone's: they are shown all the same

for my $path ('/api/sales', '/api/sales/phone') {
    my $res = $s->request('GET', $path);
    is($res->{status}, 200, "$path");
    like($res->{body}, qr/"name":"phone",.*"sold":1,"waiting":0\}/, "$path: as it is");
}

push @{$s->{allow}}, qr/exited on signal 9/;
kill KILL => $s->helper;
ok(!-e "$s->{dir}/seckill/drop.db", 'no empty store is made in its place');
is($s->metric('seckill_up'), 0, 'seckill_up says so');
rename "$s->{dir}/away/drop.db", "$s->{dir}/seckill/drop.db";
$s->ready;
is($s->claim('phone', 'z')->{result}, 'won', 'it is back');

# an older copy is put in its place, beside the log of the newer file: it is not
# touched

is(system("sqlite3 $s->{dir}/seckill/drop.db '.backup $s->{dir}/old.db'"), 0,
   'a backup');
$s->buyers(sale => 'phone', users => 50, prefix => 'x');
$s->buyers_done;
chown((stat "$s->{dir}/seckill/drop.db")[4, 5], "$s->{dir}/old.db");
my $sum = `cksum < $s->{dir}/old.db`;
rename "$s->{dir}/seckill/drop.db", "$s->{dir}/away/drop.db";
rename "$s->{dir}/old.db", "$s->{dir}/seckill/drop.db";
$s->wait_for('it to be noticed', sub {
    $s->request('GET', '/api/health')->{body} =~ /is not the file that it was/;
});
is($s->claim('phone', 'y')->{result}, 'unavailable', 'an exchanged store');
sleep 1;
is(`cksum < $s->{dir}/seckill/drop.db`, $sum, 'is not written to');
rename "$s->{dir}/away/drop.db", "$s->{dir}/seckill/drop.db";
$s->ready;
is($s->ask('phone', 'x7')->{result}, 'won', 'nobody is lost when it is back');
is($s->sql('PRAGMA integrity_check'), 'ok', 'and it is whole');

# closed to the worker user, itself or a directory above: it is there all the
# same, and nobody is told to restart nginx, which could not start

for my $closed ("$s->{dir}/seckill", $> == 0 ? $s->{dir} : ()) {
    my $mode = (stat $closed)[2] & 07777;

    chmod $closed eq $s->{dir} ? 0700 : 0, $closed or die "chmod: $!";
    my $res = $s->wait_for('it to be noticed', sub {
        my $r = $s->request('GET', '/api/health');
        $r->{status} == 503 && $r;
    });
    my $reason = qr/cannot be reached \(Permission denied\): .* open it again; nginx goes on by itself/;
    like($res->{body}, $reason, "$closed is closed");
    sleep 0.6;
    like($s->request('GET', '/api/health')->{body}, $reason,
         'which is said when it is tried again, too');
    is($s->claim('phone', "v$mode")->{result}, 'unavailable', 'nothing is sold');
    chmod $mode, $closed;
    $s->ready;
    is($s->claim('phone', "v$mode")->{result}, 'won', 'it goes on by itself');
}
unlike($s->log_text =~ s/.*(?=cannot be reached)//sr, qr/is not the file/,
       'it is not taken for another file');
is($s->sql('PRAGMA integrity_check'), 'ok', 'and it is whole still');

# damaged: a page of the ledger is overwritten

$s->buyers(sale => 'phone', users => 900);
$s->buyers_done;
$s->stop;
my $store = "$s->{dir}/seckill/drop.db";
sqlite($store, 'PRAGMA wal_checkpoint(TRUNCATE)');
rename $store, "$store.good";
open my $in, '<:raw', "$store.good" or die $!;
my $bytes = do { local $/; <$in> };
my $page = `sqlite3 $store.good "SELECT pageno FROM dbstat WHERE name = 'ledger'
            AND pagetype = 'leaf' ORDER BY pageno LIMIT 1 OFFSET 2"`;
cmp_ok($page, '>', 1, 'the ledger has pages');
substr($bytes, ($page - 1) * 4096, 2000) = 'x' x 2000;
write_file($store, $bytes);
chown((stat "$store.good")[4, 5], $store);
unlink "$store-wal", "$store-shm";

$s->start;
$s->wait_for('a reason', sub {
    $s->request('GET', '/api/health')->{body} =~ /"unavailable".*(?:malformed|damaged)/;
});
is($s->claim('phone', 'b')->{result}, 'unavailable', 'damaged: unavailable');
rename "$store.good", $store;
unlink "$store-wal", "$store-shm";
$s->ready;
is($s->ask('phone', 'a')->{order}, 2, 'the good copy is taken when it is there');
is($s->claim('phone', 'b')->{result}, 'won', 'and it sells on');

# locked by another program's transaction for ten seconds

my $lock = $s->lock_store;
my $locked = time;

$s->reload(workers => 1, server => 'location = /soon { seckill zone=drop user=$arg_user timeout=500ms; }'
                      . ' location = /later { seckill zone=drop user=$arg_user timeout=900ms; }');

# those who were there before, and wait for longer, do not hold one up; nor are
# they forgotten when one was answered

my %waits;
for my $what (qw(seckill later)) {
    $waits{$what} = $s->connect;
    syswrite $waits{$what}, "POST /$what?sale=phone&user=$what HTTP/1.1\r\n"
        . "Host: localhost\r\n\r\n";
}
$s->wait_for('patient buyers', sub {
    $s->metric('seckill_units', sale => 'phone', state => 'undecided') == 2;
});

my $r = $s->request('POST', '/soon?sale=phone&user=c');
is($r->{status}, 503, 'locked: the deadline passes');
like($r->{body}, qr/"unavailable"/, 'locked: unavailable, not sold out');
is(Seckill::Server::read_response($waits{later})->{status}, 503,
   'locked: the next deadline passes too');
$r = $s->request('GET', '/api/health');
like($r->{body}, qr/database is locked.*: another program/,
     'locked: health says so');
is($s->request('GET', '/soon?sale=phone&user=a')->{body}
   =~ /"won".*"order":2/, 1, 'locked: who has won is told so');

sleep 0.1 while time < $locked + 10;
$s->unlock_store($lock);

like(Seckill::Server::read_response($waits{seckill})->{body}, qr/"won"/,
     'free again: who waited has won');
is($s->claim('phone', 'c')->{result}, 'already',
   'free again: the claim was decided, asked again it gets the one true answer');
$s->ready;
$s->check_log;
$s->stop;
$s->cleanup;

# query tables that are removed while they are not filled: who lists orders waits
# until they are made anew

$s = Seckill::Server->new(workers => 1, http => $http);
$s->start->ready;
is($s->claim('phone', 'a')->{result}, 'won', 'an order');
$s->wait_for('the query tables', sub {
    $s->metric('seckill_query_lag_events') == 0;
});

my $helper = $s->helper;
kill STOP => $helper;
unlink map { "$s->{dir}/seckill/drop.db-query$_" } '', '-wal', '-shm';

my $list = $s->connect;
syswrite $list, "GET /api/orders HTTP/1.1\r\nHost: a\r\n\r\n";
is(scalar(IO::Select->new($list)->can_read(0.5)), undef, 'a list waits');
kill CONT => $helper;

$list = Seckill::Server::read_response($list);
is($list->{status}, 200, 'and is there');
like($list->{body}, qr/"user":"a"/, 'with the order');
$s->done;

# a full disk: a file system of 400 KB

SKIP: {
    $s = Seckill::Server->new(http => <<"END");
    seckill_zone zone=drop:4m;
    seckill_sale zone=drop name=phone stock=20000;
END
    mkdir "$s->{dir}/seckill";
    my $mounted = $> == 0 && system("mount -t tmpfs -o size=400k,mode=0777 "
        . "tmpfs $s->{dir}/seckill 2> /dev/null") == 0;
    skip 'a small file system cannot be mounted here', 8 if !$mounted;

    my $done = eval {
        $s->start->ready;
        $s->buyers(sale => 'phone', users => 20000, patience => 0.2);
        $s->wait_for('a full disk', sub {
            # the query tables may be, before the store is: that is a warning
            my $r = $s->request('GET', '/api/health');
            $r->{status} == 503 && $r->{body} =~ /full/;
        });
        $s->buyers_stop;

        my $sold = $s->metric('seckill_units', sale => 'phone', state => 'sold');
        cmp_ok($sold, '>', 0, "the disk is full after $sold wins");
        is($s->claim('phone', 'late')->{result}, 'unavailable', 'unavailable');
        is($s->metric('seckill_conservation_errors'), 0, 'units add up');

        is(system("mount -o remount,size=20m $s->{dir}/seckill"), 0, 'more room');
        $s->ready;
        is($s->claim('phone', 'late')->{result}, 'won', 'it sells on by itself');
        $s->check_sale('phone', 20000);

        $s->kill_all;
        $s->start->ready;
        $s->check_sale('phone', 20000);
        1;
    };
    my $error = $@;
    $s->stop if $s->{pid};
    system("umount $s->{dir}/seckill");
    ok($done, 'a full disk loses nothing') or diag($error);
    $s->check_log;
    $s->cleanup;
}

done_testing;
