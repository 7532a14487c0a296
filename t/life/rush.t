# A small rush at several machines: they are killed, Redis fails over, and the
# rules are kept.

use strict;
use warnings;
use Test::More;

my $said = `tools/rush --machines 3 --stock 60 --gone 2 --seconds 0 2>&1`;

# without PostgreSQL there is no fifth rule

is($? >> 8, 2, 'no rule is broken') or diag($said);

for my $happened (qr/m1 is killed, 3 processes.*m1 is back/s,
                  qr/have declared that m2 is gone.*m2 is back/s,
                  qr/redis-2 is the primary of Redis.*m3 is back/s,
                  qr/[1-9]\d* commits put back/,
                  qr/redis-1 is back.*redis-1 is a replica/s,
                  qr/all is killed, 11 processes.*all machines sell/s)
{
    like($said, $happened, "it says: $happened");
}

is(scalar(() = $said =~ /^[12346+]  kept /mg), 9, 'five rules and four more');
like($said, qr/sold 60 60 60, orders in the ledgers 60 60 60$/m,
     'all is sold everywhere');
unlike($said, qr/uninitialized| at .* line/, 'and no warning');

for my $bad (['--machines', '0'], ['--machines', '9'], ['--gone', '1'],
             ['--seconds', '-1'], ['--stock', '0'], ['--nonsense'], ['more'])
{
    my $answer = `tools/rush --check @$bad 2>&1`;
    is($? >> 8, 3, "refused: @$bad");
    like($answer, qr/--\w+ must|option: nonsense|argument "more"/,
         'and said why');
}

done_testing;
