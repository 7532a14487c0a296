package Rush::Rules;

# The seven rules, as they are printed, and what is counted for them.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT = qw(rule verdict n same agree);

my ($kept, $broken, $open) = (0, 0, 0);


# undef: not measured; "-": not to be kept here; "+" for a number: not one of
# the seven

sub rule {
    my ($n, $is, $what, $figures) = @_;
    my $word = !defined $is ? 'open' : $is eq '-' ? '-' : $is ? 'kept'
               : 'BROKEN';

    $open++ if $word eq 'open';
    $broken++ if $word eq 'BROKEN';
    $kept++ if $word eq 'kept' && $n ne '+';
    printf "%s  %-6s %s\n          %s\n", $n, $word, $what, $figures;
}


sub n {
    my ($n) = @_;

    1 while $n =~ s/^(\d+)(\d{3})/$1,$2/;

    return $n;
}


sub same { my ($a, $b) = @_; keys %$a == keys %$b && agree($a, $b) == keys %$a }

sub agree {
    my ($a, $b) = @_;

    return scalar grep { defined $b->{$_} && $b->{$_} == $a->{$_} } keys %$a;
}


# the last line; exits with what it says

sub verdict {
    my ($before) = @_;

    printf "\n%s; %s\n", $before,
        $broken ? "$broken of the rules BROKEN"
        : $kept == 7 ? 'all seven rules kept'
        : "$kept of the seven rules kept" . ($open ? ', one not measured' : '');

    exit($broken ? 1 : $open ? 2 : 0);
}

1;
