package Bench::Verify;

# How long the command takes to verify a ledger, with its chain: of one that the
# ledger itself has appended, as sales with holds and waiting lists make it.

use strict;
use warnings;

use Bench::Process qw(run);
use FindBin;
use Time::HiRes qw(time);

my $BUILD = "$FindBin::Bin/../build";


# measure(dir => DIR, events => N, rounds => N, progress => sub)

sub measure {
    my (%o) = @_;
    my $store = "$o{dir}/verify.db";
    my @runs;

    $o{progress}->("a ledger of $o{events} events");
    my ($commits) = run("$BUILD/bench-ledger", $store, $o{events})
        =~ /(\d+) commits/;

    # the first is to warm up
    for my $round (0 .. $o{rounds}) {
        $o{progress}->("round $round of $o{rounds}");
        my $run = verify($store);
        push @runs, $run if $round;
    }

    my $bytes = -s $store;
    unlink $store;

    return { events => $o{events}, commits => 0 + $commits, bytes => $bytes,
             runs => \@runs };
}


# the time of one, and its CPU; run() dies if it finds anything

sub verify {
    my ($store) = @_;
    my @before = times;
    my $began = time;

    run("$BUILD/release/seckill", 'verify', $store);

    my $seconds = time - $began;
    my @after = times;

    return { seconds => $seconds,
             cpu => $after[2] + $after[3] - $before[2] - $before[3] };
}

1;
