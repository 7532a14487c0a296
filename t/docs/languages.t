# The documentation in Chinese says what the English one says, as far as a
# program can see: block by block the same headings, lists, tables, code, links
# and images, the same names, and no number less.

use strict;
use warnings;
use utf8;
use Test::More;
use File::Basename qw(basename dirname);
use Seckill::Markdown;

binmode Test::More->builder->$_, ':encoding(UTF-8)'
    for qw(output failure_output todo_output);

my $index = 'docs/zh/README.md';        # has no English page
my %sister = ('README.md' => 'README.zh.md',
              map { $_ => 'docs/zh/' . basename($_) } glob 'docs/*.md');
my %english = reverse %sister;
my %page = map { $_ => Seckill::Markdown::page($_) }
           grep { -e } %sister, glob 'docs/zh/*.md';

for my $file (sort keys %sister) {
    ok($page{$sister{$file}}, "$file has $sister{$file}") or next;
    none("$sister{$file} says what $file says", differences($file));
}

for my $file (grep { $_ ne $index } glob 'docs/zh/*.md') {
    ok($english{$file}, "$file has an English page");
}

# the index leads to each page

my %named = map { $_ => 1 } map { target($index, $_) } links($index);

ok($named{$_}, "$index leads to $_") for sort values %sister;

for my $file (sort keys %page) {
    none("the links of $file lead somewhere", dangling($file));
    none("$file is set as Chinese is", style($file)) if !$sister{$file};
}

done_testing;


sub none { my ($name, @found) = @_; return is(join("\n", @found), '', $name) }


# what makes two pages unequal, "line, line: what"

sub differences {
    my ($file) = @_;
    my @en = blocks($file);
    my @zh = blocks($sister{$file});
    my @found = map { switch($_) } $file, $sister{$file};

    while (@en || @zh) {
        my $en = shift @en // { kind => 'end of page', line => 'end' };
        my $zh = shift @zh // { kind => 'end of page', line => 'end' };
        my $at = "$en->{line}, $zh->{line}:";

        # all that follows would be unequal
        return @found, "$at $en->{kind}, but $zh->{kind}"
            if $en->{kind} ne $zh->{kind};

        push @found, map { "$at $_" } content($file, $en, $zh);
    }

    return @found;
}


# all but the line that leads from one language to the other

sub blocks {
    my ($file) = @_;
    my @blocks = @{$page{$file}{blocks}};

    splice @blocks, 1, 1 if !switch($file);

    return @blocks;
}


# the line is there, the first after the title

sub switch {
    my ($file) = @_;
    my $second = $page{$file}{blocks}[1];
    my $other = $sister{$file} // $english{$file};

    return if $second->{kind} eq 'paragraph'
              && $second->{text} eq 'English | 简体中文'
              && "@{[map { target($file, $_) } @{$second->{link}}]}" eq $other;
    return "$file does not lead to $other below its title";
}


sub content {
    my ($file, $en, $zh) = @_;
    my @found;

    if ($en->{kind} =~ /^(?:code|html)_block/) {
        push @found, "another $en->{kind}" if literal($en) ne literal($zh)
            || $en->{info} ne $zh->{info};
        return @found;
    }

    return if !defined $en->{text};

    my %of = (
        link => [[map { translated($file, $_) } @{$en->{link}}],
                 [map { target($sister{$file}, $_) } @{$zh->{link}}]],
        image => [[map { target($file, $_) } @{$en->{image}}],
                  [map { target($sister{$file}, $_) } @{$zh->{image}}]],
        name => [names($en), names($zh)], html => [$en->{html}, $zh->{html}],
    );

    for my $what (sort keys %of) {
        my ($have, $want) = map { join ' ', sort @$_ } @{$of{$what}};
        push @found, "$what: [$have], but [$want]" if $have ne $want;
    }

    push @found, 'not translated' if $zh->{text} !~ /\p{Han}/
        && $en->{text} =~ /\b[a-z]{2,} [a-z]{2,}\b/;

    # a word of the one may be a number of the other, but not the other way
    my %number = map { $_ => 1 } numbers($zh);
    push @found, map { "no $_" } grep { !$number{$_} } numbers($en);

    return @found;
}


sub names { my ($block) = @_; my %n = map { $_ => 1 } @{$block->{code}}; [keys %n] }

# millions are counted in ten thousands in Chinese

sub numbers {
    my ($block) = @_;

    return $block->{text} =~ /(\d++(?:[.,]\d++)*+)(?! million)/g;
}



# Code is equal but for its comments.  What is indented or drawn is words, or
# code that is to be read: it has as many lines, and the same names in them.

sub literal {
    my ($block) = @_;
    my $text = $block->{literal};

    return $text if $block->{kind} eq 'html_block';
    return join ' ', $text =~ tr/\n//, $text =~ /(\w*[a-z0-9]_\w+|\w+=)/ag
        if $block->{words};

    my $comment = { js => '//', sql => '--' }->{$block->{info}} // '#';

    # a # that begins a line is root's prompt there
    my $before = $block->{info} eq 'console' ? qr/(?<=\S)[ \t]+/
                                             : qr/(?:^|[ \t]+)/m;

    return $text =~ s/$before\Q$comment\E[ \t].*$//mgr;
}


# where a link leads: a path from the top, with the anchor

sub target {
    my ($file, $link) = @_;

    return $link if $link =~ /^\w+:/;

    my ($path, $anchor) = split /#/, $link, 2;
    my @parts;

    return defined $anchor ? "$file#$anchor" : $file if $path eq '';

    for (split m{/}, dirname($file) . "/$path") {
        if ($_ eq '..') { pop @parts } elsif ($_ ne '.') { push @parts, $_ }
    }

    return join('/', @parts) . (defined $anchor ? "#$anchor" : '');
}


# where the same link of the Chinese page has to lead: to the heading of the
# same place

sub translated {
    my ($file, $link) = @_;
    my ($path, $anchor) = split /#/, target($file, $link), 2;
    my $other = $page{$sister{$path} // ''} or return target($file, $link);

    return $other->{file} if !defined $anchor;

    my @heading = @{$page{$path}{headings}};
    my ($n) = grep { $heading[$_]{anchor} eq $anchor } 0 .. $#heading;

    return "$other->{file}#" . (defined $n && $other->{headings}[$n]
                                ? $other->{headings}[$n]{anchor} : '?');
}


sub links { my ($file) = @_; return map { @{$_->{link} // []} } @{$page{$file}{blocks}} }


# links to files and headings that are not there

sub dangling {
    my ($file) = @_;

    return grep {
        my ($path, $anchor) = split /#/, target($file, $_), 2;
        $path !~ /^\w+:/ && (!-e $path || defined $anchor && $page{$path}
            && !grep { $_->{anchor} eq $anchor } @{$page{$path}{headings}});
    } links($file);
}


# a blank between Chinese and Latin letters, none at a mark of full width, nor
# one that a line's end would make; marks of full width behind Chinese; and
# stars that are none to the parser, as behind such a mark

sub style {
    my ($file) = @_;

    # without the marks that are of Han's script by extension only
    my $han = qr/\p{Script=Han}/;
    my $mark = qr/[，。；：？！（）、“”]/;

    return map {
        my $block = $_;
        map { "$block->{line}: $_" } ($block->{text} // '') =~
            /(.{0,8}(?: $han[A-Za-z0-9] | [A-Za-z0-9%]$han | \n
                     | $han[,;:?!()"] | ["(]$han | $han\.(?!\w)
                     | $mark\x20 | \x20$mark | \*\* ).{0,8})/xg;
    } @{$page{$file}{blocks}};
}
