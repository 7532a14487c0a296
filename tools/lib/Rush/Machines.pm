package Rush::Machines;

# The rush at several machines: each with an nginx and a store of its own, one
# log in Redis, and Sentinels.  Machines are killed and started again, and Redis
# fails over, while buyers come and units are sold.

use strict;
use warnings;

use Rush::Crowd;
use Rush::Load;
use Rush::Postgres;
use Rush::Rules;
use Seckill::Sentinels;
use Seckill::Server;
use Time::HiRes qw(sleep time);

my $ALL_WIN = 30_000;           # claims of the run where every claim wins
my $PATIENCE_S = 90;            # for what has to come


# run(dir => ..., lua => ..., machines => N, stock => ..., users => ...,
#     connections => ..., workers => ..., seconds => ...)

sub run {
    my (%o) = @_;
    my $self = bless { %o, start => time }, __PACKAGE__;

    $self->{load} = Rush::Load->new(map { $_ => $o{$_} }
                                    qw(dir lua connections users));

    printf "%s buyers for %s units at %d machines, two claims each, %d"
        . " connections, %d %s each\n", n($o{users}), n($o{stock}),
        $o{machines}, $o{connections}, $o{workers},
        $o{workers} == 1 ? 'worker' : 'workers';

    $self->start;
    $self->rush;
    $self->sell_out;
    $self->all_win if $o{seconds};
    $self->look;
    $self->power_cut;
    $self->ask_all;

    $_->stop for @{$self->{all}};
    $self->{redis}->stop;

    $self->{pg} = $o{seconds} ? postgresql($o{dir}, $o{seconds}) : undef;

    print "\n";
    $self->seven_rules;
    $self->more_rules;

    for my $m (@{$self->{all}}) {
        print "$m->{name}: $m->{dir}\n" if $self->{keep};
        $self->{keep} ? $m->keep : $m->cleanup;
    }

    verdict(sprintf '%s claims in %.1f s', n($self->{told}), $self->{took});
}


# what happens, as it does

sub tell {
    my ($self, $fmt, @args) = @_;

    printf "%6.1f s  $fmt\n", time - $self->{start}, @args;
}


sub wait_for {
    my ($self, $what, $test) = @_;
    my $end = time + $PATIENCE_S;

    until ($test->()) {
        $self->give_up("waited $PATIENCE_S seconds for $what")
            if time > $end;
        sleep 0.05;
    }
}


# the directories stay, with what is in the logs

sub give_up {
    my ($self, $what) = @_;

    for my $m (@{$self->{all}}) {
        my $health = $m->{pid} && $m->request('GET', '/api/health');
        print "$m->{name}: ", $health ? $health->{body} : "no answer\n";
        print "  $_" for (split /^/, $m->log_text)[-5 .. -1];
    }

    $self->{redis}->stop;
    $_->keep for @{$self->{all}};

    die "rush: $what; see ", join(' ', $self->{redis}{dir},
                                  map { $_->{dir} } @{$self->{all}}), "\n";
}


sub start {
    my ($self) = @_;
    my $size = 16 + int(($self->{stock} + $ALL_WIN) * 64 / 1048576);
    my @ports = Seckill::Server::lasting_ports($Seckill::Sentinels::N_PORTS
                                               + $self->{machines});

    mkdir "$self->{dir}/redis";
    $self->{redis} = Seckill::Sentinels->new(dir => "$self->{dir}/redis",
        ports => [splice @ports, 0, $Seckill::Sentinels::N_PORTS])->start;

    my $url = $self->{redis}->url;

    for my $n (1 .. $self->{machines}) {
        push @{$self->{all}}, Seckill::Server->new(
            name => "m$n", port => shift @ports, timeout => '3s',
            workers => $self->{workers}, http => <<"END");
    seckill_zone zone=drop:${size}m redis=$url machine=m$n gone=$self->{gone}s;
    seckill_sale zone=drop name=rush stock=0;
    seckill_sale zone=drop name=every stock=$ALL_WIN;
END
    }

    $_->start for @{$self->{all}};
    $self->{all}[0]->wait_for('m1 to begin', sub {
        my $said = $self->{all}[0]->request('POST', '/api/machines/m1/begin');
        $said && $said->{status} == 200;
    });
    $self->ready;
    $self->tell('%d machines sell, %s is the primary of Redis',
                $self->{machines}, $self->{redis}->primary);
}


# all machines take claims

sub ready {
    my ($self) = @_;

    for my $m (@{$self->{all}}) {
        $self->wait_for("$m->{name} to take claims", sub {
            my $health = $m->request('GET', '/api/health');
            $health && $health->{status} == 200;
        });
    }
}


# three things happen, and each time more buyers may come

sub rush {
    my ($self) = @_;
    my $crowd = $self->{crowd} = Rush::Crowd->new(
        ports => [map { $_->{port} } @{$self->{all}}],
        sale => 'rush', file => "$self->{dir}/crowd",
        slow => $self->{users} / 10,
        map { $_ => $self->{$_} } qw(stock users connections))->run;

    eval {
        my $n = 0;

        for my $happens (qw(killed gone failover)) {
            $self->come(0.1 + 0.25 * $n);
            $self->$happens($self->{all}[$n++ % $self->{machines}]);
        }

        $crowd->busy;

        my ($claims, $start) = ($crowd->{answered}, time);

        $self->come(1);
        $self->{rate} = (2 * $self->{users} - $claims) / (time - $start);
        1;
    } or do {
        my $error = $@;
        $crowd->stop;
        die $error;
    };

    $self->{answers} = $crowd->answers;
    $self->{took} = $self->{answers}{times}{took};
    $self->tell('all buyers have their answers');
}


# lets a part of the buyers come, and waits for them

sub come {
    my ($self, $part) = @_;
    my $crowd = $self->{crowd};
    my $users = int $part * $self->{users};
    my ($shown, $moved, $before) = (time, time, 0);

    $crowd->go($users);

    while ($crowd->busy && ($part == 1 || $crowd->{fed} < $users)) {
        sleep 0.02;

        ($before, $moved) = ($crowd->{answered}, time)
            if $crowd->{answered} != $before;
        $self->give_up("no claim was answered in $PATIENCE_S seconds")
            if time > $moved + $PATIENCE_S;

        next if time < $shown + 5;
        printf STDERR "  %s of %s claims\n", n($crowd->{answered}),
            n(2 * $self->{users});
        $shown = time;
    }
}


# it comes back before the others take it to be gone

sub killed {
    my ($self, $m) = @_;
    my $processes = $m->living;

    $m->kill_all;
    $self->{killed} += $processes;
    $self->tell('%s is killed, %d processes', $m->{name}, $processes);
    sleep $self->{gone} / 5;
    $self->back($m);
}


sub back {
    my ($self, $m) = @_;

    $m->start;
    $self->wait_for("$m->{name} to take claims", sub {
        my $health = $m->request('GET', '/api/health');
        $health && $health->{status} == 200;
    });
    $self->tell('%s is back', $m->{name});
}


# it comes back when the others have declared it gone

sub gone {
    my ($self, $m) = @_;
    my ($other) = grep { $_ != $m } @{$self->{all}};
    my $processes = $m->living;

    $m->kill_all;
    $self->{killed} += $processes;
    $self->tell('%s is killed, %d processes', $m->{name}, $processes);

    $self->wait_for("$m->{name} to be declared gone", sub {
        my $left = $other->sql("SELECT count(*) FROM ledger"
                               . " WHERE type = 'machine_left' AND detail"
                               . " LIKE '%\\\"$m->{name}\\\"%'");
        $left =~ /^[1-9]/;
    });

    $self->tell('the others have declared that %s is gone', $m->{name});
    $self->back($m);
}


#
# Redis fails over, and a machine has died just before: nobody sells until it is
# back, since it may have told what Redis has lost.
#

sub failover {
    my ($self, $m) = @_;
    my $redis = $self->{redis};
    my $primary = $redis->primary;
    my $processes = $m->living;

    $m->kill_all;
    $redis->kill_now($primary);
    $self->{killed} += $processes + 1;
    $self->tell('%s is killed, and %s', $m->{name}, $primary);

    $self->wait_for('Sentinel to choose a primary', sub {
        ($redis->primary // $primary) ne $primary;
    });
    $self->tell('%s is the primary of Redis', $redis->primary);

    $m->start;
    $self->ready;
    $self->tell('%s is back, all machines sell', $m->{name});

    # it takes itself for the primary, until Sentinel has seen that

    $redis->run($primary);
    $self->tell('%s is back', $primary);
}


# a unit may have come back when all had their answers: then buyers ask again

sub sell_out {
    my ($self) = @_;
    my $m = $self->{all}[0];
    my ($won, $already) = @{$self->{answers}}{qw(won already)};
    my $user = 0;

    $self->ready;

    $self->wait_for('all units to be sold', sub {
        return 1 if $self->units($m)->{sold} == $self->{stock};

        for (1 .. 10) {
            $user = $user % $self->{users} + 1;
            next if exists $won->{$user} || exists $already->{$user};

            my $a = $m->claim('rush', $user) // next;

            $won->{$user} = $a->{order} if $a->{result} eq 'won';
            $already->{$user} = $a->{order} if $a->{result} eq 'already';
            $self->{second}++;
        }

        return 0;
    });
}


sub units {
    my ($self, $m) = @_;

    return {
        (map {
            $_ => $m->metric('seckill_units', sale => 'rush', state => $_) // 0
        } qw(free undecided held sold)),
        errors => $m->metric('seckill_conservation_errors'),
    };
}


# three threads of the load generator, a machine's each

sub all_win {
    my ($self) = @_;
    my ($took, $win) = $self->{load}->wrk($self->{all}, 'win', 1, $ALL_WIN,
                                          'every', $ALL_WIN);

    $self->{rate_win} = keys(%{$win->{won}}) / $took;
    $self->{exact} = !@{$win->{wrong}};
    $self->tell('%s more units are sold, one to each claim',
                n(scalar keys %{$win->{won}}));
}


# what all machines hold, once all hold the same and nothing is on its way

sub look {
    my ($self) = @_;
    my @all = @{$self->{all}};

    $self->ready;

    $self->wait_for('all machines to hold the same commits', sub {
        $self->{commits} = [map {
            $_->sql("SELECT last || ' ' || hex(chain) FROM commits"
                    . ' ORDER BY last')
        } @all];

        my %different = map { $_ => 1 } @{$self->{commits}};
        keys %different == 1;
    });

    $self->wait_for('nothing to be undecided', sub {
        $self->{units} = [map { $self->units($_) } @all];
        !grep { $_->{undecided} } @{$self->{units}};
    });

    $self->{ledgers} = [map +{ $self->{load}->ledger($_, 'rush') }, @all];
    $self->{gaps} = grep {
        $_->sql('SELECT count(*) - max(seq) FROM ledger') ne '0'
    } @all;

    ($self->{n_machine}{$_}) = $all[0]->sql(
        "SELECT count(*) FROM ledger WHERE type = '$_'")
        for qw(machine_joined machine_left);
}


# nothing runs any more, of nginx and of Redis; then all of it is started

sub power_cut {
    my ($self) = @_;
    my $redis = $self->{redis};

    $self->wait_for('a replica', sub { $redis->whole });

    my $primary = $redis->primary;
    $self->tell('%s is a replica', grep { $_ ne $primary } $redis->servers);

    $self->{processes} = 0;

    for my $m (@{$self->{all}}) {
        $self->{processes} += $m->living;
        $m->kill_all;
    }

    for my $name ($redis->servers) {
        $self->{processes}++;
        $redis->kill_now($name);
    }

    $self->tell('all is killed, %d processes', $self->{processes});

    my $start = time;

    $redis->run($_) for $redis->servers;
    $_->start for @{$self->{all}};
    $self->ready;
    $self->{ready} = time - $start;
    $self->tell('all machines sell');
}


sub ask_all {
    my ($self) = @_;

    $self->{after} = [map { $self->{load}->ask_again($_, $self->{answers}) }
                      @{$self->{all}}];
    $self->tell('each buyer has asked at each machine');
}


sub seven_rules {
    my ($self) = @_;
    my %a = %{$self->{answers}};
    my %count = (won => 0, already => 0, sold_out => 0, unavailable => 0,
                 broken => 0, silent => 0, %{$a{count}});
    my $good = $count{won} + $count{already} + $count{sold_out};
    my $stock = $self->{stock};

    my $told = $self->{told} = 2 * $self->{users};

    rule(1, $good == $told && !$count{silent},
         'the web API says who got the item',
         sprintf('%s claims answered: won %s, already %s, sold out %s; before'
                 . ' that, unavailable %s, broken off %s', n($good),
                 map { n($count{$_}) } qw(won already sold_out unavailable
                                          broken)));

    my @sold = map { $_->{sold} } @{$self->{units}};
    my @units = grep {
        $_->{sold} != $stock || $_->{free} || $_->{undecided} || $_->{errors}
    } @{$self->{units}};
    my @orders = map { scalar keys %$_ } @{$self->{ledgers}};

    rule(2, !@units && !grep({ $_ != $stock } @orders),
         'units sold end equal to the stock',
         sprintf('stock %s, sold %s, orders in the ledgers %s%s', n($stock),
                 join(' ', map { n($_) } @sold),
                 join(' ', map { n($_) } @orders),
                 $self->{second} ? sprintf '; %s asked a third time',
                                           n($self->{second}) : ''));

    my @wrong = @{$a{wrong}};
    my %has = (%{$a{won}}, %{$a{already}});
    my $twice = grep { grep { $_ eq 'twice' } values %$_ } @{$self->{ledgers}};

    rule(3, !@wrong && !$twice && keys %{{reverse %has}} == keys %has,
         'every user asks twice, none gets two',
         sprintf('%s winners with %s orders, %s told of another order; to %s'
                 . ' the second machine said so later, after %.1f s at most',
                 n(scalar keys %has), n(scalar keys %{{reverse %has}}),
                 n(scalar @wrong), n($a{times}{n_late} // 0),
                 $a{times}{late} // 0));

    print "          user $_\n" for @wrong;

    rule(4, $self->{users} >= 100 * $stock,
         'at least 100 times as many users as units',
         sprintf('%.0f users a unit', $self->{users} / $stock));

    my $rate = $self->{rate};
    my $pg = $self->{pg};

    if ($pg) {
        rule(5, $rate > 2 * $pg && $self->{rate_win} > 2 * $pg
                && $self->{exact},
             'more than twice a relational database',
             sprintf('%s claims/s with all machines; where every claim wins %s/s; PostgreSQL %s/s: %.1f and %.1f times',
                     n(int $rate), n(int $self->{rate_win}), n(int $pg),
                     $rate / $pg, $self->{rate_win} / $pg));
    } else {
        rule(5, undef, 'more than twice a relational database',
             $self->{seconds} ? 'not measured: apt-get install postgresql'
                              : 'not measured');
    }

    my @after = @{$self->{after}};
    my $before = $self->{ledgers}[0];
    my $other = 0;
    $other += $_->{other} for @after;

    rule(6, !$other && !grep({ !same($before, $_->{won}) } @after),
         'results are on disk, kill -9 and a start later',
         sprintf('%s processes killed, ready after %.2f s; %s of %s winners'
                 . ' told the same order everywhere', n($self->{processes}),
                 $self->{ready},
                 n(scalar grep {
                     my $user = $_;
                     @after == grep { ($_->{won}{$user} // 0)
                                      eq $before->{$user} } @after;
                 } keys %$before), n(scalar keys %$before)));

    rule(7, '-', 'one machine, no cluster, no load balancer',
         "this was about $self->{machines}; see ./build.sh rush");
}


# and what is promised of several machines

sub more_rules {
    my ($self) = @_;
    my ($one, @others) = @{$self->{ledgers}};
    my $asked = 0;
    $asked += $_->{asked} for @{$self->{after}};

    my ($number, $chain) = $self->{commits}[0] =~ /^(\d+) (\w+)\z/m;

    rule('+', !$self->{gaps} && !grep({ !same($one, $_) } @others),
         'all machines hold the same, commit by commit',
         sprintf('%s events in %s commits at each, chain %s; %s joined, %s'
                 . ' left', n($number),
                 n(scalar(() = $self->{commits}[0] =~ /^/mg)),
                 lc substr($chain, 0, 16), $self->{n_machine}{machine_joined},
                 $self->{n_machine}{machine_left}));

    my @after = map { $_->{won} } @{$self->{after}};

    rule('+', !grep({ !same($after[0], $_) } @after),
         'all machines give the same answer',
         sprintf('%s questions', n($asked)));

    my %a = %{$self->{answers}};
    my %heard = (%{$a{won}}, %{$a{already}});
    my $kept = agree(\%heard, $one);
    my @unheard = grep { !exists $heard{$_} } keys %$one;
    my @denied = grep { !$a{maybe}{$_} } @unheard;

    rule('+', $kept == keys %heard && !@denied,
         'what was heard is true',
         sprintf('%s of %s orders that were heard are in all ledgers; %s are'
                 . ' of users whose claim was broken off or undecided, %s of'
                 . ' others', n($kept), n(scalar keys %heard),
                 n(@unheard - @denied), n(scalar @denied)));

    my @errors = grep {
        / \[(?:alert|emerg|crit)\] / && !/exited on signal 9/
    } map { split /^/, $_->log_text } @{$self->{all}};

    rule('+', !@errors, 'nothing else has happened',
         sprintf('%s alerts in the error logs', n(scalar @errors)));
    print "          $_" for @errors;
}

1;
