package Bench::Process;

# A process that the benchmark starts, waits for, and ends; and the CPU time
# that it and all that it has started took.

use strict;
use warnings;

use Exporter qw(import);
use POSIX qw(WNOHANG);
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(run slurp spit);

my $WAIT = 60;                  # seconds until something is taken to hang
my $TICK = 1 / POSIX::sysconf(POSIX::_SC_CLK_TCK());


# start(command => [...], log => FILE, user => NAME, ready => sub)

sub start {
    my ($class, %o) = @_;
    my $self = bless { %o, owner => $$ }, $class;

    $self->{pid} = fork // die "fork: $!\n";

    if ($self->{pid} == 0) {
        setpgrp;
        redirect($o{log});
        as_user($o{user}) if $o{user};
        exec { $o{command}[0] } @{$o{command}} or POSIX::_exit(127);
    }

    my $end = time + $WAIT;

    until ($o{ready}->()) {
        die "$o{command}[0] ended: " . slurp($o{log})
            if waitpid($self->{pid}, WNOHANG) == $self->{pid};
        die "waited $WAIT seconds for $o{command}[0]: " . slurp($o{log})
            if time > $end;
        sleep 0.02;
    }

    return $self;
}


# ends it with a signal and waits

sub stop {
    my ($self, $signal) = @_;
    my $pid = delete $self->{pid} or return;
    my $end = time + $WAIT;

    kill $signal // 'TERM', $pid;

    while (waitpid($pid, WNOHANG) == 0) {
        kill KILL => $pid if time > $end;
        sleep 0.01;
    }
}


sub DESTROY {
    my ($self) = @_;

    return if $$ != $self->{owner} || !$self->{pid};

    # it leads a group, in which are those that it has started

    local $?;
    kill KILL => -$self->{pid};
    $self->stop('KILL');
}


# seconds of CPU of a process, what it has started, and what of that has ended

sub cpu {
    my ($pid) = @_;
    my (%children, %used);

    for my $file (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $file or next;
        my ($id, $rest) = (<$in> // '') =~ /^(\d+) \(.*\) (.*)/ or next;
        my @field = split ' ', $rest;
        push @{$children{$field[1]}}, $id;
        $used{$id} = $field[11] + $field[12] + $field[13] + $field[14];
    }

    my @todo = ($pid);
    my $sum = 0;

    while (defined(my $id = shift @todo)) {
        $sum += $used{$id} // 0;
        push @todo, @{$children{$id} // []};
    }

    return $sum * $TICK;
}


# runs a command to its end; returns what it printed, dies if it fails.
# run({ user => NAME, dir => DIR }, COMMAND ...)

sub run {
    my %o = ref $_[0] ? %{shift()} : ();
    my @command = @_;

    pipe my $from, my $to or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        close $from;
        as_user($o{user}) if $o{user};
        open STDOUT, '>&', $to;
        open STDERR, '>&', $to;
        chdir $o{dir} if $o{dir};
        exec { $command[0] } @command or POSIX::_exit(127);
    }

    close $to;
    my $text = do { local $/; <$from> } // '';
    waitpid $pid, 0;
    die "@command failed: $text\n" if $?;

    return $text;
}


# database servers do not run as root

sub as_user {
    my ($name) = @_;
    my ($uid, $gid) = (getpwnam $name)[2, 3];

    $( = $gid;
    $) = "$gid $gid";
    $< = $> = $uid;
}


sub redirect {
    my ($log) = @_;

    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', $log or POSIX::_exit(126);
    open STDERR, '>&', \*STDOUT;
}


sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    return <$in> // '';
}


sub spit {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out or die "$file: $!\n";
}

1;
