# Streams whose frames do not get to the socket: the client has gone before the
# first one.

use strict;
use warnings;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Seckill::Server;

my ($port) = Seckill::Server::lasting_ports(1);
my $s = Seckill::Server->new(workers => 1, port => $port);

$s->start(http => <<"END", server => <<"END2")->ready;
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=10;
END
        location = /stream { seckill_stream zone=drop user=\$arg_user; }
END2

# who is gone before he is told anything: the sale is not kept for him, which
# LeakSanitizer would find

{
    my ($worker) = $s->workers;
    kill STOP => $worker;

    my $sock = $s->connect;
    syswrite $sock, "GET /stream?sale=phone&user=ann HTTP/1.1\r\nHost: x\r\n\r\n";
    setsockopt $sock, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    close $sock;

    kill CONT => $worker;
    $s->wait_for('it to be found', sub {
        defined $s->metric('seckill_streams')
    });
}
is($s->metric('seckill_streams'), 0, 'one that is gone has no stream');

$s->done;
done_testing();
