package Bench::Contender::Redis;

# What the contenders that keep stock and winners in Redis share.

use strict;
use warnings;

use parent 'Bench::Contender::Http';

use Bench::Process qw(run);

sub durable { return 'yes' }
sub exact { return 'yes' }


sub start_backend {
    my ($self) = @_;

    $self->{redis_port} = Bench::Contender::Http::free_port();
    $self->install('redis.conf', 'redis.conf',
                   REDIS_PORT => $self->{redis_port});
    $self->install('claim.redis.lua', 'claim.redis.lua');

    push @{$self->{processes}}, Bench::Process->start(
        command => ['redis-server', "$self->{dir}/redis.conf"],
        log => "$self->{dir}/logs/redis.log",
        ready => sub {
            eval { $self->redis('PING') =~ /PONG/ };
        });

    ($self->{sha}) = $self->redis('SCRIPT', 'LOAD',
        Bench::Process::slurp("$self->{dir}/claim.redis.lua")) =~ /(\w+)/;
}


sub redis {
    my ($self, @command) = @_;

    return run('redis-cli', '-p', $self->{redis_port}, @command);
}


sub sales {
    my ($self, %sales) = @_;

    $self->redis('MSET', map { ("stock:$_" => $sales{$_}) } keys %sales);
}


sub left {
    my ($self, $sale) = @_;

    return 0 + $self->redis('GET', "stock:$sale");
}


sub versions {
    my ($self) = @_;

    return ($self->SUPER::versions,
            redis => run('redis-server', '--version') =~ /v=(\S+)/);
}

1;
