package Seckill::Browser;

# A real browser for tests, driven by t/browser/driver.mjs, which takes
# JavaScript with playwright's `page`, `open` and the like; see there.

use strict;
use warnings;

use Encode qw(decode_utf8 encode_utf8);
use Fcntl qw(LOCK_EX);
use File::Copy qw(copy);
use File::Path qw(make_path);
use IPC::Open2 qw(open2);
use JSON::PP;
use Test::More;

my $json = JSON::PP->new->utf8->allow_nonref;       # of lines
my $source = JSON::PP->new->allow_nonref;           # within the code
my ($from, $dir) = ('t/browser', 'build/browser');


# why there is none, or nothing; tests that run beside each other install it once

sub missing {
    my ($chromium) = grep { -x } qw(/usr/bin/chromium /usr/bin/chromium-browser)
        or return 'chromium is not installed';

    for my $tool (qw(node npm)) {
        return "$tool is not installed"
            if system("$tool --version > /dev/null 2>&1");
    }

    make_path($dir);
    open my $lock, '>', "$dir/lock" or die "$dir/lock: $!";
    flock $lock, LOCK_EX or die "$dir/lock: $!";

    my $current = -d "$dir/node_modules"
        && !system('cmp', '-s', "$from/package-lock.json",
                   "$dir/package-lock.json");

    # as a whole: another test may be reading it just now
    for my $name (qw(.npmrc package.json package-lock.json driver.mjs)) {
        copy("$from/$name", "$dir/$name.new")
            && rename "$dir/$name.new", "$dir/$name" or die "$dir/$name: $!";
    }

    return if $current;

    my $said = `cd $dir && npm ci --ignore-scripts --no-audit --no-fund 2>&1`;
    return if $? == 0;

    system('rm', '-rf', "$dir/node_modules");
    return "playwright-core and axe-core cannot be had from npm: $said";
}


sub new {
    my ($class) = @_;
    my ($chromium) = grep { -x } qw(/usr/bin/chromium /usr/bin/chromium-browser);

    my $pid = open2(my $out, my $in, 'node', "$dir/driver.mjs", $chromium);
    $in->autoflush(1);

    my $self = bless { pid => $pid, in => $in, out => $out, owner => $$ }, $class;
    my $line = <$out> // '';
    die "no browser: $line" if $line ne "ready\n";

    return $self;
}


# run(CODE, NAME => VALUE ...): its answer; the names are constants in it

sub run {
    my ($self, $code, %names) = @_;

    my @constants = map { "const $_ = " . $source->encode($names{$_}) . ";\n" }
                        sort keys %names;

    $code = join '', "{\n", @constants, $code, "\n}";

    print {$self->{in}} $json->encode($code), "\n";

    my $line = readline $self->{out};
    die "the browser is gone\n" if !defined $line;

    my $answer = $json->decode($line);
    die encode_utf8("$answer->{error}\nin: $code\n") if defined $answer->{error};

    return $answer->{value};
}


# waits until a place says something

sub says {
    my ($self, $selector, $text, $name) = @_;
    my $found = eval { $self->run('return says(selector, text)',
                                  selector => $selector, text => $text) };

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($found, $text, $name) or diag(decode_utf8($@));
}


sub text {
    my ($self, $selector) = @_;

    return $self->run('return text(selector)', selector => $selector);
}


sub close {
    my ($self) = @_;

    close delete $self->{in} if $self->{in};
    waitpid delete $self->{pid}, 0 if $self->{pid};
}


sub DESTROY {
    my ($self) = @_;

    return if $$ != $self->{owner};
    local $?;
    $self->close;
}

1;
