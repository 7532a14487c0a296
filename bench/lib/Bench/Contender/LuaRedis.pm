package Bench::Contender::LuaRedis;

use strict;
use warnings;

use parent 'Bench::Contender::Redis';

use Bench::Contender::LuaDict;

sub name { return 'lua-redis' }
sub modules { return Bench::Contender::LuaDict::modules() }


sub configure {
    my ($self) = @_;

    $self->SUPER::configure;
    $self->install('lua-redis/claim.lua', 'claim.lua',
                   CLAIM_SHA => $self->{sha},
                   REDIS_PORT => $self->{redis_port});
}

1;
