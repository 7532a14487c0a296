package Seckill::Server;

# A scratch nginx with the module, for the tests of its life: starts, reloads,
# upgrades and kills it, lets buyers loose on it, and checks at the end that
# the error log is clean.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use IPC::Open2 qw(open2);
use JSON::PP qw(decode_json);
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);

# seconds until something is taken to hang; sanitizers make all slower

my $WAIT = 30 * ($ENV{SECKILL_TEST_PATIENCE} || 1);

# interrupted, it leaves no server behind: DESTROY sees to that

$SIG{$_} = sub { exit 1 } for qw(HUP INT PIPE TERM);


# new(main => ..., http => ..., server => ..., workers => 2): what goes into
# the configuration's blocks, see config(); timeout => '20s': of a claim

sub new {
    my ($class, %self) = @_;

    my $self = bless {
        workers => 2, daemon => 0, main => '', http => '', server => '',
        timeout => '20s', allow => [],
        %self,
    }, $class;

    $self->{dir} = tempdir('seckill-life-XXXXXX', TMPDIR => 1);
    chmod 0755, $self->{dir};
    mkdir "$self->{dir}/logs";
    $self->{port} //= free_port();
    $self->{owner} = $$;

    return $self;
}


sub free_port { return (lasting_ports(1))[0] }


# the command that ./build.sh has built; for programs that look for it in the
# PATH: $ENV{PATH} = path()

sub tool { $ENV{SECKILL_TEST_COMMAND} || 'build/release/seckill' }

sub path { abs_path(dirname(tool())) . ':' . $ENV{PATH} }


# ports for servers that begin in a moment, or are killed and come back: no
# client, of this test or of one beside it, gets one of them for its own end of a
# connection meanwhile; and none that browsers refuse, the last of which is 10080

sub lasting_ports {
    my ($n) = @_;
    my ($low) = slurp('/proc/sys/net/ipv4/ip_local_port_range') =~ /^(\d+)/;
    my @ports;

    $low = 32768 if !$low || $low < 16384;

    for (1 .. 1000) {
        my $port = 10_100 + int rand $low - 10_100;
        my $sock = IO::Socket::INET->new(Listen => 1, LocalPort => $port,
                                         LocalAddr => '127.0.0.1') or next;
        push @ports, $port if !grep { $_ == $port } @ports;
        return @ports if @ports == $n;
    }

    die "no $n ports are free\n";
}


sub config {
    my ($self, %change) = @_;

    $self->{$_} = $change{$_} for keys %change;

    my $modules = join '', map { "load_module $_;\n" }
                           split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $temp = join '', map { "    ${_}_temp_path temp_$_;\n" }
                            qw(client_body proxy fastcgi uwsgi scgi);
    my $http = $self->{no_http} ? '' : <<"END";
http {
    access_log off;
$temp
    keepalive_requests 1000000;
$self->{http}
    server {
        listen 127.0.0.1:$self->{port} backlog=4096;
        location = /seckill { seckill zone=drop user=\$arg_user timeout=$self->{timeout}; }
        location = /metrics { seckill_metrics zone=drop format=json; }
        location /api/ { seckill_api zone=drop key=off; }
$self->{server}
    }
}
END

    # as a whole: nginx may be reading it just now

    open my $out, '>', "$self->{dir}/nginx.conf.new" or die $!;
    my $env = join '', map { "env $_;\n" }
                       grep { exists $ENV{$_} } qw(ASAN_OPTIONS UBSAN_OPTIONS);

    print $out <<"END";
${modules}${env}worker_processes $self->{workers};
error_log logs/error.log info;
pid logs/nginx.pid;
$self->{main}
events { worker_connections 2048; }
$http
END
    close $out or die $!;
    rename "$self->{dir}/nginx.conf.new", "$self->{dir}/nginx.conf" or die $!;

    return $self;
}


sub command {
    my ($self, @args) = @_;
    my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';

    # at the end of a test of its configuration, nginx frees nothing

    my @env = grep({ $_ eq '-t' } @args) ? ('env', 'ASAN_OPTIONS=detect_leaks=0')
                                         : ();

    return (@env, $binary, '-p', "$self->{dir}/", '-c', "$self->{dir}/nginx.conf",
            '-e', "$self->{dir}/logs/error.log", @args);
}


sub start {
    my ($self, %change) = @_;

    $self->config(%change);

    my $pid = fork // die $!;

    if ($pid == 0) {
        # one group: all that it starts can be killed together
        setpgrp;
        open STDERR, '>>', "$self->{dir}/logs/stderr";
        exec $self->command($self->{daemon} ? () : ('-g', 'daemon off;'))
            or POSIX::_exit(127);
    }

    if ($self->{daemon}) {
        # a daemon is nobody's child, and leads a group of its own
        waitpid $pid, 0;
        $pid = $self->wait_for('a pid', sub {
            (slurp("$self->{dir}/logs/nginx.pid") =~ /(\d+)/)[0];
        });
    }

    $self->{pid} = $self->{group} = $pid;
    $self->wait_for('nginx to listen', sub {
        die "nginx ended: " . $self->log_text
            if !$self->{daemon} && waitpid($pid, WNOHANG) == $pid;
        IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}");
    });

    return $self;
}


# waits until the zone takes claims

sub ready {
    my ($self) = @_;

    $self->wait_for('the zone to be ready', sub {
        my $res = $self->request('GET', '/api/health');
        $res && $res->{status} == 200;
    });

    return $self;
}


sub wait_for {
    my ($self, $what, $test) = @_;
    my $end = time + $WAIT;

    while (time < $end) {
        my $result = $test->();
        return $result if $result;
        sleep 0.01;
    }

    die "waited $WAIT seconds for $what; log:\n" . $self->log_text;
}


sub signal { my ($self, $name) = @_; kill $name => $self->{pid} }


sub reload {
    my ($self, %change) = @_;
    my %old = map { $_ => 1 } $self->workers;

    $self->config(%change);
    $self->signal('HUP');

    # old workers that are shutting down do not count, they accept no more

    $self->wait_for('a reload', sub {
        my @now = $self->workers;
        my @new = grep { !$old{$_} } @now;
        @new == $self->{workers} && @now == @new;
    });
}


# a reload that nginx refuses, with a message

sub reload_refused {
    my ($self, $message, %change) = @_;

    $self->config(%change);
    $self->signal('HUP');
    $self->wait_for("a refusal: $message",
                    sub { $self->log_text =~ $message });
}


# ends the master and waits for it: QUIT, TERM

sub stop {
    my ($self, $name) = @_;

    return if !$self->{pid};

    kill $name || 'QUIT', $self->{pid};

    my $end = time + $WAIT;
    my $gone = $self->{daemon} ? sub { zombie($self->{pid}) }
                               : sub { waitpid($self->{pid}, WNOHANG) != 0 };

    until ($gone->()) {
        if (time > $end) {
            fail("nginx ends on " . ($name || 'QUIT'));
            $self->kill_all;
            last;
        }
        sleep 0.01;
    }

    delete $self->{pid};
}


# what a power cut leaves of the processes: nothing

sub kill_all {
    my ($self) = @_;

    kill KILL => -$self->{group};
    waitpid $self->{group}, 0;
    $self->wait_for('all processes to end', sub { !$self->living });
    delete $self->{pid};
}


# whether a process has ended, collected by its parent or not

sub zombie { my ($pid) = @_; return ((stat_of($pid))[0] // 'Z') eq 'Z' }


sub stat_of {
    my ($pid) = @_;

    open my $in, '<', "/proc/$pid/stat" or return;
    my ($state, $parent, $group) = (<$in> // '') =~ /\) (\S) (\d+) (\d+)/;

    return ($state, $parent, $group);
}


sub living {
    my ($self) = @_;

    return grep {
        my ($state, undef, $group) = stat_of($_);
        defined $state && $state ne 'Z' && $group == $self->{group};
    } map { m{(\d+)$} } glob '/proc/[0-9]*';
}


# processes of the present master by their title

sub titled {
    my ($self, $title, $master) = @_;
    my @found;

    $master //= $self->{pid};

    for my $pid ($self->living) {
        open my $in, '<', "/proc/$pid/cmdline" or next;
        my $line = <$in> // '';
        push @found, $pid if $line =~ /^nginx: $title\b(?! is shutting)/
                             && ((stat_of($pid))[1] // 0) == $master;
    }

    return @found;
}

sub workers { my ($self, @m) = @_; $self->titled('worker process', @m) }
sub helper { my ($self, @m) = @_; ($self->titled('cache manager process', @m))[0] }


# the soft limit of processes, set by the process's own user, who may do that

sub limit_processes {
    my ($self, $pid, $n) = @_;
    my ($uid, $gid) = (stat "/proc/$pid")[4, 5];

    return system('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups',
                  'prlimit', '--pid', $pid, "--nproc=$n:");
}


sub log_text {
    my ($self) = @_;

    return join '', map { slurp("$self->{dir}/logs/$_") } qw(error.log stderr);
}


sub slurp {
    open my $in, '<', shift or return '';
    local $/;
    return <$in> // '';
}


# one request on a connection of its own; undef if there is no answer

sub request {
    my ($self, $method, $uri, $sock) = @_;
    my $close = $sock ? '' : "Connection: close\r\n";

    $sock ||= $self->connect or return;

    local $SIG{PIPE} = 'IGNORE';
    syswrite $sock, "$method $uri HTTP/1.1\r\nHost: localhost\r\n$close\r\n"
        or return;

    return read_response($sock);
}


sub connect {
    my ($self) = @_;

    return IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}",
                                 Timeout => $WAIT);
}


my %rest;

sub read_response {
    my ($sock) = @_;
    my $buf = delete $rest{$sock} // '';

    until ($buf =~ /\r\n\r\n/) {
        sysread $sock, $buf, 65536, length $buf or return;
    }

    my ($head, $body) = split /\r\n\r\n/, $buf, 2;
    my ($status) = $head =~ m{^HTTP/1\.[01] (\d+)} or return;
    my ($length) = $head =~ /^Content-Length: (\d+)/mi;

    while (defined $length && length $body < $length) {
        sysread $sock, $body, 65536, length $body or return;
    }

    if (defined $length && length $body > $length) {
        $rest{$sock} = substr $body, $length, length $body, '';
    }

    return { status => $status, head => $head, body => $body };
}


sub answer {
    my ($self, $method, $sale, $user, $sock) = @_;
    my $res = $self->request($method, "/seckill?sale=$sale&user=$user", $sock)
        or return;

    return eval { decode_json($res->{body}) } || { result => $res->{status} };
}

sub claim { my ($self, @args) = @_; $self->answer('POST', @args) }
sub ask { my ($self, @args) = @_; $self->answer('GET', @args) }


# one call of the operator's API; the answer, decoded

sub api {
    my ($self, $method, $path, $body) = @_;
    my $sock = $self->connect or return;

    $body //= '';
    syswrite $sock, "$method /api/$path HTTP/1.1\r\nHost: localhost\r\n"
        . 'Content-Length: ' . length($body)
        . "\r\nConnection: close\r\n\r\n$body" or return;

    my $res = read_response($sock) or return;
    my $json = eval { decode_json($res->{body}) } || {};

    return { %$json, status => $res->{status} };
}


sub metric {
    my ($self, $name, %labels) = @_;
    my $res = $self->request('GET', '/metrics') or return;
    my $all = decode_json($res->{body});

    for my $sample (@{$all->{$name}}) {
        return $sample->{value}
            if !grep { ($sample->{$_} // '') ne $labels{$_} } keys %labels;
    }

    return;
}


# buyers(sale => ..., users => N, processes => 4, prefix => 'u'): lets buyers
# loose in the background, each asks twice; the answers are written to a file.
# A buyer who gets none, or "unavailable", asks again until the end is said.

sub buyers {
    my ($self, %o) = @_;

    $o{processes} //= 4;
    $o{prefix} //= 'u';
    $self->{answers} //= "$self->{dir}/answers";

    for my $p (0 .. $o{processes} - 1) {
        my $pid = fork // die $!;

        if ($pid) {
            push @{$self->{buyers}}, $pid;
            next;
        }

        open my $out, '>>', $self->{answers} or POSIX::_exit(1);
        my $sock;

        for (my $n = $p; $n < $o{users}; $n += $o{processes}) {
            for my $time (1, 2) {
                my $user = $o{prefix} . $n;
                my $end = time + ($o{patience} // $WAIT);

                while (time < $end) {
                    $sock ||= $self->connect;
                    my $a = $sock && $self->claim($o{sale}, $user, $sock);

                    if (!$a) {
                        undef $sock;
                        sleep 0.01;
                        next;
                    }

                    syswrite $out, join(' ', $a->{result}, $user,
                                        $a->{order} // 0) . "\n";
                    last if $a->{result} ne 'unavailable';
                    sleep 0.01;
                }
            }
        }

        POSIX::_exit(0);
    }
}


sub buyers_done {
    my ($self) = @_;

    waitpid $_, 0 for @{delete $self->{buyers} || []};
}


sub buyers_stop {
    my ($self) = @_;

    kill KILL => @{$self->{buyers} || []};
    $self->buyers_done;
}


# the first "won" of each user, and all results counted

sub answers {
    my ($self) = @_;
    my (%won, %count, @wrong);

    for my $line (split /\n/, slurp($self->{answers})) {
        my ($result, $user, $order) = split ' ', $line;
        next if !defined $order;        # killed while it wrote
        $count{$result}++;

        if ($result eq 'won') {
            push @wrong, "$user won twice" if exists $won{$user};
            $won{$user} = $order;

        } elsif (exists $won{$user}
                 && ($result ne 'unavailable' && $result ne 'already'
                     || $order && $order != $won{$user}))
        {
            push @wrong, "$user had won $won{$user}, then: $result $order";
        }
    }

    return { won => \%won, count => \%count, wrong => \@wrong };
}


# what must hold after whatever has happened: the invariants, seen by a buyer,
# in the metrics and in the ledger itself

sub check_sale {
    my ($self, $sale, $stock, %o) = @_;
    my $answers = $self->answers;
    my %won = %{$answers->{won}};

    is("@{$answers->{wrong}}", '', 'nobody won twice, or heard otherwise later');

    my @orders = values %won;
    my %seen;
    is(scalar(grep { $seen{$_}++ } @orders), 0, 'no order was given twice');

    my @lost;
    for my $user (sort keys %won) {
        my $a = $self->ask($sale, $user);
        push @lost, $user if !$a || $a->{result} ne 'won'
                             || $a->{order} != $won{$user};
    }
    is("@lost", '', 'all ' . @orders . ' who were told "won" still are');

    is($self->metric('seckill_conservation_errors'), 0, 'units add up');

    my %units = map { $_ => $self->metric('seckill_units', sale => $sale,
                                          state => $_) }
                    qw(free undecided held sold);
    is($units{sold}, $stock, "$stock units are sold") if $o{sold_out};
    is($units{undecided}, 0, 'nothing is undecided');
    cmp_ok($units{sold}, '<=', $stock, 'not more than the stock is sold');
    cmp_ok($units{sold}, '>=', scalar @orders, 'not less than was told');

    is($self->sql("SELECT count(*) FROM orders WHERE sale = '$sale'"),
       $units{sold}, 'the ledger has as many orders');
    is($self->sql("SELECT count(*) - count(DISTINCT user) FROM orders"
                  . " WHERE sale = '$sale'"), 0, 'and each user once');
    is($self->sql('SELECT count(*) - max(seq) FROM ledger'), 0,
       'its numbers have no gap');
}


sub sql {
    my ($self, $sql, $store) = @_;

    $store //= "$self->{dir}/seckill/drop.db";
    my $out = `sqlite3 -readonly '$store' "$sql" 2>&1`;
    chomp $out;

    return $out;
}


# another program's transaction: no claim is decided until it is over

sub lock_store {
    my ($self) = @_;

    my $pid = open2(my $out, my $in, 'sqlite3', '-bail',
                    "$self->{dir}/seckill/drop.db");
    $in->autoflush(1);
    print $in ".timeout 30000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n";
    my $line = <$out> // '';
    die "the store was not locked: $line" if $line ne "locked\n";

    return [$pid, $in, $out];
}


sub unlock_store {
    my ($self, $lock) = @_;
    my ($pid, $in, $out) = @$lock;

    print $in "ROLLBACK;\n";
    close $in;
    my $rest = join '', <$out>;
    waitpid $pid, 0;
    die "the lock of the store was lost: $rest" if $? || $rest ne '';
}


# the error log has nothing above "error" but what the test has caused, and no
# report of a sanitizer, whatever the test allows

sub check_log {
    my ($self) = @_;
    my @lines = split /^/, $self->log_text;
    my @reports = reports(@lines);

    my @found = grep {
        my $line = $_;
        /\[(?:alert|emerg|crit)\]/ && !grep { $line =~ $_ } @{$self->{allow}};
    } @lines;

    ok(!@found && !@reports, 'a clean error log') or diag(@found, @reports);
}


# what sanitizers have reported: their lines begin without nginx's time

sub reports {
    my @lines = @_;

    return if !grep { /Sanitizer|runtime error:/ } @lines;
    return grep { !m{^\d{4}/\d\d/\d\d \d} } @lines;
}


sub done {
    my ($self) = @_;

    $self->buyers_stop;
    $self->stop('QUIT') if $self->{pid};
    $self->check_log;
    $self->cleanup;
}


sub cleanup {
    my ($self) = @_;

    kill KILL => -$self->{group} if $self->{group} && $self->living;
    remove_tree($self->{dir});
    delete $self->{dir};
}


# the directory stays, for who wants to know what went wrong

sub keep {
    my ($self) = @_;

    kill KILL => -$self->{group} if $self->{group} && $self->living;
    delete $self->{dir};
}


sub DESTROY {
    my ($self) = @_;

    return if $$ != $self->{owner} || !$self->{dir};
    local $?;
    kill KILL => @{$self->{buyers} || []};
    $self->cleanup;
}

1;
