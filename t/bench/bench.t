# The benchmark runs, counts what was answered, and draws; what it measures is
# not asserted.

use strict;
use warnings;
use Test::More;
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);

my $out = tempdir('seckill-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);

sub slurp { my ($f) = @_; open my $in, '<', $f or die "$f: $!"; local $/; <$in> }

my $text = `bench/run --quick --contenders return-200 --scenes all_win,rush,gate_refused,gate_passed,core --out $out 2>&1`;
is($?, 0, 'the benchmark ends well') or diag($text);

my $result = decode_json(slurp("$out/result.json"));

for my $scene (@{$result->{scenes}}) {
    for my $name (qw(seckill return-200)) {
        my ($run) = @{$scene->{runs}{$name}};

        cmp_ok($run->{n}, '>', 0, "$scene->{name}: $name has answered");
        is(int($run->{rps}), int($run->{n} / $run->{seconds}), 'so many a second');
        cmp_ok($run->{cpu}, '>', 0, 'with some CPU');
        cmp_ok($run->{p50}, '<=', $run->{p99}, 'half of them within less');
        cmp_ok($run->{p99}, '<=', $run->{p999}, 'than nearly all');
    }
}

like($text, qr/^Every claim wins.*\n.*requests\/s.*\nthis module .*\nreturn 200 .* x /m,
     'there is a table');
like($text, qr/^A gate that nobody passes.*\n.*\nthis module .*\nreturn 403 .* x /m,
     'and one of the gate');
like(slurp("$out/claims.svg"), qr/this module/, 'and a chart');

like($text, qr/^losing claim, one thread +\d/m, 'and the core alone');

# several machines: of each what is cheap

$text = `bench/run --quick --contenders return-200 --scenes shared,machines,lag,log_growth --out $out 2>&1`;
is($?, 0, 'the benchmark of several machines ends well') or diag($text);

$result = decode_json(slurp("$out/result.json"));

my $shared = $result->{scenes}[0]{runs};

is_deeply([sort keys %$shared], [qw(seckill shared)],
          'with Redis and without, in one scene');
cmp_ok($shared->{shared}[0]{redis_cpu}, '>', 0, 'Redis takes some CPU');
cmp_ok($shared->{shared}[0]{redis_cpu}, '<', $shared->{shared}[0]{cpu},
       'which is part of all');
like($text, qr/^this module, with Redis .*\nthis module .* x /m,
     'what it is compared with');

my ($all) = @{$result->{machines}{all}};

is(scalar @{$all->{shares}}, 3, 'three machines');
is($all->{n}, eval { my $n = 0; $n += $_ for @{$all->{shares}}; $n },
   'have won together what each has');
cmp_ok($all->{even}, '<=', 1, 'the least is no more than the most');
cmp_ok($all->{calls}, '>=', $all->{appends}, 'each commit is a call');

my $took = $result->{lag}{took};

is(scalar @{$took->{reader}}, $result->{lag}{orders}, 'orders seen by a reader');
is(scalar @{$took->{buyer}}, $result->{lag}{orders}, 'and as many by a buyer');

my $log = $result->{log_growth};

cmp_ok($log->{events}, '>=', 20_000, 'a log of some events');
cmp_ok($log->{bytes}, '>', 20 * $log->{events}, 'each takes some memory');
cmp_ok($log->{follow_s}, '>', 0, 'and a new machine some time');

like($text, qr/^at 3 machines at once .*\nat one of them /m, 'a table of machines');
like($text, qr/^another machine's reader has the event +\d/m, 'one of the lag');
like($text, qr/^events in the log .*\n[\d,]+ /m, 'and one of the log');

# streams

$text = `bench/run --quick --contenders return-200 --scenes streams --out $out 2>&1`;
is($?, 0, 'the benchmark of streams ends well') or diag($text);

my $streams = decode_json(slurp("$out/result.json"))->{streams};

cmp_ok($streams->{bytes}, '>', 1024, 'a stream takes some memory');
cmp_ok($streams->{sends}, '>', 0, 'all are told of what changes');
cmp_ok($streams->{turns}{$_}{with}[0]{n}, '>', 0, "claims that $_")
    for qw(lose win);
like($text, qr/^claims with 200 streams .*\nlose .*\nwin /m, 'a table of claims');

for my $bad (['--scenes', 'none'], ['--rounds', '0'], ['--events', '0'],
             ['--nonsense'], ['more']) {
    my $said = `bench/run @$bad 2>&1`;
    isnt($?, 0, "refused: @$bad");
    like($said, qr/"none"|--(?:rounds|events) must|option: nonsense|argument "more"/,
         'and said why');
}

done_testing;
