package Bench::Machines;

# Machines that sell one stock through one Redis, all on this host: all of them
# under load at once, or one of them; how soon one knows of another's order; and
# how long its log is to follow.

use strict;
use warnings;

use Bench::Client qw(ask connection read_answer send_request);
use Bench::Contender::Shared;
use Bench::RedisServer;
use IO::Select;
use JSON::PP qw(decode_json encode_json);
use List::Util qw(max min sum);
use Time::HiRes qw(sleep time);

my $CONNECTIONS = 256;          # of all machines together
my $PER_SECOND = 100_000;       # units: more than are ever sold
my $STEP = 50_000_000;          # no user is there twice
my $WAIT = 600;                 # seconds for what has to come
my $first = $STEP;


# cluster(dir => DIR, n => MACHINES, units => N, url => URL): started one after
# another

sub cluster {
    my (%o) = @_;
    my @machines;

    for my $n (1 .. $o{n}) {
        push @machines, machine(%o, name => "m$n", first => $n == 1);
        $machines[-1]->start;
    }

    return @machines;
}


sub machine {
    my (%o) = @_;

    return Bench::Contender::Shared->new(
        dir => "$o{dir}/$o{name}", workers => 1, machine => $o{name},
        url => $o{url}, first => $o{first},
        sales => { sale1 => 0, sale2 => $o{units} });
}


sub redis_and_url {
    my ($dir) = @_;
    my $redis = Bench::RedisServer->start(dir => "$dir/redis");

    return ($redis, "redis://127.0.0.1:$redis->{port}");
}


# until the ledgers of all end with the same event

sub together {
    my @machines = @_;
    my $end = time + $WAIT;
    my @last;

    while (time < $end) {
        @last = map { $_->last_event } @machines;
        return $last[0] if min(@last) == max(@last);
        sleep 0.02;
    }

    die "machines: their ledgers end with events @last\n";
}


# claims that win, at all machines at once and at one of them, by turns:
# measure(dir => DIR, machines => N, rounds => N, seconds => N, progress => sub)

sub measure {
    my (%o) = @_;
    my $dir = "$o{dir}/machines";
    my ($redis, $url) = redis_and_url($dir);
    my @machines = cluster(dir => $dir, n => $o{machines}, url => $url,
                           units => $PER_SECOND * $o{seconds} * 2
                                    * ($o{rounds} + 1));
    my (@all, @one);

    for my $round (0 .. $o{rounds}) {
        for my $many ($round % 2 ? (0, 1) : (1, 0)) {
            $o{progress}->("round $round of $o{rounds}, "
                . ($many ? "$o{machines} machines" : 'one of them'));

            my $run = turn($redis, \@machines, $o{seconds},
                           $many ? @machines : $machines[$round % @machines]);

            # the first is to warm up
            push @{$many ? \@all : \@one}, $run if $round;
        }
    }

    $_->stop for @machines;
    $redis->stop;

    return { all => \@all, one => \@one, machines => $o{machines},
             connections => $CONNECTIONS, rounds => $o{rounds},
             seconds => $o{seconds} };
}


sub turn {
    my ($redis, $machines, $seconds, @loaded) = @_;
    my $left = $machines->[0]->left('sale2');
    my @cpu = cpu($redis, @$machines);
    my %calls = $redis->calls;

    my @runs = at_once(map {
        my $m = $_;
        my $from = $first += $STEP;
        sub { $m->load(method => 'POST', times => 1, first => $from,
                       users => $STEP, sales => 'sale2', seconds => $seconds,
                       connections => int($CONNECTIONS / @loaded)) }
    } @loaded);

    together(@$machines);
    $_->settle for @$machines;

    my $n = sum(map { $_->{n} } @runs);
    my @after = cpu($redis, @$machines);
    my %now = $redis->calls;
    my $sold = $left - $machines->[0]->left('sale2');

    die "machines: $n claims won, $sold units sold\n"
        if $sold < $n || $sold > $n + $CONNECTIONS;

    return {
        n => $n, rps => sum(map { $_->{n} / $_->{seconds} } @runs),
        shares => [map { $_->{n} } @runs],
        even => min(map { $_->{n} } @runs) / max(map { $_->{n} } @runs),
        cpu => ($after[0] - $cpu[0]) / $n * 1e6,
        redis_cpu => ($after[1] - $cpu[1]) / $n * 1e6,
        p50 => max(map { $_->{p50} } @runs), p99 => max(map { $_->{p99} } @runs),
        appends => $now{xadd} - ($calls{xadd} // 0),
        calls => $now{evalsha} - ($calls{evalsha} // 0),
    };
}


# seconds of CPU of all servers together, and of Redis

sub cpu {
    my ($redis, @machines) = @_;
    my $of_redis = Bench::Process::cpu($redis->{pid});

    return ($of_redis + sum(map { $_->cpu } @machines), $of_redis);
}


# runs each in a process of its own; what they return

sub at_once {
    my @from;

    for my $do (@_) {
        my $pid = open(my $from, '-|') // die "fork: $!\n";

        if ($pid == 0) {
            my $result = eval { encode_json($do->()) }
                // encode_json({ error => "$@" });
            syswrite STDOUT, $result;
            kill KILL => $$;
        }

        push @from, $from;
    }

    my @results = map { local $/; decode_json(scalar <$_>) } @from;

    for my $r (@results) { die "machines: $r->{error}" if $r->{error} }

    return @results;
}


# How long it takes until one machine knows of an order that was won at another,
# with nothing else to do: from the claim on, and from its answer on.  Of the
# other, once a reader waits for events, once a buyer asks every millisecond.
#
# lag(dir => DIR, orders => N, progress => sub)

sub lag {
    my (%o) = @_;
    my $dir = "$o{dir}/lag";
    my ($redis, $url) = redis_and_url($dir);
    my ($here, $there) = cluster(dir => $dir, n => 2, url => $url,
                                 units => 10 * $o{orders} + 1000);
    my @socks = map { connection($_) } $here, $there;
    my %took;

    for my $n (1 .. $o{orders}) {
        $o{progress}->("order $n of $o{orders}") if $n % 20 == 1;

        for my $how (qw(reader buyer)) {
            my $last = together($here, $there);

            # in no step with anything that is done once a second

            sleep 0.01 + rand 0.05;

            my ($claim, $known) = $how eq 'reader'
                ? seen_by_reader(@socks, "r-$n", $last)
                : seen_by_buyer(@socks, "b-$n");

            push @{$took{claim}}, $claim * 1e3;
            push @{$took{$how}}, $known * 1e3;
            push @{$took{"$how after"}}, ($known - $claim) * 1e3;
        }
    }

    $_->stop for $here, $there;
    $redis->stop;

    return { orders => $o{orders}, took => \%took };
}


# seconds from the claim until it is answered, and until the reader has it

sub seen_by_reader {
    my ($here, $there, $user, $last) = @_;

    send_request($there, "/api/events?after=$last&limit=1&wait=30");
    sleep 0.01;

    my $start = time;
    my %at;

    send_request($here, "/seckill?sale=sale2&user=$user", 'POST');

    my $select = IO::Select->new($here, $there);

    while ($select->count) {
        for my $sock ($select->can_read(60)) {
            $at{$sock} = time - $start;
            $select->remove($sock);
        }
    }

    won(read_answer($here));

    my $page = read_answer($there);
    die "lag: $page\n" if $page !~ /"user":"\Q$user\E"/;

    return @at{$here, $there};
}


sub seen_by_buyer {
    my ($here, $there, $user) = @_;
    my ($start, $claim) = (time);

    send_request($here, "/seckill?sale=sale2&user=$user", 'POST');

    my $select = IO::Select->new($here);

    for ( ;; ) {
        my $said = ask($there, "/seckill?sale=sale2&user=$user");
        my $known = time - $start;

        if (!$claim && $select->can_read(0)) {
            $claim = $known;
            won(read_answer($here));
        }

        return ($claim, $known) if $claim && $said =~ /"result":"won"/;
        sleep 0.001;
    }
}


sub won {
    my ($said) = @_;
    die "machines: $said\n" if $said !~ /"result":"won"/;
}


# What a log of so many events takes: Redis' memory, and the time until a new
# machine has all of it.  The events are of claims, in commits as they come under
# load.  log_growth(dir => DIR, events => N, progress => sub)

sub log_growth {
    my (%o) = @_;
    my $dir = "$o{dir}/log_growth";
    my ($redis, $url) = redis_and_url($dir);
    my %machine = (dir => $dir, url => $url, units => 2 * $o{events} + 10_000);
    my $key = 'seckill:{drop}:log';
    my ($one) = cluster(%machine, n => 1);
    my $last = 0;
    my $begin = time;

    until ($last >= $o{events}) {
        $o{progress}->("event $last of $o{events}");
        $first += $STEP;

        # about as many seconds as it takes, a hundred at most

        my $rate = $last ? $last / (time - $begin) : 20_000;
        my $seconds = int(($o{events} - $last) / $rate) || 1;

        $one->load(method => 'POST', times => 1, first => $first,
                   users => $STEP, sales => 'sale2',
                   seconds => min(100, $seconds),
                   connections => $CONNECTIONS);
        $last = $one->last_event;
    }

    $one->settle;

    my $commits = $redis->redis('XLEN', $key);
    my $bytes = $redis->redis('MEMORY', 'USAGE', $key, 'SAMPLES', 0);
    my ($rss) = $redis->redis('INFO', 'memory')
        =~ /^used_memory_rss:(\d+)/m;

    $o{progress}->("a new machine follows $last events");

    my $two = machine(%machine, name => 'm2', first => 0);
    my $cpu = Bench::Process::cpu($redis->{pid});

    $begin = time;
    $two->Bench::Contender::Seckill::start;
    $two->follows($last, $WAIT);
    my $took = time - $begin;

    $cpu = Bench::Process::cpu($redis->{pid}) - $cpu;

    $_->stop for $one, $two;
    $redis->stop;

    return { events => $last, commits => 0 + $commits, bytes => 0 + $bytes,
             rss => 0 + $rss, follow_s => $took, redis_cpu_s => $cpu };
}

1;
