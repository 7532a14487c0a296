# The protocol of several machines, as machines.pml has it: the small ones of
# its runs.  ./t/model/check runs the large ones, too.

use strict;
use warnings;
use Test::More;

my $listed = () = slurp('t/model/runs') =~ /^small /mg;
my $seen = 0;

open my $runs, '-|', 't/model/check small' or die "t/model/check: $!";

while (my $run = <$runs>) {
    chomp $run;
    my ($ok, $what) = $run =~ /^(ok|not ok): (.*)/ or BAIL_OUT($run);
    is($ok, 'ok', $what);
    $seen++;
}

ok(close $runs, 'all came out as listed');
is($seen, $listed, 'all were run');

done_testing();


sub slurp
{
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return <$in>;
}
