package Bench::Contender::Redis;

# What the contenders that keep stock and winners in Redis share.

use strict;
use warnings;

use parent 'Bench::Contender::Http';

use Bench::Process qw(run);
use Bench::RedisServer;

sub durable { return 'yes' }
sub exact { return 'yes' }
sub appendfsync { return 'always' }


sub start_backend {
    my ($self) = @_;

    $self->{redis} = Bench::RedisServer->start(
        dir => "$self->{dir}/redis", appendfsync => $self->appendfsync);
    $self->{redis_port} = $self->{redis}{port};
    push @{$self->{processes}}, $self->{redis};

    $self->install('claim.redis.lua', 'claim.redis.lua');

    ($self->{sha}) = $self->redis('SCRIPT', 'LOAD',
        Bench::Process::slurp("$self->{dir}/claim.redis.lua")) =~ /(\w+)/;
}


sub redis { my ($self, @command) = @_; return $self->{redis}->redis(@command) }


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
