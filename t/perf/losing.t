# What a losing claim executes in the core, from the user's bytes to "sold
# out": instructions, which are the same each time, whatever the machine does.
#
# A change that needs more for a good reason puts its own figure here.

use strict;
use warnings;
use Test::More;

my $INSTRUCTIONS = 477;
my $GROWTH = 1.05;              # another compiler, a change that costs little
my $CLAIMS = 10_000;

my $first = count();
my $again = count();

note("a losing claim executes $first instructions");
is($again, $first, 'the count repeats');
cmp_ok($first, '>', 0, 'there is something to count');
cmp_ok($first, '<=', $INSTRUCTIONS * $GROWTH,
       "a losing claim executes no more than $INSTRUCTIONS, and 5 %");

done_testing();


# all of sk_gate_claim() and what it calls, with losing claims and without

sub count { return (collected($CLAIMS) - collected(0)) / $CLAIMS }


sub collected {
    my ($claims) = @_;
    my $text = `valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=sk_gate_claim build/unit/losing $claims 2>&1`;

    return $text =~ /Collected : (\d+)/ ? $1 : die "valgrind: $text";
}
