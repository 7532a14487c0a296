package Seckill::Markdown;

# A page of the documentation as GitHub's own parser sees it: the list of its
# blocks in their order, each with what a page in another language has to have
# as well, and its headings with the anchors that GitHub gives them.

use strict;
use warnings;
use utf8;

use XML::LibXML;


# kind: what it is, with its level, sort or first number; a list that ends is a
# block, too, so that nothing moves out of it

sub page {
    my ($file) = @_;

    open my $in, '-|', qw(cmark-gfm --sourcepos -e table -e autolink -t xml),
        $file or die "cmark-gfm: $!";
    my $xml = do { local $/; <$in> };
    close $in or die "cmark-gfm $file failed";

    open my $text, '<:encoding(UTF-8)', $file or die "$file: $!";
    my $page = { file => $file, blocks => [], headings => [],
                 lines => [<$text>] };

    # what the document type names is not there, and not wanted
    blocks($page, XML::LibXML->load_xml(string => $xml, load_ext_dtd => 0)
                  ->documentElement);
    anchors($page);

    return $page;
}


sub blocks {
    my ($page, $parent) = @_;

    for my $node ($parent->nonBlankChildNodes) {
        my $name = $node->nodeName;
        my $block = { kind => kind($node),
                      line => ($node->getAttribute('sourcepos') // '')
                              =~ /^(\d+)/ ? $1 : 0 };
        push @{$page->{blocks}}, $block;

        if ($name =~ /^(?:heading|paragraph|table_cell)$/) {
            inline($block, $node);
            push @{$page->{headings}}, $block if $name eq 'heading';

        } elsif ($name =~ /^(?:code|html)_block$/) {
            $block->{literal} = $node->textContent;
            $block->{info} = $node->getAttribute('info') // '';
            $block->{words} = $name eq 'code_block'
                && ($page->{lines}[$block->{line} - 1] !~ /^\s*(?:```|~~~)/
                    || $block->{literal} =~ /\+---/);

        } else {
            blocks($page, $node);
            push @{$page->{blocks}}, { kind => "end of $name",
                                       line => $block->{line} };
        }
    }
}


sub kind {
    my ($node) = @_;

    return join ' ', $node->nodeName,
        grep { defined } map { $node->getAttribute($_) } qw(level type start);
}


# text: what is read, a name in code being a letter of its own kind

sub inline {
    my ($block, $node) = @_;
    my %has = (link => [], image => [], code => [], html => []);

    for my $part ($node->findnodes('.//*')) {
        my $name = $part->nodeName;

        if ($name =~ /^(?:link|image)$/) {
            push @{$has{$name}}, $part->getAttribute('destination');

        } elsif ($name =~ /^(?:code|text|html_inline|softbreak|linebreak)$/) {
            my $text = $name =~ /break/ ? "\n" : $part->textContent;

            push @{$has{code}}, $text if $name eq 'code';
            push @{$has{html}}, $text if $name eq 'html_inline';
            $block->{text} .= $name eq 'code' ? 'x' : $text
                if $name ne 'html_inline';
            $block->{title} .= $text;
        }
    }

    $block->{$_} //= '' for qw(text title);
    @$block{keys %has} = values %has;
}


# GitHub's: no punctuation, small letters, hyphens for blanks, and a number
# from the second of a name on

sub anchors {
    my ($page) = @_;
    my %seen;

    for my $heading (@{$page->{headings}}) {
        my $anchor = lc $heading->{title} =~ s/[^\w\- ]//gr =~ tr/ /-/r;
        my $n = $seen{$anchor}++;

        $heading->{anchor} = $n ? "$anchor-$n" : $anchor;
    }
}

1;
