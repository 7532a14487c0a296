package Bench::Contender;

# One of those that are compared.  A contender starts its servers in a
# directory of its own, puts sales on offer, is put under load and says what
# that cost; see the subclasses.

use strict;
use warnings;

use Bench::Process qw(slurp spit);
use File::Basename qw(dirname);
use File::Path qw(make_path);

our $SOURCE = dirname(__FILE__) . '/../../contenders';


# new(dir => DIR, workers => N)

sub new {
    my ($class, %self) = @_;
    my $self = bless { %self, processes => [] }, $class;

    $self->{dir} .= '/' . $self->name;
    make_path("$self->{dir}/logs");
    chmod 0755, $self->{dir};

    return $self;
}


# For the subclasses to say:
#
#   name      as on the command line, and the name of its directory
#   durable, exact   what it promises: "yes", "no", or how far
#   start     starts all servers
#   sales     sales(sale1 => 100, ...): puts so many units on offer
#   left      left(sale1): units that were not sold
#   load      load(%scene): see Bench::Contender::Http; a hash of n, seconds, and
#             p50, p99, p999 in milliseconds
#   claim     claim(sale1, USER): the result of one claim, as a word
#   versions  what it is made of

sub stop {
    my ($self) = @_;

    $_->stop for reverse @{$self->{processes}};
    $self->{processes} = [];
}


sub cpu {
    my ($self) = @_;
    my $sum = 0;

    $sum += Bench::Process::cpu($_->{pid}) for @{$self->{processes}};

    return $sum;
}


# of these, of the Redis that it has

sub redis_cpu {
    my ($self) = @_;

    return $self->{redis} ? Bench::Process::cpu($self->{redis}{pid}) : 0;
}


# load, with what it cost: us of CPU for a request, of all servers together, with
# what they do about it afterwards, of Redis alone, and of the load generator

sub measure {
    my ($self, %scene) = @_;
    my @before = ($self->cpu, load_cpu(), $self->redis_cpu);

    my $run = $self->load(%scene);
    $self->settle;

    die $self->name . ": no request was answered\n" if !$run->{n};

    $run->{rps} = $run->{n} / $run->{seconds};
    $run->{cpu} = ($self->cpu - $before[0]) / $run->{n} * 1e6;
    $run->{load_cpu} = (load_cpu() - $before[1]) / $run->{n} * 1e6;
    $run->{redis_cpu} = ($self->redis_cpu - $before[2]) / $run->{n} * 1e6
        if $self->{redis};

    return $run;
}


# what a turn has left to do is done before the next one

sub settle { }


sub load_cpu { my @t = times; return $t[2] + $t[3] }


# a file of the contender's, with @NAMES@ filled in

sub install {
    my ($self, $file, $to, %value) = @_;
    my $text = slurp("$SOURCE/$file") or die "no $file\n";

    %value = (DIR => $self->{dir}, WORKERS => $self->{workers}, %value);
    $text =~ s/\@([A-Z_]+)\@/$value{$1} \/\/ die "no value for $1\n"/ge;

    spit("$self->{dir}/$to", $text);
}


# the sales of a scene by number: databases have numbers, not names

sub number { my ($sale) = @_; return $sale =~ s/^\D+//r }


sub percentiles {
    my @ms = sort { $a <=> $b } @_;

    return map { $ms[int($_ * $#ms)] } 0.5, 0.99, 0.999;
}

1;
