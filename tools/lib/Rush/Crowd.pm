package Rush::Crowd;

# Buyers by the ten thousand, and a clerk, in one process, at several machines.
#
#   buyers  each claims twice, at two machines: every second one at both at
#           once, the others one after the other.  Who gets no answer, or
#           "unavailable", asks again, at the next machine that is there;
#   clerk   puts the stock on sale bit by bit, as the buyers come, so that units
#           are sold all the time, whatever happens meanwhile.
#
# run() is a process of its own; whoever has called it says how many buyers may
# come at full speed: go().  Some more come slowly, so that there always are.

use strict;
use warnings;

use parent 'Rush::Wire';

use POSIX qw(WNOHANG);
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);
use Time::HiRes qw(time);

my $SLOW_S = 10;                # buyers that may come slowly need longer
my $STOCK_BY = 0.9;             # all units are on sale with so many buyers
my $LATE_S = 60;                # that a machine may not know of an order


# new(ports => [...], sale => ..., stock => N, users => N, connections => N,
#     slow => N, file => ...)

sub new {
    my ($class, %self) = @_;

    return bless { %self, go => 0, fed => 0, answered => 0 }, $class;
}


sub run {
    my ($self) = @_;

    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "socketpair: $!\n";

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        close $ours;
        $self->{parent} = $theirs;
        eval { $self->work; 1 } or warn("rush: $@"), POSIX::_exit(1);
        POSIX::_exit(0);
    }

    close $theirs;
    Rush::Wire::nonblocking($ours);
    $self->{child} = $ours;
    $self->{pid} = $pid;

    return $self;
}


sub go {
    my ($self, $users) = @_;

    syswrite $self->{child}, "$users\n";
}


# looks how far they are; 0: all have their answers

sub busy {
    my ($self) = @_;

    while (sysread $self->{child}, my $text, 65536) {
        $self->{text} .= $text;
    }

    ($self->{fed}, $self->{answered}) = ($1, $2)
        if ($self->{text} // '') =~ /.*^(\d+) (\d+)\n/ms;
    $self->{text} =~ s/.*\n//s if defined $self->{text};

    return 1 if waitpid($self->{pid}, WNOHANG) == 0;

    die "the crowd's process failed\n" if $?;
    $self->{pid} = 0;

    return 0;
}


sub stop {
    my ($self) = @_;

    return if !$self->{pid};
    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{pid} = 0;
}


# what was told, of the file: see write_answers()

sub answers {
    my ($self) = @_;
    my %a = (won => {}, already => {}, count => {}, maybe => {}, times => {},
             wrong => []);

    open my $in, '<', $self->{file} or die "$self->{file}: $!\n";

    while (my $line = <$in>) {
        my ($what, $key, $value) = $line =~ /^(\S+) (\S+) ?(.*)/;

        if ($what eq 'wrong') {
            push @{$a{wrong}}, "$key $value";
        } else {
            $a{$what}{$key} = $value;
        }
    }

    return \%a;
}


# the rest is the process's

sub work {
    my ($self) = @_;
    my $start = time;
    my $each = int($self->{connections} / @{$self->{ports}}) || 1;

    $self->{$_} = {} for qw(won already count maybe times);
    $self->{wrong} = [];
    $self->{on_sale} = $self->{edits} = 0;
    $self->{room} = $each * @{$self->{ports}};
    $self->open($each);

    Rush::Wire::nonblocking($self->{parent});
    local $SIG{PIPE} = 'IGNORE';
    my $told = 0;

    while ($self->{answered} < 2 * $self->{users}
           || $self->{on_sale} < $self->{stock})
    {
        $self->{now} = time;
        $self->hear;
        $self->clerk;
        $self->feed;
        $self->send_all;
        $self->receive;

        if ($self->{now} > $told + 0.05) {
            syswrite $self->{parent}, "$self->{fed} $self->{answered}\n";
            $told = $self->{now};
        }
    }

    $self->{times}{took} = time - $start;
    $self->write_answers;
}


sub hear {
    my ($self) = @_;
    my $n = sysread $self->{parent}, my $text, 4096;

    exit if defined $n && $n == 0;
    $self->{go} = $1 if $n && $text =~ /(\d+)\n$/;
}


sub clerk {
    my ($self) = @_;
    my $want = $self->{stock} * $self->{fed} / $self->{users} / $STOCK_BY;

    return if $self->{editing} || $self->{on_sale} == $self->{stock};

    $want = int $want + 1;
    $want = $self->{stock} if $want > $self->{stock};
    return if $want - $self->{on_sale} < $self->{stock} / 100
              && $want < $self->{stock};

    my $add = $want - $self->{on_sale};
    my $body = "{\"add_stock\":$add}";
    my $n = ++$self->{edits};

    $self->{editing} = 1;
    $self->send({
        machine => $n % @{$self->{ports}},
        text => "PATCH /api/sales/$self->{sale} HTTP/1.1\r\n"
                . "Host: localhost\r\nIdempotency-Key: part-$n\r\n"
                . 'Content-Length: ' . length($body) . "\r\n\r\n$body",
        done => sub {
            my ($status, $text) = @_;

            return 0 if $status == 503;
            die "the clerk was told $status: $text\n" if $status != 200;

            $self->{on_sale} = $want;
            $self->{editing} = 0;

            return 1;
        },
    });
}


# buyers, as many as there are connections

sub feed {
    my ($self) = @_;
    my $limit = $self->{go};

    # the slow ones: ever fewer, of those that may come

    if ($self->{fed} >= $limit) {
        my $last = $self->{go} + $self->{slow};

        $last = $self->{users} if $last > $self->{users};
        $self->{due} += ($last - $self->{fed})
                        * ($self->{now} - ($self->{slow_at} // $self->{now}))
                        / $SLOW_S;
        $limit = $self->{fed} + int $self->{due};
        $self->{due} -= int $self->{due};
        $self->{slow_at} = $self->{now};

    } else {
        $self->{due} = 0;
        delete $self->{slow_at};
    }

    $limit = $self->{users} if $limit > $self->{users};

    while ($self->{fed} < $limit && $self->{room} > 0) {
        my $user = ++$self->{fed};
        my $n = @{$self->{ports}};
        my $one = $user % $n;
        my $other = ($one + 1 + int($user / $n) % ($n - 1)) % $n;

        $self->{room}--;
        $self->{left}{$user} = 2;

        if ($user % 2) {
            $self->claim($user, $one, sub { $self->claim($user, $other) });
        } else {
            $self->{both}{$user} = 1;
            $self->claim($user, $one);
            $self->claim($user, $other);
        }
    }
}


sub claim {
    my ($self, $user, $machine, $then) = @_;
    my $heard;

    $self->send({
        machine => $machine,
        user => $user,
        text => "POST /seckill?sale=$self->{sale}&user=$user HTTP/1.1\r\n"
                . "Host: localhost\r\n\r\n",
        done => sub {
            my ($status, $text) = @_;
            my ($result) = $text =~ /"result":"(\w+)"/;
            my ($order) = $text =~ /"order":(\d+)/;

            $result //= $status;
            $self->{count}{$result}++;

            if ($result eq 'unavailable') {
                $self->{maybe}{$user} = 1;
                return 0;
            }

            if ($self->is_late($user, $result)) {
                $heard //= $self->{now};
                $self->{count}{$result}--;
                return -1 if $self->{now} < $heard + $LATE_S;
            }

            $self->late($self->{now} - $heard) if defined $heard;
            $self->note($user, $result, $order);

            return $self->finish($user, $then);
        },
    });
}


sub finish {
    my ($self, $user, $then) = @_;

    $self->{answered}++;

    if (--$self->{left}{$user} == 0) {
        delete $self->{left}{$user};
        delete $self->{both}{$user};
        $self->{room}++;
    }

    $then->() if $then;

    return 1;
}


# another machine has this order, this one has not heard of it yet

sub is_late {
    my ($self, $user, $result) = @_;

    return $result eq 'sold_out' && !$self->{both}{$user}
           && (exists $self->{won}{$user} || exists $self->{already}{$user});
}


sub late {
    my ($self, $seconds) = @_;

    $self->{times}{n_late}++;
    $self->{times}{late} = $seconds if $seconds > ($self->{times}{late} // 0);
}


# what one user hears has to go together

sub note {
    my ($self, $user, $result, $order) = @_;
    my $before = $self->{won}{$user} // $self->{already}{$user};

    if ($result eq 'won' || $result eq 'already') {
        push @{$self->{wrong}}, "$user $result $order, before: $before"
            if defined $before && $before != $order
               || $result eq 'won' && exists $self->{won}{$user};
        $self->{$result}{$user} = $order;

    } elsif (defined $before && !$self->{both}{$user}) {
        push @{$self->{wrong}}, "$user $result, before: $before";
    }
}


sub write_answers {
    my ($self) = @_;

    open my $out, '>', $self->{file} or die "$self->{file}: $!\n";

    for my $what (qw(won already maybe count times)) {
        print $out "$what $_ $self->{$what}{$_}\n"
            for keys %{$self->{$what}};
    }

    print $out "wrong $_\n" for @{$self->{wrong}};
    close $out or die "$self->{file}: $!\n";
}

1;
