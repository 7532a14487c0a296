# The operator's page: its parts by themselves, and that what is in the
# repository, which the module is built with, is made of what is there.

use strict;
use warnings;
use Test::More;
use File::Temp qw(tempdir);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);

my $dist = 'console/dist';
my @names = qw(LICENSES.txt console.css console.js icon.svg index.html);

sub slurp {
    my ($path) = @_;

    open my $in, '<:raw', $path or die "$path: $!";
    local $/;
    return <$in>;
}

sub files {
    my ($dir) = @_;

    opendir my $in, $dir or die "$dir: $!";
    return sort grep { !/^\./ } readdir $in;
}


# its parts

my $out = `node --test --test-reporter=tap console/test/ 2>&1`;

is($?, 0, 'its parts do what they are to') or diag($out);
cmp_ok(($out =~ /^# pass (\d+)/m)[0], '>=', 30, 'and were asked');


# what is there

is_deeply([files($dist)], [sort map { ($_, "$_.gz") } @names],
          'the files that there are to be');

my %text = map { $_ => slurp("$dist/$_") } @names;

for my $name (@names) {
    gunzip(\slurp("$dist/$name.gz"), \my $text) or die $GunzipError;
    ok($text eq $text{$name}, "$name.gz is $name, compressed");
    is(unpack('V', substr slurp("$dist/$name.gz"), 4, 4), 0,
       'at no time of day');
}

# what the policy that it is sent with would not let be

my $page = $text{'index.html'};

unlike($page, qr/<style|\sstyle\s*=/i, 'no style in the page');
unlike($page, qr/<script(?![^>]*\ssrc=)[^>]*>/i, 'no script in it');
unlike($page, qr/\son\w+\s*=/i, 'nor in an attribute');
unlike($text{'icon.svg'}, qr/<style|\sstyle\s*=|<script|\son\w+\s*=/i,
       'nor in its picture');
unlike($text{'console.js'}, qr/setAttribute\(["'`]style|\beval\(|new Function/,
       'its script makes none');

# nothing is asked of anybody else; names of XML's vocabularies are no addresses

for my $name (grep { $_ ne 'LICENSES.txt' } @names) {
    my @urls = grep { !m{^https?://www\.w3\.org/(?:\d{4}/|1999|1998)} }
               $text{$name} =~ m{((?:https?:)?//[a-z0-9][\w-]*(?:\.[\w-]+)+[^\s"'`)]*)}gi;
    is_deeply(\@urls, [], "$name names no other host");
}

unlike($text{'console.css'}, qr/\@import|url\((?!["']?data:)/i,
       'the style sheet loads nothing');


# whose work is in it

my $lock = slurp('console/package-lock.json');
unlike($lock, qr/"resolved"/, 'packages are locked by what they are, not where');

for my $name ('preact', 'htm', 'uplot', '@preact/signals',
              '@preact/signals-core')
{
    my ($version) = $lock =~ m{"node_modules/\Q$name\E": \{\s*"version": "([^"]+)"};
    like($text{'LICENSES.txt'}, qr/^\Q$name $version\E, (?:MIT|Apache-2.0)$/m,
         "the licence of $name $version is there");
}

my @texts = $text{'LICENSES.txt'}
    =~ /(Permission is hereby granted|Apache License\s+Version 2\.0)/g;
is(@texts, 5, 'with its text');


# made anew, elsewhere

SKIP: {
    my $made = tempdir(CLEANUP => 1);

    system("cp -r console/package.json console/package-lock.json console/.npmrc"
           . " console/build.mjs console/src $made") == 0 or die;

    skip 'npm is not installed', 1 if system('npm --version > /dev/null 2>&1');

    my $said = `cd $made && npm ci --ignore-scripts --no-audit --no-fund 2>&1`;

    skip "npm's registry cannot be reached", 1
        if $? && $said =~ /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET
                           |ETIMEDOUT|ENETUNREACH|EHOSTUNREACH/x;
    is($?, 0, 'its packages are installed') or diag($said);

    $said = `cd $made && node build.mjs 2>&1`;
    is($?, 0, 'it is made anew') or diag($said);

    is_deeply([files("$made/dist")], [files($dist)], 'as many files');
    for my $name (files($dist)) {
        ok(slurp("$made/dist/$name") eq slurp("$dist/$name"),
           "$name is what its source says: else ./build.sh console");
    }
}

done_testing;
