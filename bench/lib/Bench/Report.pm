package Bench::Report;

# What was measured, as text, Markdown, JSON and charts.  All figures are
# medians of the rounds; a ratio is the median of the rounds' ratios.

use strict;
use warnings;

use Bench::Chinese;
use Bench::Process qw(run slurp spit);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use JSON::PP;

my $CHART = abs_path(dirname(__FILE__) . '/../../chart.gp');

my %TITLE = (
    seckill => 'this module', 'return-200' => '`return 200`',
    'lua-dict' => 'Lua, shared dict', 'lua-redis' => 'Lua, Redis script',
    'node-redis' => 'Node.js, Redis script',
    postgresql => 'PostgreSQL, 16 clients', mariadb => 'MariaDB, 16 clients',
    shared => 'this module, with Redis',
    'lua-redis-everysec' => 'Lua, Redis script, everysec',
);
my %HEAD = (sold_out => 'sold out', all_win => 'all win', rush => 'rush');
my @ORDER = qw(shared seckill return-200 lua-dict lua-redis lua-redis-everysec
               node-redis postgresql mariadb);


sub median {
    my @v = sort { $a <=> $b } @_ or return 0;

    return @v % 2 ? $v[$#v / 2] : ($v[@v / 2 - 1] + $v[@v / 2]) / 2;
}


sub range { my @v = sort { $a <=> $b } @_; return @v[0, -1] }


# a number with commas, or with enough digits to tell it from another

sub figure {
    my ($v) = @_;

    my $text = $v >= 100 ? sprintf('%.0f', $v) : $v >= 10
             ? sprintf('%.1f', $v) : sprintf('%.2f', $v);
    1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;

    return $text;
}


sub medians { my ($runs, $key) = @_; return median(map { $_->{$key} } @$runs) }


# with whom a scene compares the others: this module, alone or with Redis

sub base { my ($scene) = @_; return $scene->{base} // 'seckill' }


# how many times another's figure this module's was, round by round

sub ratios {
    my ($scene, $name, $key) = @_;
    my ($ours, $runs) = @{$scene->{runs}}{base($scene), $name};

    return map { $ours->[$_]{$key} / $runs->[$_]{$key} } 0 .. $#$runs;
}


# the CPU of another, in this module's

sub cpu_ratio {
    my ($scene, $name) = @_;

    return $name eq base($scene) ? ''
        : figure(1 / median(ratios($scene, $name, 'cpu'))) . ' x';
}


sub ratio {
    my ($scene, $name) = @_;
    my @ratios = ratios($scene, $name, 'rps');

    return $name eq base($scene) ? ('', '')
        : (figure(median(@ratios)) . ' x',
           join ' to ', map { figure($_) } range(@ratios));
}


# rows of a scene: a head, then a row for each contender

sub rows {
    my ($scene) = @_;
    my $base = base($scene);
    my $is = $base eq 'seckill' ? 'this module is' : 'with Redis it is';
    my @redis = $base eq 'seckill' ? () : 'Redis us';
    my @rows = ['', 'requests/s', 'range', 'CPU us', 'CPU', @redis, 'load us',
                '50 % ms', '99 % ms', '99.9 % ms', $is, 'range'];

    for my $name (grep { $scene->{runs}{$_} } @ORDER) {
        my $runs = $scene->{runs}{$name};

        push @rows, [$scene->{titles}{$name} // $TITLE{$name},
            figure(medians($runs, 'rps')),
            join(' to ', map { figure($_) } range(map { $_->{rps} } @$runs)),
            figure(medians($runs, 'cpu')), cpu_ratio($scene, $name),
            map({ defined $runs->[0]{redis_cpu}
                  ? figure(medians($runs, 'redis_cpu')) : '' } @redis),
            map({ figure(medians($runs, $_)) } qw(load_cpu p50 p99 p999)),
            ratio($scene, $name)];
    }

    return @rows;
}


sub conditions {
    my ($scene) = @_;

    return sprintf '%d connections, %s, %d %s of %d s', $scene->{connections},
        ($scene->{workers} // 1) == 1 ? 'one worker' : 'two workers',
        $scene->{rounds}, $scene->{rounds} == 1 ? 'round' : 'rounds',
        $scene->{seconds};
}


sub scene {
    my ($scene) = @_;

    return "$scene->{title}: " . conditions($scene) . "\n"
           . text_table(rows($scene));
}


sub text_table {
    my @rows = map { [map { s/`//gr } @$_] } @_;
    my @width;

    for my $row (@rows) {
        for (0 .. $#$row) {
            $width[$_] = length $row->[$_]
                if length $row->[$_] > ($width[$_] // 0);
        }
    }

    return join '', map {
        my $row = $_;
        join('  ', sprintf('%-*s', $width[0], $row->[0]),
             map { sprintf '%*s', $width[$_], $row->[$_] } 1 .. $#$row)
            =~ s/\s+$//r . "\n";
    } @rows;
}


sub markdown_table {
    my ($head, @rows) = @_;

    return join '', map { '| ' . join(' | ', @$_) . " |\n" }
        $head, [map { $_ ? '---:' : '---' } 0 .. $#$head], @rows;
}


sub growth_rows {
    my ($growth) = @_;

    my @orders = (['orders in the store', 'CPU us a losing claim',
                   'shared memory, bytes an order', 'start, s'],
        map { [figure_int($_->{orders}), figure(median(@{$_->{cpu}})),
               figure($_->{bytes}), figure(median(@{$_->{start}}))] }
            @{$growth->{orders}});
    my @sales = (['sales', 'CPU us a losing claim'],
        map { [figure_int($_->{sales}), figure(median(@{$_->{cpu}}))] }
            @{$growth->{sales}});

    return (\@orders, \@sales);
}

sub figure_int { return figure(shift) =~ s/\.0+$//r }


sub growth {
    my ($growth) = @_;
    my ($orders, $sales) = growth_rows($growth);

    return "What growth costs\n" . text_table(@$orders) . "\n"
           . text_table(@$sales)
           . sprintf("%s orders over %s: %.3f times the CPU (%.3f to %.3f)\n",
                     growth_ratio($growth->{orders}, 'orders'))
           . sprintf("%s sales over %s: %.3f times the CPU (%.3f to %.3f)\n",
                     growth_ratio($growth->{sales}, 'sales'));
}


# CPU with the most over CPU with the least, round by round

sub growth_ratio {
    my ($points, $what) = @_;
    my ($least, $most) = @$points[0, -1];
    my @ratios = map { $most->{cpu}[$_] / $least->{cpu}[$_] }
                 0 .. $#{$least->{cpu}};

    return (figure_int($most->{$what}), figure_int($least->{$what}),
            median(@ratios), range(@ratios));
}


sub core_rows {
    my ($core) = @_;

    return (['the core alone, without nginx', 'ns', 'range'],
            map { [$_->{what}, figure(median(@{$_->{ns}})),
                   join ' to ', map { figure($_) } range(@{$_->{ns}})] }
                @$core);
}


sub core { my ($core) = @_; return text_table(core_rows($core)) }


# claims with the API in use over claims without it, and lists of orders

sub operator {
    my ($o) = @_;
    my @claims = ['claims, the API in use', 'requests/s', 'without',
                  'it is', 'range'];
    my @pages = ["a page of 100 of $o->{orders} orders", 'ms', 'range'];

    for my $what (sort keys %{$o->{turns}}) {
        my ($with, $without) = map { [map { $_->{n} / $_->{seconds} } @$_] }
                               @{$o->{turns}{$what}}{qw(with without)};
        my @ratios = map { $with->[$_] / $without->[$_] } 0 .. $#$with;

        push @claims, [$what, figure(median(@$with)),
                       figure(median(@$without)),
                       sprintf('%.2f', median(@ratios)),
                       join ' to ', map { sprintf '%.2f', $_ } range(@ratios)];
    }

    for my $list (sort keys %{$o->{pages}}) {
        push @pages, [$list, map({ figure($_) } median(@{$o->{pages}{$list}})),
                      join ' to ', map { figure($_) }
                                   range(@{$o->{pages}{$list}})];
    }

    return text_table(@claims) . "\n" . text_table(@pages)
        . sprintf("the tables of it were made in %.0f s\n", $o->{made_s});
}


sub streams {
    my ($s) = @_;
    my @claims = ["claims with $s->{streams} streams", 'requests/s', 'without',
                  'it is', 'range', 'p50, ms', 'without', 'it is', 'range'];

    for my $what (sort keys %{$s->{turns}}) {
        my ($with, $without) = @{$s->{turns}{$what}}{qw(with without)};
        my @row = $what;

        for my $key (qw(rps p50)) {
            my @ratios = map { $with->[$_]{$key} / $without->[$_]{$key} }
                         0 .. $#$with;

            push @row, figure(medians($with, $key)),
                 figure(medians($without, $key)), figure(median(@ratios)),
                 join ' to ', map { figure($_) } range(@ratios);
        }

        push @claims, \@row;
    }

    return text_table(@claims) . "\n"
        . text_table(['streams', 'KB each', 'CPU, ms/s, quiet',
                      'their sale changes', 'sends/s'],
                     [figure_int($s->{streams}), figure($s->{bytes} / 1024),
                      figure(1e3 * $s->{cpu_quiet}),
                      figure(1e3 * $s->{cpu_changing}), figure($s->{sends})]);
}


# rows of a table of how so many runs were: a name and a figure of each

sub runs_row {
    my ($title, $runs, @keys) = @_;

    return [$title, map {
        my $key = $_;
        my @v = map { $_->{$key} } @$runs;
        (figure(median(@v)), join ' to ', map { figure($_) } range(@v));
    } @keys];
}


# three machines and one of them; shares, and how often they got in each other's
# way: a call of the script that appends nothing asks how things are

sub machines_rows {
    my ($m) = @_;
    my @rows = ['all win', 'claims/s', 'range', 'CPU us', 'Redis us', '50 % ms',
                '99 % ms', 'least over most', 'range', 'claims a commit',
                'calls a commit'];

    for my $row (["at $m->{machines} machines at once", $m->{all}],
                 ['at one of them', $m->{one}])
    {
        my ($title, $runs) = @$row;

        push @rows, [@{runs_row($title, $runs, 'rps')},
            map({ figure(medians($runs, $_)) } qw(cpu redis_cpu p50 p99)),
            $runs == $m->{all} ? @{runs_row('', $runs, 'even')}[1, 2]
                               : ('', ''),
            map { my $key = $_;
                  figure(median(map { $_->{$key} / $_->{appends} } @$runs))
                } qw(n calls)];
    }

    return @rows;
}


sub machines {
    my ($m) = @_;

    return sprintf("%d machines sell one stock: %d connections in all, one"
                   . " worker each, %d %s of %d s\n", @$m{qw(machines
                   connections rounds)}, $m->{rounds} == 1 ? 'round' : 'rounds',
                   $m->{seconds})
        . text_table(machines_rows($m));
}


sub lag_rows {
    my ($lag) = @_;
    my %took = %{$lag->{took}};

    return (['ms', '50 %', '99 %', 'most'], map {
        my ($title, $key) = @$_;
        my @ms = sort { $a <=> $b } @{$took{$key}};
        [$title, map { figure($_) } median(@ms), $ms[int(0.99 * $#ms)], $ms[-1]]
    } ['a claim is answered', 'claim'],
      ["another machine's reader has the event", 'reader'],
      ['from the answer on', 'reader after'],
      ["another machine's buyer is told", 'buyer'],
      ['from the answer on', 'buyer after']);
}


sub lag {
    my ($lag) = @_;

    return "Until another machine knows of an order: $lag->{orders} orders each,"
        . " one at a time\n" . text_table(lag_rows($lag));
}


sub failover_rows {
    my ($f) = @_;
    my @runs = map { [map { +{ %$_, after => $_->{first} - $_->{promoted} } }
                      @{$f->{turns}{$_}}] } 'all there', 'put back';
    my @put_back = map { figure_int(medians($_, 'put_back')) } @runs;

    return (['s', 'the replica has all', 'range', 'it lacks commits', 'range'],
        map({
            my ($title, $key) = @$_;
            [$title, map { @{runs_row('', $_, $key)}[1, 2] } @runs]
        } ['the replica is promoted', 'promoted'],
          ['a Sentinel names it', 'named'],
          ['claims are decided', 'first'],
          ['that is from the promotion on', 'after'],
          ['all machines decide claims', 'all']),
        ['events put back', $put_back[0], '', $put_back[1], '']);
}


sub failover {
    my ($f) = @_;

    return "The primary is killed: $f->{machines} machines, three Sentinels\n"
        . text_table(failover_rows($f));
}


sub log_growth_rows {
    my ($g) = @_;

    return (['events in the log', 'commits', "Redis' memory, MB",
             'bytes an event', 'a new machine has them after, s',
             'events/s', "Redis' CPU for that, s"],
            [figure_int($g->{events}), figure_int($g->{commits}),
             figure($g->{bytes} / 1e6), figure($g->{bytes} / $g->{events}),
             figure($g->{follow_s}), figure_int($g->{events} / $g->{follow_s}),
             figure($g->{redis_cpu_s})]);
}


sub log_growth {
    my ($g) = @_;

    return "What a long log takes\n" . text_table(log_growth_rows($g));
}


sub verify {
    my ($v) = @_;
    my $seconds = medians($v->{runs}, 'seconds');

    return "A ledger is verified, with its chain\n" . text_table(
        ['events', 'commits', 'store, MB', 's', 'events/s', 'CPU, s'],
        [figure_int($v->{events}), figure_int($v->{commits}),
         figure($v->{bytes} / 1e6), figure($seconds),
         figure_int($v->{events} / $seconds),
         figure(medians($v->{runs}, 'cpu'))]);
}


sub machine {
    my ($result) = @_;
    my $m = $result->{machine};
    my %v = map { %{$_->{versions}} } values %{$result->{contenders} // {}};

    return sprintf('%s; %s, %d cores, %s, Linux %s, files on %s (an fsync takes '
                   . '%.2f ms); %s; '
                   . 'revision %s',
        $result->{date}, $m->{cpu}, $m->{cores}, $m->{os}, $m->{kernel},
        $m->{file_system}, $m->{fsync_ms},
        join(', ', map({ "$_ $v{$_}" } sort keys %v),
             map { "$_ $m->{$_}" } qw(sqlite wrk h2load sysbench)),
        $result->{revision});
}


sub save {
    my ($result, $out) = @_;

    make_path($out);
    spit("$out/result.json",
         JSON::PP->new->canonical->indent->indent_length(1)->encode($result));
    charts($result, $out);
}


# data files for chart.gp, and what it makes of them

sub charts {
    my ($result, $out) = @_;
    my @scenes = grep { $_->{main} } @{$result->{scenes}};
    my @have;

    if (@scenes) {
        push @have, 'claims';
        my @head = map { $HEAD{$_->{name}} } @scenes;
        spit("$out/claims.dat", join '', join("\t", 'contender', @head) . "\n",
            map {
            my $name = $_;
            join("\t", $TITLE{$name} =~ s/`//gr, map {
                $_->{runs}{$name} ? sprintf('%.0f',
                    medians($_->{runs}{$name}, 'rps')) : '?'
            } @scenes) . "\n"
        } grep { my $n = $_; grep { $_->{runs}{$n} } @scenes } @ORDER);
    }

    if (my $growth = $result->{growth}) {
        push @have, 'growth';
        spit("$out/orders.dat", join '', map {
            join("\t", $_->{orders}, median(@{$_->{cpu}}), $_->{bytes},
                 median(@{$_->{start}})) . "\n"
        } @{$growth->{orders}});
        spit("$out/sales.dat", join '', map {
            join("\t", $_->{sales}, median(@{$_->{cpu}})) . "\n"
        } @{$growth->{sales}});
    }

    for my $chart (@have) {
        run({ dir => $out }, 'gnuplot', '-e',
            "chart = '$chart'; scenes = " . @scenes, $CHART);
    }
}


# the sections between marks, in English and in Chinese

our @PAGES = qw(README.md docs/benchmarks.md README.zh.md
                docs/zh/benchmarks.md);

sub publish {
    my ($result, $out, $top) = @_;

    run('cp', "$out/result.json", glob("$out/*.svg"), "$top/docs/benchmarks/");

    for my $file (@PAGES) {
        my $text = slurp("$top/$file");
        spit("$top/$file", with_sections($file, $text, $result));
    }
}


sub with_sections {
    my ($file, $text, $result) = @_;
    my %section = sections($result);

    if ($file =~ /\bzh\b/) {
        $_ = Bench::Chinese::section($_) for values %section;
    }

    $text =~ s{(<!-- bench: (\w+) -->\n).*?(<!-- end -->)}
              {$1 . ($section{$2} // die "no section $2\n") . $3}gse;

    return $text;
}


sub sections {
    my ($result) = @_;
    my ($orders, $sales) = growth_rows($result->{growth});

    return (
        machine => machine($result) . ".\n",
        summary => markdown_table(summary_rows($result)),
        lines => markdown_table(lines_rows($result)),
        scenes => scenes_section(grep { base($_) eq 'seckill' }
                                 @{$result->{scenes}}),
        shared => scenes_section(grep { base($_) ne 'seckill' }
                                 @{$result->{scenes}}),
        map({ ($_ => machines_section($_, $result->{$_})) }
            qw(machines lag failover log_growth)),
        growth => markdown_table(@$orders) . "\n" . markdown_table(@$sales)
            . sprintf("\n%s orders over %s: %.3f times the CPU (%.3f to"
                      . " %.3f).\n", growth_ratio($result->{growth}{orders},
                                                  'orders'))
            . sprintf("%s sales over %s: %.3f times (%.3f to %.3f).\n",
                      growth_ratio($result->{growth}{sales}, 'sales')),
        core => markdown_table(core_rows($result->{core})),
    );
}


# a result may be of before there was such a scene

my $NONE = "Not measured yet.\n";

sub scenes_section {
    return join("\n", map {
        "### $_->{title}\n\n" . conditions($_) . "\n\n"
        . markdown_table(rows($_))
    } @_) || $NONE;
}


sub machines_section {
    my ($name, $measured) = @_;

    return $NONE if !$measured;
    return markdown_table(Bench::Report->can("${name}_rows")->($measured));
}


# for who decides in a minute: a row for each main scene

my @PEERS_IN_SHORT = qw(return-200 lua-redis postgresql);

sub lines_rows {
    my ($result) = @_;

    return ([' ', 'claims/s', map { $TITLE{$_} } @PEERS_IN_SHORT],
            map {
                my $scene = $_;
                [$HEAD{$scene->{name}}, figure(medians($scene->{runs}{seckill}, 'rps')),
                 map { $scene->{runs}{$_} ? (ratio($scene, $_))[0] : '' }
                     @PEERS_IN_SHORT]
            } grep { $_->{main} } @{$result->{scenes}});
}


# one row a contender: the main scenes, and what it promises

sub summary_rows {
    my ($result) = @_;
    my @scenes = grep { $_->{main} } @{$result->{scenes}};

    my @rows = [' ', map({ ("$HEAD{$_->{name}}: requests/s",
                            'CPU us', 'this module is',
                            'range') } @scenes),
                'on disk?', 'exact?'];

    for my $name (@ORDER) {
        my $about = $result->{contenders}{$name} or next;
        next if !grep { $_->{runs}{$name} } @scenes;

        push @rows, [$TITLE{$name}, map({
            my $runs = $_->{runs}{$name};
            ($runs ? (figure(medians($runs, 'rps')),
                      figure(medians($runs, 'cpu')),
                      ratio($_, $name)) : ('') x 4)
        } @scenes), @$about{qw(durable exact)}];
    }

    return @rows;
}


sub summary { my ($result) = @_; return text_table(summary_rows($result)) }

1;
