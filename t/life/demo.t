# conf/demo.conf as "./build.sh run" serves it: its API wants no key, so it is
# for those alone who come by the server's own names.  A page of another site
# whose name leads to 127.0.0.1 has its own Host, and an Origin that fits.

use strict;
use warnings;
use Test::More;
use IO::Socket::INET;
use Seckill::Server;


package Demo;

our @ISA = 'Seckill::Server';


sub config {
    my ($self) = @_;
    my $text = Seckill::Server::slurp('conf/demo.conf');
    my $modules = join '', map { "load_module $_;\n" }
                           split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

    $text =~ s/^load_module .*;\n/$modules/m;
    $text =~ s/127\.0\.0\.1:8080/127.0.0.1:$self->{port}/g;

    open my $out, '>', "$self->{dir}/nginx.conf" or die $!;
    print $out $text;
    close $out or die $!;

    return $self;
}


package main;

my $s = Demo->new;
my $own = "127.0.0.1:$s->{port}";


# the status of a request, 0: the connection is closed without an answer

sub ask {
    my ($method, $path, $host, @headers) = @_;
    my $sock = IO::Socket::INET->new($own) or die "$own: $!";
    my $body = $method eq 'GET' ? '' : '{}';
    my $version = defined $host ? '1.1' : '1.0';

    unshift @headers, "Host: $host" if defined $host;
    push @headers, 'Connection: close', 'Content-Length: ' . length $body;
    print $sock join("\r\n", "$method $path HTTP/$version", @headers, '', $body);

    return (<$sock> // '') =~ m{^HTTP/1\.1 (\d+) } ? $1 : 0;
}


$s->start;
$s->wait_for('the sales', sub { ask('GET', '/api/health', $own) == 200 });

for my $host ('127.0.0.1', 'localhost', $own, "localhost:$s->{port}",
              "LOCALHOST:$s->{port}")
{
    is(ask('GET', '/api/sales', $host), 200, "$host reads");
    is(ask('POST', '/api/sales/phone/pause', $host, "Origin: http://$host"),
       200, 'and writes');
}

is(ask('POST', '/api/sales/phone/resume', $own), 200, 'a sale');
is(ask('POST', '/seckill?sale=phone&user=ann', $own), 200, 'takes claims');

for my $host ('evil.example', "evil.example:$s->{port}",
              '127.0.0.1.evil.example', undef)
{
    my $name = $host // 'none';
    my @origin = $host ? ("Origin: http://$host") : ();

    for my $path (qw(/api/sales /api/events /metrics /seckill?sale=phone&user=ann)) {
        is(ask('GET', $path, $host, @origin), 0, "$name: nothing of $path");
    }

    is(ask('POST', '/api/sales/phone/end', $host, @origin,
           'Sec-Fetch-Site: same-origin'), 0, 'nor is anything done');
}

is(ask('POST', '/api/sales/phone/pause', $own), 200, 'the sale has not ended');

$s->done;

done_testing;
