# The demo's page in a browser: t/browser/buyer.cjs; live.cjs, while things
# change; rush.cjs, the rush that it lets loose.  SECKILL_SCREENSHOTS=1 makes
# docs/page-of-the-demo.png anew.

use strict;
use warnings;
use Test::More;
use Seckill::Browser;
use Seckill::Demo;
use Seckill::Program;

my $missing = Seckill::Browser::missing();
plan(skip_all => $missing) if $missing;

my $s = Seckill::Demo->new;

$s->start->ready;

for my $program (qw(buyer live rush)) {
    Seckill::Program::run("t/browser/$program.cjs", "http://127.0.0.1:$s->{port}", {
        stop => sub { $s->stop('TERM') },
        kill => sub { $s->kill_all },
        start => sub { $s->start->ready if !$s->{pid} },
    });
}

$s->done;

done_testing;
