package Bench::Contender::Http;

# A contender that nginx serves: the same nginx.conf around each, and the same
# load by wrk or, for HTTP/2, h2load.

use strict;
use warnings;

use parent 'Bench::Contender';

use Bench::Process qw(run slurp spit);
use File::Basename qw(dirname);
use IO::Socket::INET;
use JSON::PP qw(decode_json);

my $WRK = dirname(__FILE__) . '/../../../load/claim.lua';
my $H2_USERS = 20_000;          # different users of a load by h2load


sub modules { return '' }
sub binary { return $ENV{TEST_NGINX_BINARY} || 'nginx' }
sub values_of { return () }     # more @NAMES@ of contender.conf
sub files { return shift->name }        # the directory of its files


sub start {
    my ($self) = @_;

    $self->{port} = free_port();
    $self->{tls_port} = free_port();

    $self->make_certificate if !-e "$self->{dir}/cert.pem";

    $self->start_backend;
    $self->install('nginx.conf', 'nginx.conf', MODULES => $self->modules);
    $self->configure;

    push @{$self->{processes}}, $self->{nginx} = Bench::Process->start(
        command => [$self->binary, '-p', "$self->{dir}/", '-c',
                    "$self->{dir}/nginx.conf", '-e',
                    "$self->{dir}/logs/error.log", '-g', 'daemon off;'],
        log => "$self->{dir}/logs/nginx.log",
        ready => sub {
            IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}");
        });

    return $self;
}


sub make_certificate {
    my ($self) = @_;

    run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj',
        '/CN=localhost', '-keyout', "$self->{dir}/key.pem",
        '-out', "$self->{dir}/cert.pem");
}


sub start_backend { }


sub configure {
    my ($self) = @_;

    $self->install($self->files . '/contender.conf', 'contender.conf',
                   PORT => $self->{port}, TLS_PORT => $self->{tls_port},
                   $self->values_of);
}


# none that a client may get for its own end of a connection before the server
# has it

sub free_port {
    my ($low) = slurp('/proc/sys/net/ipv4/ip_local_port_range') =~ /^(\d+)/;

    $low = 32768 if !$low || $low < 16384;

    for (1 .. 1000) {
        my $port = 10_100 + int rand $low - 10_100;
        my $sock = IO::Socket::INET->new(Listen => 1, LocalPort => $port,
                                         LocalAddr => '127.0.0.1') or next;
        return $port;
    }

    die "no port is free\n";
}


sub request {
    my ($self, $method, $uri) = @_;

    return run('curl', '-sS', '--max-time', 60, '-X', $method,
               "http://127.0.0.1:$self->{port}$uri");
}


sub claim {
    my ($self, $sale, $user, $method) = @_;
    my $text = $self->request($method // 'POST',
                              "/seckill?sale=$sale&user=$user");

    return (eval { decode_json($text) } // { result => $text })->{result};
}


# load(seconds, connections, method, first, users, times, sales, close, h2, path,
# refused): "times" requests in a row of each user from "first" on, of whom there
# are enough; "sales" is a sale's name, or a number N for sale1 ... saleN in turn;
# all are to be refused, or none

sub load {
    my ($self, %scene) = @_;

    return $self->load_h2(%scene) if $scene{h2};

    my $text = run('wrk', "-t$self->{workers}", "-c$scene{connections}",
                   "-d$scene{seconds}s", '--timeout', '60s', '-s', $WRK,
                   "http://127.0.0.1:$self->{port}/", '--', $scene{method},
                   $scene{first}, int($scene{users} / $self->{workers}),
                   $scene{times}, $scene{sales},
                   $scene{close} ? 1 : 0, $scene{path} // '/seckill');
    my ($json) = $text =~ /^(\{"n".*\})$/m or die "wrk: $text";
    my $run = decode_json($json);

    die $self->name . ": $run->{errors} errors: $text" if $run->{errors};
    die $self->name . ": $run->{refused} were refused: $text"
        if $run->{refused} != ($scene{refused} ? $run->{n} : 0);

    return { n => $run->{n}, seconds => $run->{us} / 1e6,
             map { $_ => $run->{$_} / 1e3 } qw(p50 p99 p999) };
}


sub load_h2 {
    my ($self, %scene) = @_;
    my ($uris, $log) = map { "$self->{dir}/h2load.$_" } qw(uris log);

    spit($uris, join '', map {
        "https://127.0.0.1:$self->{tls_port}/seckill?sale=$scene{sales}"
        . '&user=' . ($scene{first} + $_) . "\n"
    } 1 .. $H2_USERS);
    unlink $log;

    my $text = run('h2load', '-t', $self->{workers}, '-c',
                   $scene{connections}, '-m', 1, '-D', $scene{seconds},
                   '-i', $uris, '-H', ":method: $scene{method}",
                   "--log-file=$log");
    my ($seconds) = $text =~ /finished in ([\d.]+)s/ or die "h2load: $text";
    my ($n, @bad) = $text =~ / (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/;
    die $self->name . ": not all was answered: $text" if grep { $_ } @bad;

    my ($p50, $p99, $p999) = Bench::Contender::percentiles(
        map { (split ' ')[2] / 1e3 } split /\n/, slurp($log));

    return { n => $n, seconds => $seconds, p50 => $p50, p99 => $p99,
             p999 => $p999 };
}


sub versions {
    my ($self) = @_;

    return (nginx => run($self->binary, '-v') =~ m{nginx/(\S+)});
}

1;
