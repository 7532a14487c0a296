package Test::Nginx::Socket;

# A small runner for the data format of Test::Nginx::Socket, for machines where
# CPAN's is not installed.  It knows the sections that t/*.t use, and dies on
# any other, so that no test is skipped in silence.  See
# https://metacpan.org/pod/Test::Nginx::Socket for what they mean.
#
#   TEST_NGINX_BINARY        nginx, default "nginx"
#   TEST_NGINX_LOAD_MODULES  modules to load
#   TEST_NGINX_PORT          default 1984
#   TEST_NGINX_SERVROOT      default t/servroot
#
# and one of ours
#
#   SECKILL_TEST_PATIENCE    so many times as long may all take, default 1

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path remove_tree);
use IO::Socket::INET;
use IO::Select;
use Time::HiRes qw(sleep time);
use Test::More;

our @EXPORT = qw(plan run_tests workers master_on no_long_string repeat_each
    no_shuffle no_root_location server_port worker_connections log_level
    add_block_preprocessor);

my %SECTIONS = map { $_ => 1 } qw(main_config http_config config request
    more_headers response_body response_body_like response_headers
    error_code error_log no_error_log must_die timeout);

my ($Workers, $Master, $Connections, $Level, @Preprocessors)
    = (1, 'off', 64, 'debug');

my $Patience = $ENV{SECKILL_TEST_PATIENCE} || 1;
my $Binary = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $Port = $ENV{TEST_NGINX_PORT} || 1984;
my $Root = $ENV{TEST_NGINX_SERVROOT} || 't/servroot';


sub import {
    my ($class, @args) = @_;

    strict->import;
    warnings->import;
    Test::More::plan(@args) if @args;

    no strict 'refs';
    my $caller = caller;
    for my $name (@EXPORT) {
        *{"${caller}::$name"} = \&{$name};
    }
}


sub workers { $Workers = shift }
sub master_on { $Master = 'on' }
sub worker_connections { $Connections = shift }
sub log_level { $Level = shift }
sub server_port { $Port }
sub no_long_string { }
sub no_shuffle { }
sub no_root_location { }
sub repeat_each { 1 }
sub add_block_preprocessor { push @Preprocessors, shift }


sub run_tests {
    my $data = do { no strict 'refs'; local $/; my $fh = \*{'main::DATA'};
                    <$fh> };

    for my $block (parse($data)) {
        $_->($block) for @Preprocessors;
        run_block($block);
    }
}


sub parse {
    my ($data) = @_;
    my @blocks;

    for my $text (split /^===[ \t]+/m, $data) {
        next if $text !~ /\S/;

        my ($name, @parts) = split /^---[ \t]+/m, $text;
        my %block = (name => (split /\n/, $name)[0]);

        for my $part (@parts) {
            my ($head, $body) = split /\n/, $part, 2;

            $head =~ /^(\w+)((?:[ \t]+\w+)*)[ \t]*(?::[ \t]*(.*))?$/
                or die "$block{name}: not understood: --- $head";
            my ($section, $filters, $inline) = ($1, $2, $3);

            die "$block{name}: no section \"$section\" here"
                if !$SECTIONS{$section};

            my $value = defined $inline ? $inline : $body // '';
            if (!defined $inline) {
                $value =~ s/\A(?:[ \t]*\n)+//;
                $value =~ s/\s*\z/\n/;
                $value = '' if $value eq "\n";
            }

            for my $filter (split ' ', $filters) {
                if ($filter eq 'eval') {
                    $value = eval $value;
                    die "$block{name}: $@" if $@;
                } elsif ($filter eq 'chomp') {
                    chomp $value;
                } else {
                    die "$block{name}: no filter \"$filter\" here";
                }
            }

            $block{$section} = $value;
        }

        push @blocks, Test::Nginx::Socket::Block->new(%block);
    }

    return @blocks;
}


sub write_config {
    my ($b) = @_;

    remove_tree($Root);
    make_path("$Root/logs", "$Root/conf", "$Root/html");
    chmod 0755, $Root;

    my $modules = join '', map { "load_module $_;\n" }
                           split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $user = $> == 0 ? "user root;\n" : '';
    my ($main, $http, $conf) = map { $b->{$_} // '' }
                                   qw(main_config http_config config);
    my $temp = join '', map { "    ${_}_temp_path $Root/${_}_temp;\n" }
                            qw(client_body proxy fastcgi uwsgi scgi);

    open my $out, '>', "$Root/conf/nginx.conf" or die $!;
    print $out <<"END";
$modules${user}worker_processes $Workers;
daemon on;
master_process $Master;
error_log $Root/logs/error.log $Level;
pid $Root/logs/nginx.pid;

$main

events { worker_connections $Connections; }

http {
    access_log $Root/logs/access.log;
    default_type text/plain;
    keepalive_timeout 68;
$temp
$http

    server {
        listen 127.0.0.1:$Port;
        server_name localhost;
$conf
    }
}
END
    close $out or die $!;
}


sub run_block {
    my ($b) = @_;
    my $name = $b->name;

    $Root = abs_path($Root) || do { make_path($Root); abs_path($Root) };

    write_config($b);

    # who does not start frees nothing, nginx itself does not

    local $ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} // '') . ':detect_leaks=0'
        if defined $b->must_die;

    my $status = system("$Binary -p $Root/ -c $Root/conf/nginx.conf "
                        . "-e $Root/logs/error.log 2> $Root/logs/stderr");

    if (defined $b->must_die) {
        isnt($status, 0, "$name - die as expected");
        check_log($b);
        stop() if $status == 0;
        return;
    }

    if ($status != 0) {
        fail("$name - nginx does not start: " . slurp("$Root/logs/stderr"));
        return;
    }

    my @requests = list($b->request);

    for my $i (0 .. $#requests) {
        my $res = ask($b, $requests[$i], item($b->more_headers, $i));
        check_response($b, $res, $i, @requests > 1 ? " (req $i)" : '');
    }

    stop();
    check_log($b);
}


sub list { my ($v) = @_; ref $v eq 'ARRAY' ? @$v : defined $v ? ($v) : () }
sub item { my ($v, $i) = @_; ref $v eq 'ARRAY' ? $v->[$i] : $v }


sub slurp {
    open my $in, '<', shift or return '';
    local $/;
    return <$in> // '';
}


sub ask {
    my ($b, $text, $more) = @_;

    my ($line, $body) = split /\n/, $text, 2;
    my ($method, $uri, $version) = split ' ', $line;
    $version ||= 'HTTP/1.1';

    my $head = "$method $uri $version\r\nHost: localhost\r\n"
             . "Connection: close\r\n";
    $head .= "$_\r\n" for grep { length } split /\n/, $more // '';

    if (defined $body && length $body) {
        $body =~ s/\n\z//;
        $head .= 'Content-Length: ' . length($body) . "\r\n";
    }

    my $timeout = $b->timeout // 10;
    $timeout =~ s/s$//;

    my $end = time + $timeout * $Patience;
    my $sock;

    until ($sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$Port")) {
        return if time > $end;
        sleep 0.02;
    }

    print $sock $head, "\r\n", $body // '';

    my $answer = '';
    my $select = IO::Select->new($sock);

    while ((my $left = $end - time) > 0) {
        last if !$select->can_read($left);
        last if !sysread $sock, $answer, 65536, length $answer;
    }

    my ($h, $content) = split /\r\n\r\n/, $answer, 2;

    return { head => $h // '', body => $content // '' };
}


sub check_response {
    my ($b, $res, $i, $req) = @_;
    my $name = $b->name;

    my ($code) = $res ? $res->{head} =~ m{^HTTP/1\.[01] (\d+)} : ();
    is($code // 'no answer', item($b->error_code, $i) // 200,
       "$name - status code ok$req");
    return if !$res;

    my $body = item($b->response_body, $i);
    is($res->{body}, $body, "$name - response_body$req") if defined $body;

    my $like = item($b->response_body_like, $i);
    if (defined $like) {
        chomp $like if !ref $like;
        like($res->{body}, ref $like ? $like : qr/$like/s,
             "$name - response_body_like$req");
    }

    for my $line (split /\n/, item($b->response_headers, $i) // '') {
        my ($key, $want) = $line =~ /^\s*!?\s*([\w-]+)(?::\s*(.*))?$/;
        my @values = $res->{head} =~ /^\Q$key\E:[ \t]*(.*?)\r?$/mig;
        is(@values ? join(', ', @values) : undef, $want,
           "$name - header $key$req");
    }
}


sub stop {
    my $pid = slurp("$Root/logs/nginx.pid");
    chomp $pid;
    return if !$pid;

    kill QUIT => $pid;

    # the file goes last; the process may stay for its parent to collect

    for (1 .. 500 * $Patience) {
        return if !-e "$Root/logs/nginx.pid";
        sleep 0.01;
    }

    fail("nginx does not quit");
    kill KILL => $pid;
}


sub check_log {
    my ($b) = @_;
    my $name = $b->name;
    my @lines = map { split /^/ } slurp("$Root/logs/error.log"),
                                  slurp("$Root/logs/stderr");

    for my $want (patterns($b->error_log)) {
        ok((grep { ref $want ? /$want/ : index($_, $want) >= 0 } @lines),
           "$name - error_log has \"$want\"")
            or diag(grep { !/\[debug\]/ } @lines);
    }

    for my $bad (patterns($b->no_error_log)) {
        my @found = grep { ref $bad ? /$bad/ : index($_, $bad) >= 0 } @lines;
        ok(!@found, "$name - error_log has no \"$bad\"") or diag(@found);
    }

    # as the real one does; and the reports of sanitizers, whose lines begin
    # without nginx's time

    my $levels = defined $b->must_die ? qr/\[(?:alert|crit)\]/
                                      : qr/\[(?:alert|crit|emerg)\]/;
    my @found = grep { /$levels/ } @lines;
    push @found, grep { !m{^\d{4}/\d\d/\d\d \d} } @lines
        if grep { /Sanitizer|runtime error:/ } @lines;
    ok(!@found, "$name - a clean error log") or diag(@found);
}


sub patterns {
    my ($v) = @_;

    return () if !defined $v;
    return ref $v eq 'ARRAY' ? @$v : ref $v ? ($v)
           : grep { length } split /\n/, $v;
}


package Test::Nginx::Socket::Block;

our $AUTOLOAD;

sub new { my ($class, %self) = @_; return bless \%self, $class }
sub set_value { my ($self, $key, $value) = @_; $self->{$key} = $value }

sub AUTOLOAD {
    my ($self) = @_;
    my ($key) = $AUTOLOAD =~ /(\w+)$/;

    return $key eq 'DESTROY' ? undef : $self->{$key};
}

1;
