package Seckill::Chroot;

# A fresh Debian (or Ubuntu) of this machine's release, made from its own apt
# sources, for tests of packages.  It has processes, mounts and a network of its
# own: no port of the machine is taken, and all ends when the object does.

use strict;
use warnings;

use File::Temp qw(tempdir);
use Time::HiRes qw(sleep);


# why none can be made here; undef if one can

sub missing {
    return 'root is needed' if $> != 0;
    return 'mmdebstrap is needed' if system('command -v mmdebstrap > /dev/null');
    return 'namespaces are needed' if system('unshare -mnpf true 2> /dev/null');
    return 'no apt sources of this release' if !sources();
    return;
}


# files of /etc/apt that name this machine's release, and its suites

sub sources {
    my ($release) = slurp('/etc/os-release') =~ /^VERSION_CODENAME=(\w+)/m
        or return;

    return grep { slurp($_) =~ /(?<![-\w])$release\b.*\bmain\b/s }
           grep { -f } '/etc/apt/sources.list',
                       glob '/etc/apt/sources.list.d/*.{list,sources}';
}


# new(package, ...): with these.  undef if the sources do not answer; dies if it
# cannot be made

sub new {
    my ($class, @packages) = @_;

    my ($release) = slurp('/etc/os-release') =~ /^VERSION_CODENAME=(\w+)/m;
    my $dir = tempdir('seckill-chroot-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless { root => "$dir/root", dir => $dir, owner => $$ }, $class;

    # how the machine's apt gets at its sources

    system("apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries)'"
           . " > $dir/apt.conf");

    my $out = `exec 2>&1; mmdebstrap --mode=root --variant=apt --verbose \\
        --aptopt=$dir/apt.conf --dpkgopt=force-unsafe-io \\
        --include=@{[join ',', @packages]} \\
        $release $self->{root} @{[sources()]}`;
    return if $? && $out =~ /Failed to fetch|Some index files failed to download/;
    die "mmdebstrap failed:\n$out" if $?;

    $self->isolate;

    # as in a container, packages start nothing

    $self->write('usr/sbin/policy-rc.d', "#!/bin/sh\nexit 101\n");
    chmod 0755, "$self->{root}/usr/sbin/policy-rc.d";

    return $self;
}


# the first process of the namespaces; all others end with it.  It ignores what
# becomes of children, so that daemons that have ended are gone.

sub isolate {
    my ($self) = @_;
    my $root = $self->{root};

    $self->{unshare} = open my $out, '-|', 'unshare', '--mount', '--net',
        '--pid', '--fork', '--kill-child', 'sh', '-ec',
        "mount -t proc proc '$root/proc'; mount --rbind /dev '$root/dev'
         chroot '$root' ip link set lo up
         echo up; exec env --ignore-signal=CHLD sleep infinity"
        or die "unshare: $!";
    $self->{out} = $out;

    (<$out> // '') eq "up\n" or die "no namespaces\n";

    my $pid = $self->{unshare};
    ($self->{pid}) = slurp("/proc/$pid/task/$pid/children") =~ /(\d+)/
        or die "no process in the namespaces\n";
}


# run(command): what it has printed, on both; its status is in $?

sub run {
    my ($self, $command) = @_;

    open my $out, '-|', 'nsenter', '--target', $self->{pid}, '--mount', '--net',
        '--pid', 'chroot', $self->{root}, 'env', '-i', 'HOME=/root', 'LC_ALL=C',
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'DEBIAN_FRONTEND=noninteractive', 'sh', '-c', "exec 2>&1\n$command"
        or die "nsenter: $!";

    local $/;
    my $text = <$out> // '';
    close $out;

    return $text;
}


sub write {
    my ($self, $file, $text) = @_;

    open my $out, '>', "$self->{root}/$file" or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}


sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    return <$in> // '';
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local $?;
    kill KILL => $self->{unshare} if $self->{unshare};
    close $self->{out} if $self->{out};
}


1;
