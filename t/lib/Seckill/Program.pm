package Seckill::Program;

# Tests that are programs for Node.js, in t/browser: their checks become those of
# the Perl test that runs them, and what they need of the server it does.

use strict;
use warnings;

use Cwd qw(abs_path);
use IPC::Open2 qw(open2);
use Test::More;


# run(program, arguments, { do => sub { ... } }): the program's checks; what it
# asks for is done by the sub of that name, which gets the rest of the line

sub run {
    my ($program, @args) = @_;
    my $do = pop @args;

    local $ENV{NODE_PATH} = abs_path('build/browser/node_modules');

    my $pid = open2(my $out, my $in, 'node', $program, @args);
    my $done = 0;

    # one that hangs: its parts have times of their own

    local $SIG{ALRM} = sub { kill KILL => $pid };
    alarm 900 * ($ENV{SECKILL_TEST_PATIENCE} || 1);

    while (defined(my $line = <$out>)) {
        if ($line =~ /^(not )?ok (.*)/) {
            ok(!$1, $2);

        } elsif ($line =~ /^please (\w+) ?(.*)/) {
            my $answer = $do->{$1}->($2) // '';
            syswrite $in, "$answer\n";

        } elsif ($line =~ /^done$/) {
            $done = 1;

        } else {
            $line =~ s/^# //;
            diag($line =~ s/\n\z//r);
        }
    }

    alarm 0;
    waitpid $pid, 0;
    ok($done && $? == 0, "$program comes to its end");
}

1;
