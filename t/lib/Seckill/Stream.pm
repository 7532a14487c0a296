package Seckill::Stream;

# A client of seckill_stream over HTTP/1.1: its head, and the frames, one by
# one, as they come.  A command's output will do, too (curl for HTTP/2).

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Time::HiRes qw(time);

use Seckill::Server;


# open($server, PATH, headers => [...], buffer => BYTES): "buffer" is what this
# end takes before it reads

sub open {
    my ($class, $server, $path, %o) = @_;

    my $sock = IO::Socket::INET->new(Proto => 'tcp') or die "socket: $!";

    setsockopt $sock, SOL_SOCKET, SO_RCVBUF, $o{buffer} if $o{buffer};
    CORE::connect $sock, Socket::pack_sockaddr_in($server->{port},
                             Socket::inet_aton('127.0.0.1'))
        or return;

    my $self = bless { fh => $sock, buf => '', chunked => 1,
                       wait => 30 * ($ENV{SECKILL_TEST_PATIENCE} || 1) },
                     $class;

    syswrite $sock, join "\r\n", ($o{method} // 'GET') . " $path HTTP/1.1",
                                 'Host: localhost', @{$o{headers} || []}, '', '';

    return $self if $o{buffer};

    until ($self->{buf} =~ /\r\n\r\n/) { $self->more or return }

    ($self->{head}, $self->{buf}) = split /\r\n\r\n/, $self->{buf}, 2;
    ($self->{status}) = $self->{head} =~ m{^HTTP/1\.1 (\d+)};

    return $self;
}


# what a command prints, which is the body alone

sub of {
    my ($class, @command) = @_;

    my $pid = CORE::open(my $fh, '-|', @command) or die "$command[0]: $!";

    return bless { fh => $fh, pid => $pid, buf => '', text => '',
                   wait => 30 * ($ENV{SECKILL_TEST_PATIENCE} || 1) }, $class;
}


# 1: there is more; 0: the server has closed; undef: it says nothing until then

sub more {
    my ($self, $until) = @_;

    $until //= time + $self->{wait};

    my $left = $until - time;
    return if $left <= 0 || !IO::Select->new($self->{fh})->can_read($left);

    return sysread($self->{fh}, $self->{buf}, 65536, length $self->{buf})
           ? 1 : 0;
}


# the next frame: { event, id, data } or { retry }, or { end => "chunk" or
# "close" }; nothing of heartbeats; undef if none comes in time

sub frame {
    my ($self, $until) = @_;

    $until //= time + $self->{wait};

    for (;;) {
        $self->decode;

        while ($self->{text} =~ s/^(.*?)\n\n//s) {
            my $lines = $1;
            next if $lines =~ /^:/;

            my %frame = map { /^(\w+): ?(.*)/ ? ($1, $2) : () }
                        split /\n/, $lines;
            $frame{data} = decode_json($frame{data}) if exists $frame{data};
            return \%frame;
        }

        return { end => 'chunk' } if $self->{ended};

        my $more = $self->more($until);
        return if !defined $more;
        return { end => 'close' } if !$more;
    }
}


# chunks, RFC 9112, section 7.1

sub decode {
    my ($self) = @_;

    $self->{text} //= '';

    if (!$self->{chunked}) {
        $self->{text} .= $self->{buf};
        $self->{buf} = '';
        return;
    }

    while ($self->{buf} =~ /^([0-9a-f]+)\r\n/i) {
        my ($head, $size) = (length $&, hex $1);
        last if length $self->{buf} < $head + $size + 2;

        $self->{text} .= substr $self->{buf}, $head, $size;
        substr($self->{buf}, 0, $head + $size + 2) = '';
        $self->{ended} = 1 if $size == 0;
    }
}


# the data of the next frame of this kind for which the test holds, frames
# before it are passed over and kept in $self->{passed}; undef if there is none

sub next {
    my ($self, $event, $test) = @_;
    my $until = time + $self->{wait};

    $self->{passed} = [];

    while (my $frame = $self->frame($until)) {
        $self->{last} = $frame;
        return if $frame->{end};

        if (($frame->{event} // '') eq $event
            && (!$test || $test->($frame->{data})))
        {
            return $frame->{data};
        }

        push @{$self->{passed}}, $frame;
    }

    return;
}


# reads until the server ends it: "chunk", "close", or undef

sub until_end {
    my ($self) = @_;

    while (my $frame = $self->frame) {
        return $frame->{end} if $frame->{end};
    }

    return;
}


sub close {
    my ($self) = @_;

    kill 'TERM', $self->{pid} if $self->{pid};
    CORE::close $self->{fh};
}


1;
