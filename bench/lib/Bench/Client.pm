package Bench::Client;

# A connection that asks one thing after another: where what is measured is how
# long one answer takes, or where many readers wait.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;

our @EXPORT_OK = qw(connection ask send_request read_answer);


sub connection {
    my ($server) = @_;

    return IO::Socket::INET->new(PeerAddr => "127.0.0.1:$server->{port}")
        // die "cannot connect: $!\n";
}


# an answer's body

sub ask {
    my ($sock, @request) = @_;

    send_request($sock, @request);

    return read_answer($sock);
}


sub send_request {
    my ($sock, $uri, $method, $body) = @_;

    $method //= 'GET';
    $body //= '';

    syswrite $sock, "$method $uri HTTP/1.1\r\nHost: localhost\r\n"
        . 'Content-Length: ' . length($body) . "\r\n\r\n$body"
        or die "write: $!\n";
}


sub read_answer {
    my ($sock) = @_;
    my $answer = '';
    my $end;

    until (defined $end && length $answer >= $end) {
        sysread $sock, $answer, 1 << 20, length $answer or die "read: $!\n";

        if (!defined $end && $answer =~ /\r\n\r\n/g) {
            my $head = pos $answer;
            my ($len) = $answer =~ /^Content-Length: (\d+)/mi
                or die "no length\n";
            $end = $head + $len;
        }
    }

    return $answer =~ s/^.*?\r\n\r\n//sr;
}

1;
