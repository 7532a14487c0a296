package Rush::Machines;

# The rush at several machines: each with an nginx and a store of its own, one
# log in Redis, and Sentinels.  Machines are killed and started again, and Redis
# fails over, while buyers come and units are sold.

use strict;
use warnings;

use Rush::Crowd;
use Rush::Load;
use Rush::MachinesRules;
use Rush::Postgres;
use Rush::Rules;
use Seckill::Sentinels;
use Seckill::Server;
use Time::HiRes qw(sleep time);

my $ALL_WIN = 30_000;           # claims of the run where every claim wins
my $PATIENCE_S = 90;            # for what has to come
my $SURE_S = 1.2;               # longer than nginx waits for Redis


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
    Rush::MachinesRules::seven($self);
    Rush::MachinesRules::more($self);

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

    my $one = $self->{all}[0];

    $self->wait_for("$one->{name} to begin the log", sub {
        my $said = $one->api('POST', "machines/$one->{name}/begin");
        $said && $said->{status} == 200;
    });

    $self->ready;
    $self->tell('%d machines sell, %s is the primary of Redis',
                $self->{machines}, $self->{redis}->primary);
}


# all machines take claims, for longer than one waits for Redis: who has just
# read its ledger says so before it has heard from there

sub ready {
    my ($self) = @_;
    my $since;

    $self->wait_for('all machines to take claims', sub {
        $since = grep({ !$self->sells($_) } @{$self->{all}}) ? undef
                 : $since // time;
        $since && time > $since + $SURE_S;
    });
}


sub sells {
    my ($self, $m) = @_;
    my $health = $m->request('GET', '/api/health');

    return $health && $health->{status} == 200;
}


# something happens, and each time more buyers may come

sub rush {
    my ($self) = @_;
    my $crowd = $self->{crowd} = Rush::Crowd->new(
        ports => [map { $_->{port} } @{$self->{all}}],
        sale => 'rush', file => "$self->{dir}/crowd",
        slow => $self->{users} / 10,
        map { $_ => $self->{$_} } qw(stock users connections))->run;

    eval {
        my @m = @{$self->{all}};

        $self->come(0.1);
        $self->killed($m[0]);
        $self->come(0.35);
        $self->gone($m[1]);
        $self->come(0.55);
        $self->{redis}->detach_replica;
        $self->come(0.6);
        $self->failover($m[2] // $m[0]);

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
    $self->wait_for("$m->{name} to take claims", sub { $self->sells($m) });
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
# Redis fails over to a replica that has lagged, and a machine has died just
# before: nobody sells until that is back, since it may have told what is lost.
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

    my $back = 0;
    $back += $_ for map { $_->log_text =~ /(\d+) commits put back/g }
                    @{$self->{all}};
    $self->tell('%s commits put back, which %s had not got', n($back),
                $redis->primary);

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
    $self->{ready} = time - $start - $SURE_S;
    $self->tell('all machines sell');
}


sub ask_all {
    my ($self) = @_;

    $self->{after} = [map { $self->{load}->ask_again($_, $self->{answers}) }
                      @{$self->{all}}];
    $self->tell('each buyer has asked at each machine');
}

1;
