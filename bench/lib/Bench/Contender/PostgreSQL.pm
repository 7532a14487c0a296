package Bench::Contender::PostgreSQL;

# A hot row and a table of winners in PostgreSQL, under load by pgbench: no
# HTTP, no application in front of it.

use strict;
use warnings;

use parent 'Bench::Contender';

use Bench::Process qw(run slurp);

my $CLIENTS = 16;

sub name { return 'postgresql' }
sub durable { return 'yes' }
sub exact { return 'yes' }


sub start {
    my ($self) = @_;

    ($self->{bin}) = reverse sort glob '/usr/lib/postgresql/*/bin';
    $self->{user} = $> == 0 ? 'nobody' : undef;

    chown +(getpwnam 'nobody')[2, 3], $self->{dir} if $self->{user};

    run({ user => $self->{user}, dir => $self->{dir} }, "$self->{bin}/initdb",
        '-D', "$self->{dir}/db", '-U', 'bench', '--auth=trust');
    $self->install('postgresql/postgresql.conf', 'bench.conf');
    $self->install('postgresql/schema.sql', 'schema.sql');
    run('cp', "$self->{dir}/bench.conf", "$self->{dir}/db/");
    run('sh', '-c', "echo \"include 'bench.conf'\""
        . " >> $self->{dir}/db/postgresql.conf");

    push @{$self->{processes}}, Bench::Process->start(
        command => ["$self->{bin}/postgres", '-D', "$self->{dir}/db",
                    '-k', $self->{dir}],
        user => $self->{user}, log => "$self->{dir}/db/bench.log",
        ready => sub { eval { $self->sql('SELECT 1') } });

    run($self->psql, '-f', "$self->{dir}/schema.sql");

    return $self;
}


sub psql {
    my ($self) = @_;

    return ("$self->{bin}/psql", '-X', '-q', '-A', '-t', '-v',
            'ON_ERROR_STOP=1', '-h', $self->{dir}, '-U', 'bench',
            '-d', 'postgres');
}


sub sql {
    my ($self, $sql) = @_;
    my $text = run($self->psql, '-c', $sql);

    chomp $text;
    return $text;
}


sub sales {
    my ($self, %sales) = @_;

    $self->sql(join '', map {
        'INSERT INTO sale VALUES (' . Bench::Contender::number($_)
        . ", $sales{$_}) ON CONFLICT (id) DO UPDATE"
        . ' SET stock = excluded.stock;'
    } keys %sales);
}


sub left {
    my ($self, $sale) = @_;

    return $self->sql('SELECT stock FROM sale WHERE id = '
                      . Bench::Contender::number($sale));
}


sub claim {
    my ($self, $sale, $user) = @_;
    my $code = $self->sql('SELECT claim(' . Bench::Contender::number($sale)
                          . ", $user)");

    return (qw(won already sold_out))[$code];
}


sub load {
    my ($self, %scene) = @_;
    my $script = $scene{method} eq 'GET' ? 'ask' : 'claim';
    my $log = "$self->{dir}/pgbench";

    unlink glob "$log.*";

    my $text = run("$self->{bin}/pgbench", '-n', '-M', 'prepared',
        '-c', $CLIENTS, '-j', 1, '-T', $scene{seconds},
        '-f', "$Bench::Contender::SOURCE/postgresql/$script.sql",
        '-D', 'n=0', '-D', "first=$scene{first}", '-D',
        "times=$scene{times}", '-D',
        'span=' . int($scene{users} / $CLIENTS), '-D',
        'sale=' . Bench::Contender::number($scene{sales}),
        '-l', "--log-prefix=$log", '-h', $self->{dir}, '-U', 'bench',
        'postgres');
    my ($n) = $text =~ /actually processed: (\d+)/ or die "pgbench: $text";
    my ($tps) = $text =~ /tps = ([\d.]+)/;
    my ($p50, $p99, $p999) = Bench::Contender::percentiles(
        map { map { (split ' ')[2] / 1e3 } split /\n/, slurp($_) }
            glob "$log.*");

    return { n => $n, seconds => $n / $tps, p50 => $p50, p99 => $p99,
             p999 => $p999 };
}


sub versions {
    my ($self) = @_;

    return (postgresql => run("$self->{bin}/postgres", '--version')
                          =~ /([\d.]+)/);
}

1;
