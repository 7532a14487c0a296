# A zone that is too small: the size that the message names is another one, and
# does.

use strict;
use warnings;
use Test::More;
use Seckill::Server;

my $s = Seckill::Server->new;


# nginx -t with a zone of so many megabytes; what it says

sub check {
    my ($size, $more, @sales) = @_;

    $s->config(http => "seckill_zone zone=drop:${size}m $more;\n"
        . join "\n", map {
            "seckill_sale zone=drop name=s$_ stock=$sales[$_];"
          } 0 .. $#sales);

    my $command = join ' ', $s->command('-t');
    my $text = `$command 2>&1`;

    return $text =~ /a size of (\d+)m would do/ ? $1
           : $? == 0 ? 0 : die $text;
}

for my $n (1000, 18_000, 21_000, 22_000, 60_000, 123_456, 500_000, 1_000_000) {
    for my $more ('', 'queue=16', 'queue=10000') {
        my $size = check(1, $more, $n);

        if ($size == 0) {
            pass("1m does for $n units $more");
            next;
        }

        cmp_ok($size, '>', 1, "$n units $more: another size, ${size}m");
        is(check($size, $more, $n), 0, "$n units $more: it does");

        my $less = check($size - 1, $more, $n);
        ok($less == 0 || $less == $size,
           "$n units $more: 1m less does too, or names it again");
    }
}

# many sales of a few units

my $size = check(1, 'queue=16', (100) x 150);
ok($size == 0 || check($size, 'queue=16', (100) x 150) == 0, 'many sales');

# a sale that is added to a server that runs

$s->config(http => 'seckill_zone zone=drop:1m;');
$s->start->ready;

for my $n (21_000, 100_000) {
    my $sale = qq({"name":"big","stock":$n});
    my $res = $s->api('POST', 'sales', $sale);

    is($res->{status}, 507, "$n units do not fit") or diag(explain $res);
    my ($need) = $res->{message} =~ /need a size of (\d+)m at least/;

    $s->stop('QUIT');
    $s->config(http => "seckill_zone zone=drop:${need}m;");
    $s->start->ready;

    $res = $s->api('POST', 'sales', $sale);
    is($res->{status}, 201, "in ${need}m they do") or diag(explain $res);

    $s->stop('QUIT');
    unlink glob "$s->{dir}/seckill/*";
    $s->config(http => 'seckill_zone zone=drop:1m;');
    $s->start->ready;
}

# a reload with more sales than there are places: memory of the same size would
# be used again

my @few = map { "seckill_sale zone=drop name=s$_ stock=1;" } 1 .. 70;

$s->reload_refused(qr/has room for/,
                   http => "seckill_zone zone=drop:1m;\n@few");
($size) = $s->log_text =~ /a size of (\d+)m would do/;
is($size, 2, 'another size than it has');
push @{$s->{allow}}, qr/has room for/;
$s->reload(http => "seckill_zone zone=drop:${size}m;\n@few");
$s->ready;
is($s->claim('s70', 'a')->{result}, 'won', 'and that does');
is($s->api('GET', 'health')->{data}{warning}, undef, 'all are there');

# more sales than places, with those that the ledger has: one is not there, and
# health says so

$s->stop('QUIT');
@few = map { "seckill_sale zone=drop name=t$_ stock=1;" } 1 .. 70;
push @{$s->{allow}}, qr/does not fit in the zone: its 70 places/;
$s->config(http => "seckill_zone zone=drop:2m;\n@few");
$s->start->ready;
like($s->api('GET', 'health')->{data}{warning},
     qr/^sale "t\d+" of the configuration is not there: the log says why$/,
     'health says so');

$s->done;
done_testing;
