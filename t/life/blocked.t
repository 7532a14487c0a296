# A drainer that waits, for a disk or for whom it asks, holds up nobody else: no
# other zone's drainer, and no request of a worker that stands in, or of nginx
# without a master.  Its thread is stopped, as a debugger does it.

use strict;
use warnings;
use Config;
use Test::More;
use Time::HiRes qw(sleep time);
use Seckill::Server;

my %ptrace = ('x86_64' => 101, 'aarch64' => 117);
my ($arch) = $Config{archname} =~ /^(\w+?)-/;
my $ptrace = $ptrace{$arch // ''};

plan skip_all => 'ptrace(2) has another number here' if !$ptrace;

my ($SEIZE, $INTERRUPT, $DETACH, $WALL) = (0x4206, 0x4207, 17, 0x40000000);


# the thread of a process that drains a zone

sub drainer {
    my ($pid, $zone) = @_;

    for my $task (glob "/proc/$pid/task/[0-9]*") {
        return 0 + ($task =~ s,.*/,,r)
            if Seckill::Server::slurp("$task/comm") eq "drain $zone\n";
    }

    return;
}


sub block {
    my ($tid) = @_;

    syscall($ptrace, $SEIZE, $tid, 0, 0) == 0 or return 0;
    syscall($ptrace, $INTERRUPT, $tid, 0, 0) == 0 or return 0;

    return waitpid($tid, $WALL) == $tid;
}

sub unblock { return syscall($ptrace, $DETACH, shift, 0, 0) == 0 }


# one zone's is blocked: its claim waits, all else goes on

sub blocked {
    my ($s, $pid, $who) = @_;
    my $tid = $s->wait_for('its thread', sub { drainer($pid, 'drop') });

    SKIP: {
        skip 'a thread cannot be stopped', 1 if !block($tid);

        my $sock = $s->connect;
        syswrite $sock, "POST /seckill?sale=phone&user=$who HTTP/1.1\r\n"
            . "Host: localhost\r\n\r\n";

        my $start = time;

        for my $n (1 .. 20) {
            is(other($s, "$who$n"), 'won', "$who: another zone's claim");
            is($s->ask('phone', "$who$n")->{result}, 'none',
               "$who: a question of this zone's");
        }

        cmp_ok(time - $start, '<', 5, "$who: at once");

        my $in = '';
        vec($in, fileno $sock, 1) = 1;
        is(select($in, undef, undef, 0), 0, "$who: its own claim waits");

        ok(unblock($tid), "$who: it goes on");
        like(Seckill::Server::read_response($sock)->{body}, qr/"result":"won"/,
             "$who: and decides");
    }
}


sub other {
    my ($s, $user) = @_;
    my $res = $s->request('POST', "/other?sale=book&user=$user") or return '';

    return ($res->{body} =~ /"result":"(\w+)"/)[0];
}


my %conf = (
    http => 'seckill_zone zone=drop:2m;
             seckill_sale zone=drop name=phone stock=1000;
             seckill_zone zone=other:2m;
             seckill_sale zone=other name=book stock=1000;',
    server => 'location = /other { seckill zone=other user=$arg_user; }');

my $s = Seckill::Server->new(workers => 1, %conf,
                             allow => [qr/exited on signal 9/]);

$s->start->ready;
is(other($s, 'a'), 'won', 'both zones work');

blocked($s, $s->helper, 'helper');

# the master cannot start another one

$s->signal('STOP');

my $helper = $s->helper;
kill KILL => $helper;
$s->wait_for('its end', sub { Seckill::Server::zombie($helper) });
is(other($s, 'b'), 'won', 'a worker stands in');

blocked($s, $s->workers, 'worker');

$s->signal('CONT');
$s->wait_for('both roles to go back', sub {
    2 == (() = $s->log_text =~ /the helper is back/g);
});
is($s->claim('phone', 'c')->{result}, 'won', 'and one zone');
is(other($s, 'c'), 'won', 'and the other');
$s->done;

$s = Seckill::Server->new(main => "master_process off;\n", %conf);
$s->start->ready;
is(other($s, 'd'), 'won', 'without a master');

blocked($s, $s->{pid}, 'single');

$s->stop('QUIT');
$s->start->ready;
is($s->ask('phone', 'single')->{result}, 'won', 'after a restart');
$s->done;

done_testing;
