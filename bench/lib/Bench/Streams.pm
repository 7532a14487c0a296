package Bench::Streams;

# What many streams take of one worker: its memory, and its CPU while nothing
# changes and while their sale does; and claims with them and without, by turns.

use strict;
use warnings;

use Bench::Contender::Seckill;
use Bench::Growth;
use Bench::Process qw(slurp);
use File::Basename qw(dirname);
use IPC::Open2;
use JSON::PP qw(decode_json);
use Time::HiRes qw(sleep time);

my $CONNECTIONS = 64;
my $STEP = 50_000_000;          # no user is there twice
my $LOAD = dirname(__FILE__) . '/../../load/streams.js';


# measure(dir => DIR, streams => N, rounds => N, seconds => N, progress => sub)

sub measure {
    my (%o) = @_;
    my %turns = (
        lose => { sales => 'sale1', connections => $CONNECTIONS },
        win => { sales => 'sale2', connections => 4 * $CONNECTIONS },
    );
    my $shop = Bench::Contender::Seckill->new(
        dir => "$o{dir}/streams", workers => 1,
        sales => { sale1 => 0, sale3 => 1000,
                   sale2 => 250_000 * $o{seconds} * 2 * ($o{rounds} + 1) });
    my $first = 0;

    $shop->start;
    Bench::Growth::first_claim($shop);

    my $alone = alone($shop, %o);

    for my $round (0 .. $o{rounds}) {
        for my $what (sort keys %turns) {
            for my $with ($round % 2 ? (0, 1) : (1, 0)) {
                my $turn = $turns{$what};

                $o{progress}->("round $round of $o{rounds}, claims that $what"
                    . ($with ? ", $o{streams} streams" : ''));

                $shop->settle;
                my $streams = $with ? streams($shop, $turn->{sales}, $o{streams})
                                    : undef;
                my $run = $shop->measure(method => 'POST', times => 1,
                    first => $first += $STEP, users => $STEP,
                    seconds => $o{seconds}, %$turn);
                end($shop, $streams) if $streams;

                # the first is to warm up
                push @{$turn->{$with ? 'with' : 'without'}}, $run if $round;
            }
        }
    }

    $shop->stop;

    return { streams => $o{streams}, %$alone,
             turns => { map { $_ => { with => $turns{$_}{with},
                                      without => $turns{$_}{without} } }
                            keys %turns } };
}


# streams and nothing else: bytes of each, without what processes share, and the worker's seconds of CPU in
# each second

sub alone {
    my ($shop, %o) = @_;
    my $seconds = 3 * $o{seconds};
    my ($worker) = $shop->workers;
    my %alone;

    $o{progress}->("$o{streams} streams");

    # what the first ones take of the process for good is not the others'

    end($shop, streams($shop, 'sale3', $o{streams} / 100));

    my $before = memory($worker);
    my $streams = streams($shop, 'sale3', $o{streams});

    $alone{bytes} = (memory($worker) - $before) / $o{streams};
    sleep 2;

    my $cpu = cpu($worker);
    sleep $seconds;
    $alone{cpu_quiet} = (cpu($worker) - $cpu) / $seconds;

    $cpu = cpu($worker);
    my $sends = metric($shop, 'seckill_stream_sends_total');
    my $began = time;

    for (1 .. $seconds) {
        $shop->request('POST', "/seckill?sale=sale3&user=change-$_");
        sleep 1;
    }

    my $took = time - $began;
    $alone{cpu_changing} = (cpu($worker) - $cpu) / $took;
    $alone{sends} = (metric($shop, 'seckill_stream_sends_total') - $sends) / $took;

    end($shop, $streams);

    return \%alone;
}


sub streams {
    my ($shop, $sale, $n) = @_;
    my $pid = open2(my $out, my $in, 'node', $LOAD, $shop->{port}, $sale, $n);
    my $line = <$out> // '';

    die "streams: they have not begun\n" if $line ne "ready\n";

    return { pid => $pid, in => $in, out => $out };
}


sub end {
    my ($shop, $streams) = @_;

    close $streams->{in};
    waitpid $streams->{pid}, 0;
    die "streams: some have ended\n" if $?;

    for (1 .. 1000) {
        return if metric($shop, 'seckill_streams') == 0;
        sleep 0.02;
    }

    die "streams: they do not end\n";
}


sub metric {
    my ($shop, $name) = @_;

    return decode_json($shop->request('GET', '/metrics'))->{$name}[0]{value};
}


sub memory {
    my ($pid) = @_;
    my ($kb) = slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;

    return 1024 * $kb;
}


# exactly: a worker that wakes by the clock is there whenever that is counted

sub cpu {
    my ($pid) = @_;

    return (split ' ', slurp("/proc/$pid/schedstat"))[0] / 1e9;
}

1;
