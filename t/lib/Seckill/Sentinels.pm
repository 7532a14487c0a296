package Seckill::Sentinels;

# What several machines share: a Redis primary, its replica, and three Sentinels
# that make the replica the primary when the other one is gone.  All of it on
# this machine's loopback, in a directory that can be used again.

use strict;
use warnings;

use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

our $MASTER = 'seckill';                # Sentinel's name of the primary
our $N_PORTS = 5;                       # two servers, three Sentinels
our $SILENT_MS = 2000;                  # a primary that is silent is down

my $WAIT = 60;                          # seconds until something is hanging


# new(dir => ..., ports => [...])

sub new {
    my ($class, %self) = @_;

    my $self = bless { %self, pid => {}, owner => $$ }, $class;
    my @ports = @{$self->{ports}};

    $self->{port} = { map { $_ => shift @ports } names() };

    return $self;
}


sub servers { return map { "redis-$_" } 1, 2 }
sub sentinels { return map { "sentinel-$_" } 1 .. 3 }
sub names { return (servers(), sentinels()) }


# what nginx's "redis=" says

sub url {
    my ($self) = @_;

    return 'sentinel://'
        . join(',', map { "127.0.0.1:$self->{port}{$_}" } sentinels())
        . "/$MASTER";
}


# all of it; who was the primary when this directory was used last is it again

sub start {
    my ($self) = @_;
    my $primary = $self->last_primary;
    my ($replica) = grep { $_ ne $primary } servers();

    $self->write_conf($_, $primary) for names();

    $self->run($primary);
    $self->run($replica);

    $self->wait_for("$replica to follow $primary", sub {
        ($self->info($replica)->{master_link_status} // '') eq 'up'
    });

    $self->run($_) for sentinels();
    $self->wait_for('the Sentinels to know each other', sub {
        !grep { !$self->sentinel_ready($_) } sentinels()
    });

    return $self;
}


sub last_primary {
    my ($self) = @_;
    my ($port, $epoch) = ('', -1);

    for my $name (sentinels()) {
        my $text = slurp("$self->{dir}/$name/redis.conf");
        my ($p) = $text =~ /^sentinel monitor $MASTER \S+ (\d+)/m or next;
        my ($e) = $text =~ /^sentinel config-epoch $MASTER (\d+)/m;

        ($port, $epoch) = ($p, $e // 0) if ($e // 0) > $epoch;
    }

    my ($name) = grep {
        slurp("$self->{dir}/$_/redis.conf") =~ /^port $port$/m
    } servers();

    return $name // (servers())[0];
}


sub write_conf {
    my ($self, $name, $primary) = @_;
    my $dir = "$self->{dir}/$name";
    my $at = "127.0.0.1 $self->{port}{$primary}";
    my $text = <<"END";
bind 127.0.0.1
port $self->{port}{$name}
dir "$dir"
pidfile "$dir/redis.pid"
logfile "$dir/redis.log"
END

    if ($name =~ /^sentinel/) {
        $text .= <<"END";
sentinel monitor $MASTER $at 2
sentinel down-after-milliseconds $MASTER $SILENT_MS
sentinel failover-timeout $MASTER 5000
END
    } else {
        $text .= <<"END";
save ""
appendonly yes
appendfsync everysec
repl-diskless-sync-delay 0
END
        $text .= "replicaof $at\n" if $name ne $primary;
    }

    mkdir $dir;
    open my $out, '>', "$dir/redis.conf" or die "$dir/redis.conf: $!\n";
    print $out $text;
    close $out or die "$dir/redis.conf: $!\n";
}


# one of them, with the configuration that it was left with

sub run {
    my ($self, $name) = @_;
    my @command = ($name =~ /^sentinel/ ? 'redis-sentinel' : 'redis-server',
                   "$self->{dir}/$name/redis.conf");
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        # not in the group that Ctrl-C ends
        setpgrp;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/$name/redis.log";
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or POSIX::_exit(127);
    }

    $self->{pid}{$name} = $pid;
    $self->wait_for("$name to answer", sub {
        die "$name ended, see $self->{dir}/$name/redis.log\n"
            if waitpid($pid, WNOHANG) == $pid;
        ($self->ask($name, 'PING') // '') eq 'PONG';
    });
}


sub kill_now {
    my ($self, $name) = @_;
    my $pid = delete $self->{pid}{$name} or return;

    kill KILL => $pid;
    waitpid $pid, 0;
}


# ends all that was started; Sentinels first, who would see a failure

sub stop {
    my ($self) = @_;

    for my $name (reverse names()) {
        my $pid = delete $self->{pid}{$name} or next;
        my $end = time + 10;

        kill TERM => $pid;
        kill CONT => $pid;

        until (waitpid($pid, WNOHANG)) {
            kill KILL => $pid if time > $end;
            sleep 0.01;
        }
    }
}


# the replica gets nothing any more; Sentinel sees to that, but not at once

sub detach_replica {
    my ($self) = @_;
    my $primary = $self->primary // '';

    $self->ask($_, 'REPLICAOF 127.0.0.1 1')
        for grep { $_ ne $primary } servers();
}


# whose name most Sentinels say; undef if they do not agree

sub primary {
    my ($self) = @_;
    my %votes;

    for my $sentinel (sentinels()) {
        my $at = $self->ask($sentinel, 'SENTINEL get-master-addr-by-name '
                                       . $MASTER);
        $votes{$at->[1]}++ if ref $at;
    }

    my ($port) = grep { $votes{$_} >= 2 } keys %votes or return;
    my ($name) = grep { $self->{port}{$_} == $port } servers();

    return $name;
}


# whether both servers are what they are to be

sub whole {
    my ($self) = @_;
    my $primary = $self->primary or return 0;
    my ($replica) = grep { $_ ne $primary } servers();
    my $info = $self->info($replica);

    return ($self->info($primary)->{role} // '') eq 'master'
           && ($info->{master_port} // 0) == $self->{port}{$primary}
           && $info->{master_link_status} eq 'up';
}


sub sentinel_ready {
    my ($self, $name) = @_;
    my $all = $self->ask($name, "SENTINEL master $MASTER");
    my %state = ref $all ? @$all : ();

    return ($state{'num-other-sentinels'} // 0) == 2
           && ($state{'num-slaves'} // 0) >= 1;
}


sub info {
    my ($self, $name) = @_;
    my $text = $self->ask($name, 'INFO replication') // '';

    return { $text =~ /^(\w+):(.*?)\r?$/mg };
}


# one command; text, a list, or undef

sub ask {
    my ($self, $name, $command) = @_;
    my $sock = IO::Socket::INET->new(
        PeerAddr => "127.0.0.1:$self->{port}{$name}", Timeout => 5) or return;

    local $SIG{ALRM} = sub { shutdown $sock, 2 };
    alarm 5;
    print $sock "$command\r\n";
    my $reply = read_reply($sock);
    alarm 0;

    return $reply;
}


sub read_reply {
    my ($sock) = @_;
    my $line = <$sock> // return;
    my ($type, $text) = $line =~ /^(.)(.*?)\r\n/ or return;

    return $text if $type eq '+' || $type eq ':';
    return if $type eq '-' || $text < 0;
    return [map { scalar read_reply($sock) } 1 .. $text] if $type eq '*';

    read $sock, my $bulk, $text + 2;
    return substr $bulk, 0, $text;
}


sub wait_for {
    my ($self, $what, $test) = @_;
    my $end = time + $WAIT;

    until ($test->()) {
        die "waited $WAIT seconds for $what, see $self->{dir}\n"
            if time > $end;
        sleep 0.05;
    }
}


sub slurp {
    open my $in, '<', shift or return '';
    local $/;
    return <$in> // '';
}


sub DESTROY {
    my ($self) = @_;

    return if $$ != $self->{owner};
    local $?;
    $self->stop;
}

1;
