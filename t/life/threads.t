# Threads that read pages: none before a page is asked for, four a worker at
# most; none can be had, and pages are read all the same.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my $s = Seckill::Server->new(workers => 2, http => <<'END');
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=10;
END

$s->start->ready;


sub threads {
    my ($pid) = @_;
    my @tasks = glob "/proc/$pid/task/[0-9]*";

    return scalar @tasks;
}


# many at a time, over several workers; how many were answered

sub pages {
    my ($n) = @_;
    my @socks = map { $s->connect } 1 .. $n;

    syswrite $_, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n\r\n" for @socks;

    return scalar grep {
        (Seckill::Server::read_response($_) || {status => 0})->{status} == 200
    } @socks;
}


is(threads($_), 1, 'no page, no thread') for $s->workers;

my $max = 0;

for (1 .. 10) {
    is(pages(40), 40, 'many pages at a time');
    $max = (sort { $b <=> $a } $max, map { threads($_) } $s->workers)[0];
}

cmp_ok($max, '>', 1, 'threads have read them');
cmp_ok($max, '<=', 5, 'four at most');

$s->reload;
is(threads($_), 1, 'none after a reload') for $s->workers;
is(pages(40), 40, 'and pages');

SKIP: {
    skip 'only root can set a limit for another user', 5 if $> != 0;

    $s->reload(workers => 1);

    my ($worker) = $s->workers;
    my ($before) = Seckill::Server::slurp("/proc/$worker/limits")
                   =~ /^Max processes +(\d+|unlimited)/m;

    is($s->limit_processes($worker, 1), 0, 'a limit');
    is(pages(40), 40, 'pages without threads');
    is(threads($worker), 1, 'there is none');

    my @told = $s->log_text =~ /\[error\] .*cannot start a thread to read/g;
    is(scalar @told, 1, 'said once');

    is($s->limit_processes($worker, $before), 0, 'none any more');
    $s->wait_for('a thread', sub { pages(5) == 5 && threads($worker) > 1 });
}

# the helper's threads, that drains and that fills the query tables, cannot be
# started, then can: a worker does the first's work meanwhile

SKIP: {
    skip 'only root can set a limit for another user', 13 if $> != 0;

    push @{$s->{allow}}, qr/exited on signal 9/;

    my $of_all = Seckill::Server::slurp("/proc/$s->{pid}/limits");
    my ($before) = $of_all =~ /^Max processes +(\d+|unlimited)/m;

    is($s->claim('phone', 'a')->{result}, 'won', 'an order');
    is($s->api('GET', 'orders')->{status}, 200, 'is listed');

    is($s->limit_processes($s->{pid}, 1), 0, 'a limit for those that the master starts');

    my $old = $s->helper;
    kill KILL => $old;
    my $helper = $s->wait_for('another helper', sub {
        my $h = $s->helper; $h && $h != $old && $h;
    });

    is($s->claim('phone', 'b')->{result}, 'won', 'claims go on');

    my $health = $s->api('GET', 'health');
    is($health->{status}, 200, 'it is well');
    like($health->{data}{warning}, qr/^query tables: there is no helper to fill/,
         'but for that');
    is($s->metric('seckill_query_up'), 0, 'a metric says so');
    is($s->metric('seckill_up'), 1, 'and that claims go on');
    like($s->api('GET', 'orders')->{message} // '', qr/^query tables: there is no/,
         'lists say what is wrong');

    is($s->limit_processes($helper, $before), 0, 'none any more');
    $s->wait_for('lists', sub {
        $s->api('GET', 'orders')->{status} == 200
            && !$s->api('GET', 'health')->{data}{warning};
    });

    my @told = $s->log_text =~ /\[error\] .*cannot start its drainer thread/g;
    is(scalar @told, 1, 'said once');
    like($s->log_text, qr/\[notice\] .*has started its drainer thread/,
         'and that it is over');
    like($s->log_text, qr/\[notice\] .*the helper is back/, 'also for the worker');
}

$s->done;
done_testing;
