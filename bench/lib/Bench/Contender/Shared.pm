package Bench::Contender::Shared;

# This module as one of several machines: with a Redis of its own, or with that
# of others.

use strict;
use warnings;

use parent 'Bench::Contender::Seckill';

use Bench::Process qw(run);
use Bench::RedisServer;
use JSON::PP qw(decode_json);
use Time::HiRes qw(sleep time);

my $WAIT = 60;                  # seconds for what has to come
my $READY = 1000;               # units of a sale that is there for "decides"

sub name { return 'shared' }


# new(..., sales => { ... }, machine => NAME, url => URL, first => whether the log is empty), or
# none of these

sub new {
    my ($class, %o) = @_;

    return $class->SUPER::new(%o, sales => { %{$o{sales}}, ready => $READY });
}


sub start {
    my ($self) = @_;

    if (!$self->{machine}) {
        $self->{redis} = Bench::RedisServer->start(dir => "$self->{dir}/redis");
        push @{$self->{processes}}, $self->{redis};

        $self->{machine} = 'm1';
        $self->{url} = "redis://127.0.0.1:$self->{redis}{port}";
        $self->{first} = 1;
    }

    # who begins a log has a ledger: with an empty one it would wait for others

    my $url = $self->{url};

    delete $self->{url} if $self->{first};
    $self->SUPER::start;

    if ($self->{first}) {
        $self->sales(%{$self->{sales}});
        $self->{url} = $url;
        $self->sales(%{$self->{sales}});
    }

    $self->decides;

    return $self;
}


sub shared {
    my ($self) = @_;

    return $self->{url} ? " redis=$self->{url} machine=$self->{machine}" : '';
}


# until it is one of those that decide

sub decides {
    my ($self) = @_;
    my $end = time + $WAIT;
    my ($n, $said) = (0);

    do {
        $said = eval { $self->claim('ready', "$self->{machine}-" . $n++) }
            // $@;
        return if $said eq 'won';
        sleep 0.1;
    } while time < $end;

    die "machine $self->{machine}: waited $WAIT seconds for a claim that wins,"
        . " the last is \"$said\": "
        . Bench::Process::slurp("$self->{dir}/logs/error.log") . "\n";
}


# until its ledger has an event

sub follows {
    my ($self, $number, $wait) = @_;
    my $end = time + $wait;

    until ((eval { $self->last_event } // 0) >= $number) {
        die "machine $self->{machine}: waited $wait seconds for event $number: "
            . Bench::Process::slurp("$self->{dir}/logs/error.log") . "\n"
            if time > $end;
        sleep 0.02;
    }
}


# the number of its ledger's last event

sub last_event {
    my ($self) = @_;
    my $all = decode_json($self->request('GET', '/metrics'));

    return $all->{seckill_ledger_seq}[0]{value};
}


sub versions {
    my ($self) = @_;

    return ($self->SUPER::versions,
            redis => run('redis-server', '--version') =~ /v=(\S+)/);
}

1;
