package Bench::Contender::NodeRedis;

use strict;
use warnings;

use parent 'Bench::Contender::Redis';

use Bench::Process qw(run);
use IO::Socket::INET;

sub name { return 'node-redis' }


sub start_backend {
    my ($self) = @_;

    $self->SUPER::start_backend;

    local $ENV{NODE_PATH} = '/usr/share/nodejs';
    local $ENV{NODE_ENV} = 'production';

    for (1 .. $self->{workers}) {
        my $port = Bench::Contender::Http::free_port();
        my $log = "$self->{dir}/logs/node.log";

        push @{$self->{processes}}, Bench::Process->start(
            command => ['node', "$Bench::Contender::SOURCE/node-redis/server.js",
                        $port, $self->{redis_port},
                        "$self->{dir}/claim.redis.lua"],
            log => $log,
            ready => sub {
                IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
            });
        push @{$self->{app_ports}}, $port;
    }
}


sub values_of {
    my ($self) = @_;

    return (APP_SERVERS => join "\n", map {
        "    server 127.0.0.1:$_;"
    } @{$self->{app_ports}});
}


sub versions {
    my ($self) = @_;

    return ($self->SUPER::versions, node => run('node', '--version') =~ /v(\S+)/);
}

1;
