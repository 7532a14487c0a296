package Bench::Failover;

# How long nobody decides claims when the primary is killed, with Sentinels that
# promote its replica: from the kill on, from the promotion on, and from when one
# of them names the new primary.  Once the replica has all; once it lacks some
# commits, which the machines put back.

use strict;
use warnings;

use Bench::Client qw(connection read_answer send_request);
use Bench::Machines;
use Bench::RedisServer;
use IO::Select;
use Time::HiRes qw(sleep time);

my $MACHINES = 2;
my $SENTINELS = 3;
my $PUT_BACK_S = 1;             # of claims that the replica never sees
my $CONNECTIONS = 64;
my $STEP_MS = 5;                # between two looks, at least
my $WAIT = 120;                 # seconds for what has to come


# measure(dir => DIR, rounds => N, put_back => [0, 1], progress => sub)

sub measure {
    my (%o) = @_;
    my %turns;

    for my $round (1 .. $o{rounds}) {
        for my $put_back (@{$o{put_back}}) {
            my $what = $put_back ? 'put back' : 'all there';

            $o{progress}->("round $round of $o{rounds}, $what");

            push @{$turns{$what}},
                turn("$o{dir}/failover-$round-$put_back", $put_back);
        }
    }

    return { turns => \%turns, rounds => $o{rounds}, machines => $MACHINES };
}


sub turn {
    my ($dir, $put_back) = @_;
    my $primary = Bench::RedisServer->start(dir => "$dir/primary");
    my $replica = Bench::RedisServer->start(dir => "$dir/replica",
                                            replica_of => $primary);

    $replica->until_like(qr/master_link_status:up/, 'INFO', 'replication');

    my @sentinels = map {
        Bench::RedisServer->start(dir => "$dir/sentinel$_",
                                  watches => ['drop', $primary, 2])
    } 1 .. $SENTINELS;

    $_->until_like(qr/slaves=1,sentinels=$SENTINELS\b/, 'INFO', 'sentinel')
        for @sentinels;

    my @machines = Bench::Machines::cluster(dir => $dir, n => $MACHINES,
        units => 1_000_000, url => 'sentinel://'
            . join(',', map { "127.0.0.1:$_->{port}" } @sentinels) . '/drop');

    cut_off($replica, $machines[0]) if $put_back;

    my $last = Bench::Machines::together(@machines);
    my $tail = until_still($replica);

    die "failover: the replica has $tail of $last events\n"
        if $put_back ? $tail >= $last : $tail != $last;

    my $run = kill_and_claim($primary, $replica, \@sentinels, @machines);

    $run->{put_back} = $last - $tail;

    Bench::Machines::together(@machines);
    $_->stop for @machines, @sentinels, $replica;

    return $run;
}


# the replica looks for its primary where nobody is, while claims are won

sub cut_off {
    my ($replica, $machine) = @_;

    $replica->redis('REPLICAOF', '127.0.0.1', 1);

    $machine->load(method => 'POST', times => 1, first => 1_000_000,
                   users => 1_000_000, sales => 'sale2',
                   seconds => $PUT_BACK_S, connections => $CONNECTIONS);
}


# the number of the last event that the replica has, when no more come

sub until_still {
    my ($replica) = @_;
    my ($before, $now) = (-1, -2);

    while ($before != $now) {
        $before = $now;
        sleep 0.2;
        $now = 0 + $replica->redis('HGET', 'seckill:{drop}:tail', 'last');
    }

    return $now;
}


# one buyer at each machine claims until one wins

sub kill_and_claim {
    my ($primary, $replica, $sentinels, @machines) = @_;
    my %sock = map { ($_->{machine} => connection($_)) } @machines;
    my ($n, $promoted, $named, %asked, %decided) = (0);
    my $start = time;

    $primary->stop('KILL');

    until ($named && keys %decided == @machines) {
        die "failover: waited $WAIT seconds\n" if time - $start > $WAIT;

        if (!$promoted) {
            $promoted = time - $start if $replica->redis('ROLE') =~ /^master/;

        } elsif (!$named) {
            $named = time - $start if grep { names($_, $replica) } @$sentinels;
        }

        for my $name (grep { !exists $decided{$_} } keys %sock) {
            my $sock = $sock{$name};

            if (!$asked{$name}) {
                send_request($sock, "/seckill?sale=sale2&user=$name-" . $n++,
                             'POST');
                $asked{$name} = 1;

            } elsif (IO::Select->new($sock)->can_read(0)) {
                my $now = time - $start;
                my $said = read_answer($sock);

                $asked{$name} = 0;
                $decided{$name} = $now if $said =~ /"result":"won"/;
            }
        }

        sleep $STEP_MS / 1e3;
    }

    my @decided = sort { $a <=> $b } values %decided;

    return { promoted => $promoted, named => $named, first => $decided[0],
             all => $decided[-1] };
}


# whether a Sentinel says that this is the primary: it looks once a second

sub names {
    my ($sentinel, $server) = @_;

    return $sentinel->redis('SENTINEL', 'get-master-addr-by-name', 'drop')
        =~ /^$server->{port}$/m;
}

1;
