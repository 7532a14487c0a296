package Bench::Operator;

# What the operator's API costs buyers: claims with a sale edited ten times a
# second and ten readers of events, and without, by turns; and how long a page of
# a list of orders takes.

use strict;
use warnings;

use Bench::Client qw(ask connection);
use Bench::Contender::Seckill;
use Bench::Growth;
use JSON::PP qw(decode_json);
use Time::HiRes qw(sleep time);

my $CONNECTIONS = 64;
my $EDITS = 10;                 # a second
my $READERS = 10;
my $PAGES = 200;                # of each list
my $STEP = 50_000_000;          # no user is there twice


# measure(dir => DIR, orders => N, rounds => N, seconds => N, progress => sub)

sub measure {
    my (%o) = @_;
    my %turns = (
        lose => { sales => 'sale1', connections => $CONNECTIONS },
        win => { sales => 'sale2', connections => 4 * $CONNECTIONS },
    );
    my $shop = Bench::Contender::Seckill->new(
        dir => "$o{dir}/operator", workers => 1,
        sales => { sale1 => 0,
                   sale2 => 250_000 * $o{seconds} * 2 * ($o{rounds} + 1) });
    my $first = 0;

    $shop->start;
    Bench::Growth::first_claim($shop);

    for my $round (0 .. $o{rounds}) {
        for my $what (sort keys %turns) {
            for my $use ($round % 2 ? (0, 1) : (1, 0)) {
                my $turn = $turns{$what};

                $o{progress}->("round $round of $o{rounds}, claims that "
                    . ($what eq 'lose' ? 'lose' : 'win')
                    . ($use ? ', the API in use' : ''));

                $shop->settle;
                my @pids = $use ? use_api($shop, $turn->{sales}) : ();
                my $run = $shop->measure(method => 'POST', times => 1,
                    first => $first += $STEP, users => $STEP,
                    seconds => $o{seconds}, %$turn);

                kill KILL => @pids;
                waitpid $_, 0 for @pids;

                # the first is to warm up
                push @{$turn->{$use ? 'with' : 'without'}}, $run if $round;
            }
        }
    }

    $shop->stop;
    $o{progress}->("a list of $o{orders} orders");

    my ($pages, $made_s) = pages("$o{dir}/pages", $o{orders});

    return {
        turns => { map { $_ => { with => $turns{$_}{with},
                                 without => $turns{$_}{without} } }
                       keys %turns },
        pages => $pages, made_s => $made_s,
        orders => $o{orders},
    };
}


sub use_api {
    my ($shop, $sale) = @_;
    my ($seq) = ask(connection($shop), '/api/health') =~ /"ledger_seq":(\d+)/;

    return child(sub { edit($shop, $sale) }),
           map { child(sub { follow($shop, $seq) }) } 1 .. $READERS;
}


sub child {
    my ($do) = @_;
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        eval { $do->() };
        print STDERR "operator: $@" if $@;
        kill KILL => $$;
    }

    return $pid;
}


sub edit {
    my ($shop, $sale) = @_;
    my $sock = connection($shop);

    for (my $n = 0; ; $n++) {
        my $body = '{"limit":' . (1 + $n % 2) . '}';
        my $answer = ask($sock, "/api/sales/$sale", 'PATCH', $body);
        die "$answer\n" if $answer !~ /^\{"code":0,/;
        sleep 1 / $EDITS;
    }
}


# each reader takes what comes, a thousand at a time

sub follow {
    my ($shop, $seq) = @_;
    my $sock = connection($shop);

    for ( ;; ) {
        my $page = ask($sock, "/api/events?after=$seq&limit=1000&wait=30");
        ($seq) = substr($page, -60) =~ /"next":(\d+)/ or die "$page\n";
    }
}


# milliseconds of pages of 100 orders, at places all over the list; and seconds
# that it takes to make the tables that they are read from

sub pages {
    my ($dir, $orders) = @_;
    my $s = Bench::Growth::server($dir, $orders)->{server};
    my %took;

    # its tables were made when it was empty: have them made anew

    $s->stop;
    delete $s->{nginx};
    unlink glob "$s->{dir}/seckill/drop.db-query*";
    my $begin = time;
    $s->start;
    Bench::Growth::first_claim($s);
    $s->settle;
    my $made_s = time - $begin;

    my $sock = connection($s);
    my %lists = (
        all => '', sale => '&sale=sale1', state => '&state=sold',
        'sale and state' => '&sale=sale1&state=sold',
    );

    for my $name (sort keys %lists) {
        for my $n (1 .. $PAGES) {
            my $after = int($n * ($orders - 200) / ($PAGES + 1));
            my $start = time;
            my $page = ask($sock, "/api/orders?after=$after$lists{$name}");
            push @{$took{$name}}, (time - $start) * 1e3;
            die "operator: $name: " . substr($page, 0, 200) . "\n"
                if 100 != (() = $page =~ /"order":/g);
        }
    }

    for my $n (1 .. $PAGES) {
        my $i = 2 + int($n * $orders / ($PAGES + 1));
        my $user = 'user-' . ($i * 2654435761 % 4294967296);
        my $start = time;
        my $page = ask($sock, "/api/orders?user=$user");
        push @{$took{user}}, (time - $start) * 1e3;
        die "operator: $user: " . substr($page, 0, 200) . "\n" if $page !~ /"order":$i\b/;
    }

    $s->stop;

    return (\%took, $made_s);
}

1;
