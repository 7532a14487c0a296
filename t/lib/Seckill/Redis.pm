package Seckill::Redis;

# A scratch redis-server for the tests of several machines: it keeps nothing,
# so one that is started anew is empty, and in another reign.

use strict;
use warnings;

use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

my $WAIT = 30 * ($ENV{SECKILL_TEST_PATIENCE} || 1);


# new(args => ['--requirepass', 'x']): what the server is started with, besides

sub new {
    my ($class, %self) = @_;

    my $self = bless { args => [], %self }, $class;

    $self->{dir} = tempdir('seckill-redis-XXXXXX', TMPDIR => 1);
    $self->{port} //= Seckill::Server::free_port();
    $self->{owner} = $$;

    return $self->start;
}


sub url { my ($self) = @_; return "redis://127.0.0.1:$self->{port}" }


sub start {
    my ($self) = @_;

    my $pid = fork // die $!;

    if ($pid == 0) {
        open STDOUT, '>>', "$self->{dir}/log";
        open STDERR, '>>', "$self->{dir}/log";
        exec 'redis-server', '--port', $self->{port}, '--bind', '127.0.0.1',
             '--save', '', '--appendonly', 'no', '--dir', $self->{dir},
             @{$self->{args}}
            or POSIX::_exit(127);
    }

    $self->{pid} = $pid;

    my $end = time + $WAIT;

    until (($self->command('PING') // '') eq 'PONG') {
        die "redis-server does not answer" if time > $end;
        sleep 0.02;
    }

    return $self;
}


# a reply that is a string, a number or a status; undef: there is none

sub command {
    my ($self, @words) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}",
                                     Timeout => $WAIT) or return;

    print $sock '*' . @words . "\r\n",
                map { '$' . length($_) . "\r\n$_\r\n" } @words;

    my $line = <$sock> // return;
    $line =~ s/\r\n\z//;

    my ($kind, $rest) = $line =~ /^(.)(.*)/ or return;

    die "redis: $rest" if $kind eq '-';
    return $rest if $kind ne '$';
    return if $rest < 0;

    my $text;
    read $sock, $text, $rest;
    return $text;
}


# how often a command was called, of what INFO says

sub calls {
    my ($self, $command) = @_;
    my ($n) = $self->command('INFO', 'commandstats')
              =~ /^cmdstat_\Q$command\E:calls=(\d+)/m;

    return $n // 0;
}


sub signal { my ($self, $name) = @_; kill $name => $self->{pid} }


# as a power cut

sub stop {
    my ($self) = @_;

    return if !$self->{pid};

    kill KILL => $self->{pid};
    waitpid $self->{pid}, 0;
    delete $self->{pid};
}


sub DESTROY {
    my ($self) = @_;

    return if $$ != $self->{owner};
    local $?;
    $self->stop;
    remove_tree($self->{dir});
}

1;
