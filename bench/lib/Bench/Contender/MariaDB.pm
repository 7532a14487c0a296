package Bench::Contender::MariaDB;

# The same in MariaDB, under load by sysbench.

use strict;
use warnings;

use parent 'Bench::Contender';

use Bench::Process qw(run);

my $CLIENTS = 16;

sub name { return 'mariadb' }
sub durable { return 'yes' }
sub exact { return 'yes' }


sub start {
    my ($self) = @_;

    $self->{user} = $> == 0 ? 'nobody' : (getpwuid $>)[0];
    chown +(getpwnam 'nobody')[2, 3], $self->{dir} if $> == 0;

    $self->install('mariadb/my.cnf', 'my.cnf');
    $self->install('mariadb/schema.sql', 'schema.sql');

    run('mariadb-install-db', "--defaults-file=$self->{dir}/my.cnf",
        "--datadir=$self->{dir}/db", "--user=$self->{user}",
        '--auth-root-authentication-method=normal', '--skip-test-db');

    my ($server) = grep { -x } map { "$_/mariadbd" } qw(/usr/sbin /usr/bin);

    push @{$self->{processes}}, Bench::Process->start(
        command => [$server, "--defaults-file=$self->{dir}/my.cnf",
                    "--datadir=$self->{dir}/db",
                    "--socket=$self->{dir}/maria.sock",
                    "--pid-file=$self->{dir}/db/pid"],
        user => $> == 0 ? 'nobody' : undef,
        log => "$self->{dir}/logs/mariadb.log",
        ready => sub { eval { $self->sql('SELECT 1') } });

    $self->sql('CREATE DATABASE bench');
    run($self->client, '-e', "source $self->{dir}/schema.sql");

    return $self;
}


sub client {
    my ($self, @database) = @_;

    return ('mariadb', "--socket=$self->{dir}/maria.sock", '-u', 'root', '-N',
            '-B', @database ? @database : 'bench');
}


sub sql {
    my ($self, $sql) = @_;
    my $text = run($self->client('mysql'), '-e', $sql);

    chomp $text;
    return $text;
}


sub sales {
    my ($self, %sales) = @_;

    $self->sql(join '', map {
        'REPLACE INTO bench.sale VALUES (' . Bench::Contender::number($_)
        . ", $sales{$_});"
    } keys %sales);
}


sub left {
    my ($self, $sale) = @_;

    return $self->sql('SELECT stock FROM bench.sale WHERE id = '
                      . Bench::Contender::number($sale));
}


sub claim {
    my ($self, $sale, $user) = @_;
    my $code = $self->sql('CALL bench.claim('
                          . Bench::Contender::number($sale) . ", $user)");

    return (qw(won already sold_out))[$code];
}


sub load {
    my ($self, %scene) = @_;

    my $text = run('sysbench',
        "$Bench::Contender::SOURCE/mariadb/claim.lua", '--db-driver=mysql',
        "--mysql-socket=$self->{dir}/maria.sock", '--mysql-user=root',
        '--mysql-db=bench', "--threads=$CLIENTS", "--time=$scene{seconds}",
        '--events=0', '--histogram=on', "--first=$scene{first}",
        "--times=$scene{times}", '--span=' . int($scene{users} / $CLIENTS),
        '--sale=' . Bench::Contender::number($scene{sales}),
        '--ask=' . ($scene{method} eq 'GET' ? 'on' : 'off'), 'run');
    my ($n) = $text =~ /total number of events:\s+(\d+)/
        or die "sysbench: $text";
    my ($seconds) = $text =~ /total time:\s+([\d.]+)s/;

    return { n => $n, seconds => $seconds, histogram($text, $n) };
}


# lines such as "  0.123 |**** 456": the value in ms, how often it was seen

sub histogram {
    my ($text, $n) = @_;
    my %at = (p50 => 0.5, p99 => 0.99, p999 => 0.999);
    my %found;
    my $sum = 0;

    while ($text =~ /^\s+([\d.]+) \|\**\s+(\d+)$/mg) {
        my ($ms, $count) = ($1, $2);
        $sum += $count;
        for (keys %at) { $found{$_} //= $ms if $sum >= $at{$_} * $n }
    }

    return %found;
}


sub versions { return (mariadb => run('mariadbd', '--version') =~ /Ver (\d[\d.]+)/) }

1;
