package Rush::MachinesRules;

# What is held against the rules after a rush at several machines: what buyers
# heard, what each machine holds, what each says after a start.

use strict;
use warnings;

use Rush::Rules;


sub seven {
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

sub more {
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
