package Bench::RedisServer;

# A Redis of the benchmark's own, or a Sentinel.

use strict;
use warnings;

use parent 'Bench::Process';

use Bench::Contender::Http;
use Bench::Process qw(run slurp spit);
use File::Path qw(make_path);
use Time::HiRes qw(sleep time);

my $WAIT = 60;                  # seconds for what has to come


# start(dir => DIR, appendfsync => WORD)
# start(dir => DIR, replica_of => SERVER, ...)
# start(dir => DIR, watches => [NAME, SERVER, QUORUM]): a Sentinel

sub start {
    my ($class, %o) = @_;
    my $port = Bench::Contender::Http::free_port();
    my $self;

    make_path($o{dir});
    spit("$o{dir}/redis.conf", conf($port, %o));

    $self = $class->SUPER::start(
        command => ['redis-server', "$o{dir}/redis.conf",
                    $o{watches} ? '--sentinel' : ()],
        log => "$o{dir}/redis.log",
        ready => sub { eval { call($port, 'PING') =~ /PONG/ } });

    $self->{port} = $port;

    return $self;
}


sub conf {
    my ($port, %o) = @_;
    my %value = (REDIS_PORT => $port, DIR => $o{dir},
                 APPENDFSYNC => $o{appendfsync} // 'everysec');

    if ($o{watches}) {
        my ($name, $server, $quorum) = @{$o{watches}};

        return "bind 127.0.0.1\nport $port\ndir $o{dir}\n"
            . "sentinel monitor $name 127.0.0.1 $server->{port} $quorum\n"
            . "sentinel down-after-milliseconds $name 1000\n"
            . "sentinel failover-timeout $name 10000\n";
    }

    my $text = slurp("$Bench::Contender::SOURCE/redis.conf");
    $text =~ s/\@([A-Z_]+)\@/$value{$1} \/\/ die "no value for $1\n"/ge;

    return $text if !$o{replica_of};

    return "$text\nreplicaof 127.0.0.1 $o{replica_of}{port}\n"
        . "repl-diskless-sync-delay 0\n";
}


sub call {
    my ($port, @command) = @_;

    return run('redis-cli', '-p', $port, @command);
}


sub redis { my ($self, @command) = @_; return call($self->{port}, @command) }


# until the answer to a command is like that

sub until_like {
    my ($self, $pattern, @command) = @_;
    my $end = time + $WAIT;
    my $said;

    for ( ;; ) {
        $said = $self->redis(@command);
        return if $said =~ $pattern;
        die "waited $WAIT seconds for Redis to say $pattern: $said\n"
            if time > $end;
        sleep 0.05;
    }
}


# how often which commands were run, in scripts too

sub calls {
    my ($self) = @_;

    return $self->redis('INFO', 'commandstats')
        =~ /^cmdstat_([\w|]+):calls=(\d+)/mg;
}

1;
