package Seckill::Proxy;

# A way to a server on this host that can be cut: hold() lets nothing through,
# and what was sent comes when it is let go; drop() closes all connections, and
# refuses new ones.

use strict;
use warnings;

use POSIX ();
use Time::HiRes qw(sleep);

use Seckill::Server;


# new(to => port)

sub new {
    my ($class, %self) = @_;

    my $self = bless { port => Seckill::Server::free_port(), owner => $$,
                       %self }, $class;

    return $self->start;
}


sub url { my ($self) = @_; return "redis://127.0.0.1:$self->{port}" }


# socat forks for each connection: they are one process group

sub start {
    my ($self) = @_;

    my $pid = fork // die $!;

    if ($pid == 0) {
        POSIX::setpgid(0, 0);
        open STDERR, '>', '/dev/null';
        exec 'socat', "TCP-LISTEN:$self->{port},bind=127.0.0.1,reuseaddr,fork",
             "TCP:127.0.0.1:$self->{to}" or POSIX::_exit(127);
    }

    POSIX::setpgid($pid, $pid);
    $self->{pid} = $pid;

    return $self;
}


sub hold { my ($self) = @_; kill STOP => -$self->{pid} }
sub let_go { my ($self) = @_; kill CONT => -$self->{pid} }


sub drop {
    my ($self) = @_;

    return if !$self->{pid};

    kill KILL => -$self->{pid};
    waitpid $self->{pid}, 0;
    delete $self->{pid};
}


sub DESTROY {
    my ($self) = @_;

    return if $$ != $self->{owner};
    local $?;
    $self->drop;
}

1;
