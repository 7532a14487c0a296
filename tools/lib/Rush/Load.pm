package Rush::Load;

# Runs of wrk, each with the script rush.lua, and what was answered.

use strict;
use warnings;

use POSIX qw(WNOHANG);
use Rush::Rules;
use Time::HiRes qw(sleep time);

my $ASK_MAX = 2_000_000;        # users asked after the restart
my $THREADS = 2;                # of wrk, for one machine


# new(dir => ..., lua => ..., connections => N, users => N)

sub new { my ($class, %self) = @_; return bless { %self }, $class }


# one run; returns the seconds and the answers.  With several servers, each
# has a thread, and a share of the users.

sub wrk {
    my ($self, $s, $mode, $from, $last, $sale, $requests) = @_;
    my ($dir, $c) = @$self{qw(dir connections)};
    my @servers = ref $s eq 'ARRAY' ? @$s : $s;
    my $threads = @servers > 1 ? @servers : $c < $THREADS ? 1 : $THREADS;
    my $start = time;

    unlink glob "$dir/$mode.*";

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>', "$dir/wrk.$mode.log";
        open STDERR, '>&', \*STDOUT;
        $ENV{RUSH_PORTS} = join ' ', map { $_->{port} } @servers;
        exec 'wrk', "-t$threads", '-c' . ($c < $threads ? $threads : $c),
            '-d10h', '--timeout', '60s', '-s', $self->{lua},
            "http://127.0.0.1:$servers[0]{port}/",
            '--', $mode, $from, $last, $dir, $sale, $threads
            or POSIX::_exit(127);
    }

    my $shown = $start;
    my $stuck = 0;
    my $before = -1;
    my $took;

    while (waitpid($pid, WNOHANG) == 0) {
        sleep 0.005;

        if (!$took && !grep { !-e "$dir/$mode.$_.done" } 0 .. $threads - 1) {
            $took = time - $start;
            kill INT => $pid;
        }

        next if $took || time < $shown + 5;

        my $done = 0;
        $done += progress($_, $sale, $mode) for @servers;
        printf STDERR "  %s of %s requests\n", n($done), n($requests);
        $shown = time;

        # a server that answers no more is a broken rule, not a long wait
        $stuck = $done == $before ? $stuck + 1 : 0;
        $before = $done;
        kill TERM => $pid if $stuck > 12;
    }

    $took ||= time - $start;

    die "rush: wrk failed, see $dir/wrk.$mode.log\n" if $? >> 8;

    return ($took, $self->read_answers($mode, $threads));
}


sub progress {
    my ($s, $sale, $mode) = @_;
    my @results = qw(won already sold_out not_started ended paused unavailable);
    my $n = 0;

    return $s->metric('seckill_questions_total', sale => $sale) // 0
        if $mode eq 'ask';

    $n += $s->metric('seckill_claims_total', sale => $sale,
                     result => $_) // 0 for @results;
    return $n;
}


# codes 0 and 1 name an order; what does not fit together is in "wrong"

sub read_answers {
    my ($self, $mode, $threads) = @_;
    my (%won, %already, %count, @wrong);

    for my $id (0 .. $threads - 1) {
        open my $in, '<', "$self->{dir}/$mode.$id" or next;

        while (my $line = <$in>) {
            my ($code, $user, $order) = split ' ', $line;

            if ($code eq 'count') {
                $count{$user} += $order;
            } elsif ($code == 0) {
                push @wrong, $user if exists $won{$user};
                $won{$user} = $order;
            } elsif ($code == 1) {
                push @wrong, $user
                    if exists $already{$user} && $already{$user} != $order;
                $already{$user} = $order;
            }
        }
    }

    for my $user (keys %already) {
        push @wrong, $user if ($won{$user} // 0) != $already{$user};
    }

    return { won => \%won, count => \%count, wrong => \@wrong };
}


# everybody is asked again over HTTP: all who won, and all others or, where
# they are too many, an even sample of them

sub ask_again {
    my ($self, $s, $rush) = @_;
    my ($dir, $users) = @$self{qw(dir users)};
    my $step = int($users / $ASK_MAX) + 1;
    my %ask = map { $_ => 1 } keys %{$rush->{won}};

    for (my $user = 1; $user <= $users; $user += $step) {
        $ask{$user} = 1;
    }

    open my $out, '>', "$dir/users" or die "rush: $dir/users: $!\n";
    print $out "$_\n" for keys %ask;
    close $out or die "rush: $dir/users: $!\n";

    my ($took, $after) = $self->wrk($s, 'ask', "$dir/users", 0, 'rush',
                                    scalar keys %ask);

    $after->{asked} = keys %ask;
    $after->{other} = $after->{asked} - ($after->{count}{0} // 0)
                      - ($after->{count}{6} // 0);

    return $after;
}


# the orders that the sqlite3 shell sees

sub ledger {
    my ($self, $s, $sale) = @_;
    my %order;

    my $text = $s->sql("SELECT user || ' ' || \\\"order\\\" FROM orders"
                       . " WHERE sale = '$sale'");

    for my $line (split /\n/, $text) {
        my ($user, $order) = split ' ', $line;
        $order{$user} = exists $order{$user} ? 'twice' : $order;
    }

    return %order;
}

1;
