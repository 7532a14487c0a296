package Rush::Wire;

# Requests to several machines over connections that stay open, in one process
# that never waits for any of them.  A job is a request that is sent until its
# "done", a function of the status and the body, is content:
#
#   { machine => INDEX, text => ..., done => sub { ...; return 1 }, user => ... }
#
#   1   it is; 0: it is sent again, to the next machine; -1: to the same one
#
# What gets no answer is sent again, too.

use strict;
use warnings;

use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP TCP_NODELAY);

my $AGAIN_S = 0.1;              # until a job is sent again
my $AWAY_S = 0.1;               # until a machine is tried again
my $SILENT_S = 30;              # without an answer: it hangs


sub nonblocking {
    my ($fh) = @_;

    fcntl $fh, F_SETFL, fcntl($fh, F_GETFL, 0) | O_NONBLOCK;
}


# so many connections to each of the ports, at most

sub open {
    my ($self, $each) = @_;

    $self->{flying} = {};
    $self->{later} = [];
    $self->{machines} = [map +{
        port => $_, idle => [], n => 0, max => $each, queue => [],
        away_until => 0,
    }, @{$self->{ports}}];
}


sub send {
    my ($self, $job) = @_;

    push @{$self->{machines}[$job->{machine}]{queue}}, $job;
}


# it was not answered, or is to be asked again: somewhere else

sub again {
    my ($self, $job, $wait) = @_;

    push @{$self->{later}}, [$self->{now} + $wait * (0.5 + rand), $job];
}


sub send_all {
    my ($self) = @_;
    my $n = @{$self->{machines}};
    my @later;

    for (@{$self->{later}}) {
        my ($at, $job) = @$_;

        if ($at > $self->{now}) {
            push @later, $_;
            next;
        }

        $job->{machine} = ($job->{machine} + 1) % $n if !$job->{stay};
        $job->{stay} = 0;
        $self->send($job);
    }

    $self->{later} = \@later;

    for my $m (@{$self->{machines}}) {
        while (@{$m->{queue}}) {
            my $c = pop(@{$m->{idle}}) // $self->connect($m) // last;
            my $job = shift @{$m->{queue}};

            $c->{job} = $job;
            $c->{buf} = '';
            $c->{at} = $self->{now};
            $self->{flying}{fileno $c->{sock}} = $c;

            if ((syswrite($c->{sock}, $job->{text}) // 0)
                != length $job->{text})
            {
                $self->broken($c);
            }
        }

        # nobody waits at the door of one that is away

        if ($m->{away_until} > $self->{now}) {
            $self->again($_, $AWAY_S) for @{$m->{queue}};
            $m->{queue} = [];
        }
    }
}


sub connect {
    my ($self, $m) = @_;

    return if $m->{n} >= $m->{max} || $m->{away_until} > $self->{now};

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $m->{port}, Timeout => 5);

    if (!$sock) {
        $m->{away_until} = $self->{now} + $AWAY_S;
        return;
    }

    setsockopt $sock, IPPROTO_TCP, TCP_NODELAY, 1;
    nonblocking($sock);
    $m->{n}++;

    return { sock => $sock, machine => $m };
}


# whether a claim that was on its way has won is not known

sub broken {
    my ($self, $c) = @_;
    my $job = $c->{job};

    delete $self->{flying}{fileno $c->{sock}};
    close $c->{sock};
    $c->{machine}{n}--;
    $self->{count}{broken}++ if $job->{user};
    $self->{maybe}{$job->{user}} = 1 if $job->{user};

    # those that idle are broken as well
    $_->{machine}{n}--, close $_->{sock} for @{$c->{machine}{idle}};
    $c->{machine}{idle} = [];

    $self->again($job, $AGAIN_S);
}


sub receive {
    my ($self) = @_;
    my $flying = $self->{flying};
    my $bits = '';

    vec($bits, $_, 1) = 1 for keys %$flying;

    my $n = select $bits, undef, undef, 0.005;

    for my $fd ($n > 0 ? grep { vec $bits, $_, 1 } keys %$flying : ()) {
        my $c = $flying->{$fd} or next;
        my $got = sysread $c->{sock}, $c->{buf}, 65536, length $c->{buf};

        if (!$got) {
            $self->broken($c);
            next;
        }

        my ($head, $body) = split /\r\n\r\n/, $c->{buf}, 2;
        next if !defined $body;
        my ($length) = $head =~ /^Content-Length: (\d+)/mi;
        next if length $body < ($length // 0);

        delete $flying->{$fd};
        push @{$c->{machine}{idle}}, $c;

        my $rc = $c->{job}{done}->(substr($head, 9, 3), $body);

        # here once more, or somewhere else

        $c->{job}{stay} = $rc == -1;
        $self->again($c->{job}, $AGAIN_S) if $rc != 1;
    }

    for my $c (values %$flying) {
        next if $c->{at} > $self->{now} - $SILENT_S;
        $self->{count}{silent}++;
        $self->broken($c);
    }
}

1;
