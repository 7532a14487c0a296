package Bench::Contender::Seckill;

use strict;
use warnings;

use parent 'Bench::Contender::Http';

use Bench::Process qw(slurp);
use JSON::PP qw(decode_json);
use Time::HiRes qw(sleep);

sub name { return 'seckill' }
sub durable { return 'yes' }
sub exact { return 'yes' }


sub files { return 'seckill' }
sub shared { return '' }        # more parameters of seckill_zone


sub modules { return "load_module $ENV{TEST_NGINX_LOAD_MODULES};" }


sub values_of {
    my ($self) = @_;
    my $sales = $self->{sales} //= {};
    my $units = 0;

    $units += $_ for values %$sales;

    return (
        SHARED => $self->shared,
        ZONE_SIZE => ($self->{size} // int($units * 50 / 1048576) + 16) . 'm',
        SALES => join("\n", map {
            "seckill_sale zone=drop name=$_ stock=$sales->{$_};"
        } sort keys %$sales),
    );
}


# sales are declared in the configuration

sub sales {
    my ($self, %sales) = @_;

    $self->{sales}{$_} = $sales{$_} for keys %sales;

    if (!$self->{nginx}) {
        return;
    }

    # nginx listens before it takes signals: one that comes then would end it

    for (1 .. 3000) {
        last if eval { $self->request('GET', '/metrics') };
        sleep 0.01;
    }

    # the zone's size stays: it holds what was known at the start

    my @old = $self->workers;

    $self->configure;
    kill HUP => $self->{nginx}{pid};

    my ($name) = keys %sales;

    # until the old ones are gone they may take connections, to close them then

    for (1 .. 3000) {
        my $left = eval { $self->left($name) };
        return if defined $left && $left == $sales{$name}
                  && !grep { -d "/proc/$_" } @old;
        sleep 0.01;
    }

    die "seckill: no sale \"$name\" after a reload: "
        . slurp("$self->{dir}/logs/error.log");
}


# the processes that answer

sub workers {
    my ($self) = @_;
    my $pid = $self->{nginx}{pid};

    return grep { slurp("/proc/$_/cmdline") =~ /worker process/ }
                split ' ', slurp("/proc/$pid/task/$pid/children");
}


# what was sold is in the query tables

sub settle {
    my ($self) = @_;

    for (1 .. 6000) {
        my $all = decode_json($self->request('GET', '/metrics'));
        return if $all->{seckill_query_lag_events}[0]{value} == 0;
        sleep 0.1;
    }

    die "seckill: the query tables do not catch up\n";
}


sub left { my ($self, $sale) = @_; return $self->units($sale, 'free') }


sub units {
    my ($self, $sale, $state) = @_;
    my $all = decode_json($self->request('GET', '/metrics'));

    for my $s (@{$all->{seckill_units}}) {
        return $s->{value} if $s->{sale} eq $sale && $s->{state} eq $state;
    }

    return;
}

1;
