package Bench::Scene;

# The scenes: what buyers do, and who takes part.  Contenders take turns, in
# another order each round, so that all of them see the machine's moods.

use strict;
use warnings;

use Exporter qw(import);
use List::Util qw(shuffle);

our @EXPORT_OK = qw(@SCENES measure_scene);

my @NGINX = qw(seckill return-200 lua-dict lua-redis node-redis);
my @ALL = (@NGINX, qw(postgresql mariadb));
my $USERS = 500_000;            # in a second: more than any contender answers

# what: "lose" (nothing is left), "win" (there is enough for all), "rush" (a
# unit for each 100 users, who ask twice each), "ask" (GET, nothing is left).
# base: whose figures the others' are compared with, if not "seckill"; titles: what
# others are called that do something else than in most scenes

our @SCENES = (
    { name => 'sold_out', what => 'lose', connections => 64, main => 1,
      contenders => \@ALL, title => 'Sold out: every claim loses' },

    { name => 'all_win', what => 'win', connections => 256, main => 1,
      contenders => \@ALL,
      title => 'Every claim wins, each a user of its own' },

    { name => 'rush', what => 'rush', connections => 64, main => 1,
      contenders => \@ALL,
      title => 'A rush: a unit for 100 users, who claim twice each' },

    { name => 'connections', what => 'rush', connections => 64, close => 1,
      contenders => \@NGINX,
      title => 'A rush in which each claim is a new connection' },

    { name => 'http2', what => 'lose', connections => 64, h2 => 1,
      contenders => \@NGINX, title => 'Sold out, HTTP/2 over TLS' },

    { name => 'ask', what => 'ask', connections => 64, contenders => \@ALL,
      title => 'Asking (GET), nothing was won' },

    { name => 'gate_refused', what => 'ask', path => '/refused', refused => 1,
      connections => 64, contenders => [qw(seckill return-200)],
      titles => { 'return-200' => '`return 403`' },
      title => 'A gate that nobody passes' },

    { name => 'gate_passed', what => 'ask', path => '/passed',
      connections => 64, contenders => [qw(seckill return-200)],
      titles => { 'return-200' => '`proxy_pass` alone' },
      title => 'A gate that all pass, to an application behind it' },

    { name => 'shared', what => 'win', connections => 256, base => 'shared',
      contenders => [qw(shared seckill lua-redis-everysec)],
      title => 'Every claim wins, with the log in Redis' },

    { name => 'shared_sold_out', what => 'lose', connections => 64,
      base => 'shared', contenders => [qw(shared seckill)],
      title => 'Sold out, with the log in Redis' },

    { name => 'two_workers', what => 'lose', connections => 64, workers => 2,
      contenders => \@NGINX, title => 'Sold out, two workers' },
);

my $next = 10;                  # sale1 is sold out, sale2 is for all
my $first = 0;
my %rate;                       # of claims that lose, when last seen


# what a scene's contenders need to know of sales at their start

sub sales_at_start {
    my ($rounds, $seconds) = @_;

    return (sale1 => 0, sale2 => 250_000 * $seconds * ($rounds + 1));
}


# measure_scene(SCENE, { NAME => CONTENDER }, rounds => N, seconds => N,
# quick => to warm up once for all scenes, progress => sub)

sub measure_scene {
    my ($scene, $contenders, %o) = @_;
    my ($rounds, $seconds, $progress) = @o{qw(rounds seconds progress)};
    my @names = grep { $contenders->{$_} } @{$scene->{contenders}};
    my (%runs, %sale);

    $rounds = int(($rounds + 1) / 2) if !$scene->{main} && !$scene->{base};

    my %load = (%$scene, seconds => $seconds,
                method => $scene->{what} eq 'ask' ? 'GET' : 'POST',
                users => $USERS * $seconds,
                times => $scene->{what} eq 'rush' ? 2 : 1,
                sales => $scene->{what} eq 'win' ? 'sale2' : 'sale1');

    # warm up; a rush takes its stock from how many users come meanwhile

    for my $name (@names) {
        my $c = $contenders->{$name};

        if (!$o{quick} || !$rate{$name} || $scene->{what} eq 'win') {
            $progress->("warming up $name");
            my $run = $c->measure(%load, seconds => 1, first => $first);
            $rate{$name} = $run->{rps} if $scene->{what} ne 'win';
            $first += $load{users};
        }

        if ($scene->{what} eq 'rush') {
            my $units = int($rate{$name} * $seconds / 2 / 100) || 1;
            my %sales = map { ('sale' . $next++ => $units) } 1 .. $rounds;
            $c->sales(%sales);
            $sale{$name} = [sort keys %sales];
        }
    }

    # in an order that no contender always has the same neighbour in, but the
    # same order each time that this is run

    srand 1;

    for my $round (1 .. $rounds) {
        for my $name (shuffle @names) {
            my $c = $contenders->{$name};

            $progress->("round $round of $rounds, $name");

            my $sale = $sale{$name} ? $sale{$name}[$round - 1] : $load{sales};
            my $left = $c->left($sale);
            my $run = $c->measure(%load, first => $first, sales => $sale);

            $run->{sold} = $left - $c->left($sale);
            check_sold($scene, $c, $run, $left);

            push @{$runs{$name}}, $run;
            $first += $load{users};
        }
    }

    return { %$scene, runs => \%runs, rounds => $rounds,
             seconds => $seconds };
}


# units sold are those that were won: each of them in a run where all win, where
# the last answers may have come when the load generator had left; all of the
# stock in a rush

sub check_sold {
    my ($scene, $c, $run, $stock) = @_;

    return if $c->name eq 'return-200' || $scene->{what} eq 'ask';

    my ($least, $most) = $scene->{what} eq 'win'
        ? ($run->{n}, $run->{n} + $scene->{connections})
        : $scene->{what} eq 'rush' ? ($stock, $stock) : (0, 0);

    die $c->name . ": $run->{n} requests, $run->{sold} units of $stock sold,"
        . " not $least to $most\n"
        if $run->{sold} < $least || $run->{sold} > $most;
}

1;
