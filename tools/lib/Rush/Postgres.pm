package Rush::Postgres;

# What rule 5 compares with: a relational database on the same machine.

use strict;
use warnings;

use Exporter qw(import);
use File::Path qw(remove_tree);
use Seckill::Server;

our @EXPORT = qw(postgresql);


# claims per second of PostgreSQL: a hot row and a table of winners, changed in
# one durable transaction; undef if it is not installed

sub postgresql {
    my ($dir, $seconds) = @_;
    my ($bin) = reverse sort glob '/usr/lib/postgresql/*/bin';
    my $data = "$dir/pg";

    return if !$bin || !-x "$bin/initdb" || !-x "$bin/pgbench";

    # it does not run as root

    my @as = $> == 0 ? ('runuser', '-u', 'nobody', '--') : ();

    mkdir $data;
    chown +(getpwnam('nobody'))[2, 3], $data if $> == 0;

    print STDERR "  PostgreSQL, $seconds s\n";

    quiet($dir, @as, "$bin/initdb", '-D', "$data/db", '-U', 'rush', '--auth=trust');
    quiet($dir, @as, "$bin/pg_ctl", '-D', "$data/db", '-w', '-l', "$data/log",
          '-o', "-k $data -c listen_addresses=''", 'start');

    my $tps = eval {
        write_text("$data/schema.sql", <<'END');
CREATE TABLE sale (id int PRIMARY KEY, stock int NOT NULL CHECK (stock >= 0));
CREATE TABLE winner (sale int, buyer bigint, PRIMARY KEY (sale, buyer));
INSERT INTO sale VALUES (1, 100000000);
END
        write_text("$data/claim.sql", <<'END');
\set buyer random(1, 1000000000)
BEGIN;
INSERT INTO winner VALUES (1, :buyer) ON CONFLICT DO NOTHING;
UPDATE sale SET stock = stock - 1 WHERE id = 1 AND stock > 0;
COMMIT;
END
        quiet($dir, 'psql', '-q', '-h', $data, '-U', 'rush', '-d', 'postgres',
              '-f', "$data/schema.sql");
        my $out = `$bin/pgbench -n -M prepared -c 16 -j 2 -T $seconds -f $data/claim.sql -h $data -U rush postgres 2>&1`;
        ($out =~ /tps = ([\d.]+)/)[0];
    };

    quiet($dir, @as, "$bin/pg_ctl", '-D', "$data/db", '-m', 'immediate', 'stop');
    remove_tree($data);

    return $tps;
}


sub quiet {
    my ($dir, @command) = @_;
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDOUT, '>>', "$dir/pg.log";
        open STDERR, '>&', \*STDOUT;
        exec { $command[0] } @command or POSIX::_exit(127);
    }

    waitpid $pid, 0;
    die "rush: @command failed: " . Seckill::Server::slurp("$dir/pg.log")
        if $?;
}


sub write_text {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "rush: $file: $!\n";
    print $out $text;
    close $out or die "rush: $file: $!\n";
}

1;
