# Two servers on one store: who has won on one is known on the other at once,
# also if a link leads to the store, and after the file by which they know
# could not be had.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my $n = 100;
my $sale = 'seckill_sale zone=drop name=phone stock=1000;';

my $one = Seckill::Server->new(http => "seckill_zone zone=drop:2m; $sale");
my $store = "$one->{dir}/seckill/drop.db";

$one->start->ready;


sub known {
    my ($what, $at, $to, $prefix) = @_;
    my @bad;

    for my $i (1 .. $n) {
        my $won = $at->claim('phone', "$prefix$i");
        my $asked = $to->ask('phone', "$prefix$i");
        push @bad, $i if $won->{result} ne 'won'
                         || ($asked->{order} // 0) != $won->{order};
    }

    is("@bad", '', $what);
}


# a second one, to whose store a link leads: to the file, to its directory

for my $link ('file', 'directory') {
    my $two = Seckill::Server->new;
    my $target = ($link eq 'file') ? $store : "$one->{dir}/seckill";
    my $name = "$two->{dir}/linked";

    if ($link eq 'file') {
        mkdir $name or die $!;
        chown +(stat $target)[4, 5], $name;
        symlink $target, "$name/drop.db" or die $!;

    } else {
        symlink $target, $name or die $!;
    }

    $name .= '/drop.db';

    $two->{http} = "seckill_zone zone=drop:2m store=$name; $sale";
    $two->start->ready;

    known("a link to the $link: won here, known there", $one, $two, "$link-1-");
    known("a link to the $link: won there, known here", $two, $one, "$link-2-");

    $two->done;
}

is(join(' ', glob "$one->{dir}/seckill/*-seq"), "$store-seq", 'one file');

# it cannot be had, then it can

$one->stop('QUIT');
unlink "$store-seq" or die $!;
mkdir "$store-seq" or die $!;

my $told = qr/cannot map the file "-seq" of the store/;

$one->start->ready;
is($one->claim('phone', 'ann')->{result}, 'won', 'it sells without');
sleep 2.5;
my @told = $one->log_text =~ /\[error\] .*$told/g;
is(scalar @told, 3, 'each process has said so, once') or diag(@told);

rmdir "$store-seq" or die $!;
$one->wait_for('the file', sub {
    3 == (() = $one->log_text =~ /has mapped the file "-seq"/g);
});

my $two = Seckill::Server->new(
    http => "seckill_zone zone=drop:2m store=$store; $sale");
$two->start->ready;
known('mapped late: won here, known there', $one, $two, 'late-1-');
known('mapped late: won there, known here', $two, $one, 'late-2-');
$two->done;

# it says what is not so: nobody waits for what will not come

open my $file, '+<:raw', "$store-seq" or die $!;
syswrite $file, pack 'Q<', 1_000_000;
close $file;

$one->wait_for('it is put right', sub {
    $one->log_text =~ /"-seq" said that there are 1000000 events, there are/;
});
is($one->claim('phone', 'bea')->{result}, 'won', 'and it sells on');

$one->done;
done_testing;
