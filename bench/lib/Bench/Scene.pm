package Bench::Scene;

# The scenes: what buyers do, and who takes part.  Contenders take turns, in
# another order each round, so that all of them see the machine's moods.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(@SCENES measure_scene);

my @NGINX = qw(seckill return-200 lua-dict lua-redis node-redis);
my @ALL = (@NGINX, qw(postgresql mariadb));
my $USERS = 1_000_000;          # users of a round do not meet those of another

# what: "lose" (nothing is left), "win" (there is enough for all), "rush" (a
# unit for each 100 users, who ask twice each), "ask" (GET, nothing is left)

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

    { name => 'two_workers', what => 'lose', connections => 64, workers => 2,
      contenders => \@NGINX, title => 'Sold out, two workers' },
);

my $next = 10;                  # sale1 is sold out, sale2 is for all
my $first = 0;
my %rate;                       # of each contender when it was warmed up


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
    my (%runs, %sale, @note);

    $rounds = int(($rounds + 1) / 2) if !$scene->{main};

    my %load = (%$scene, seconds => $seconds,
                method => $scene->{what} eq 'ask' ? 'GET' : 'POST',
                times => $scene->{what} eq 'rush' ? 2 : 1,
                sales => $scene->{what} eq 'win' ? 'sale2' : 'sale1');

    # warm up; a rush takes its stock from how many users come meanwhile

    for my $name (@names) {
        my $c = $contenders->{$name};

        if (!$o{quick} || !$rate{$name}) {
            $progress->("warming up $name");
            $first += $USERS;
            $rate{$name} = $c->measure(%load, seconds => 1,
                                       first => $first)->{rps};
        }

        if ($scene->{what} eq 'rush') {
            my $units = int($rate{$name} * $seconds / 2 / 100) || 1;
            my %sales = map { ('sale' . $next++ => $units) } 1 .. $rounds;
            $c->sales(%sales);
            $sale{$name} = [sort keys %sales];
        }
    }

    for my $round (1 .. $rounds) {
        for my $name (@names) {
            my $c = $contenders->{$name};

            $progress->("round $round of $rounds, $name");
            $first += $USERS;

            my $sale = $sale{$name} ? $sale{$name}[$round - 1] : $load{sales};
            push @{$runs{$name}},
                $c->measure(%load, first => $first, sales => $sale);
        }

        push @names, shift @names;
    }

    for my $name (keys %sale) {
        my @left = map { $contenders->{$name}->left($_) } @{$sale{$name}};
        push @note, "$name: @left units left" if grep { $_ != 0 } @left;
    }

    return { %$scene, runs => \%runs, rounds => $rounds,
             seconds => $seconds, notes => \@note };
}

1;
