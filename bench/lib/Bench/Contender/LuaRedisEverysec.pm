package Bench::Contender::LuaRedisEverysec;

# Lua and Redis with as much on Redis' disk as this module's log has there.

use strict;
use warnings;

use parent 'Bench::Contender::LuaRedis';

sub name { return 'lua-redis-everysec' }
sub files { return 'lua-redis' }
sub appendfsync { return 'everysec' }
sub durable { return 'within a second' }

1;
