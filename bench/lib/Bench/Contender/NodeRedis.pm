package Bench::Contender::NodeRedis;

use strict;
use warnings;

use parent 'Bench::Contender::Redis';

use Bench::Process qw(run);

sub name { return 'node-redis' }
sub title { return 'proxy to Node.js, Redis script' }


sub start_backend {
    my ($self) = @_;

    $self->SUPER::start_backend;

    local $ENV{NODE_PATH} = '/usr/share/nodejs';
    local $ENV{NODE_ENV} = 'production';

    for my $n (1 .. $self->{workers}) {
        my $socket = "$self->{dir}/app$n.sock";
        my $log = "$self->{dir}/logs/node.log";

        push @{$self->{processes}}, Bench::Process->start(
            command => ['node', "$Bench::Contender::SOURCE/node-redis/server.js",
                        $socket, "$self->{dir}/redis.sock",
                        "$self->{dir}/claim.redis.lua"],
            log => $log,
            ready => sub { -S $socket });
        chmod 0777, $socket;
    }
}


sub values_of {
    my ($self) = @_;

    return (APP_SERVERS => join "\n", map {
        "    server unix:$self->{dir}/app$_.sock;"
    } 1 .. $self->{workers});
}


sub versions {
    my ($self) = @_;

    return ($self->SUPER::versions, node => run('node', '--version') =~ /v(\S+)/);
}

1;
