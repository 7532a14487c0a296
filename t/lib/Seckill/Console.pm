package Seckill::Console;

# The operator's console for tests: a server that has it, with keys and without,
# and a browser that looks at it.

use strict;
use warnings;
use parent 'Seckill::Browser';

use File::Temp qw(tempfile);
use Test::More;
use Seckill::Server;

my ($keys, $keys_name) = tempfile('seckill-keys-XXXXXX', TMPDIR => 1,
                                  UNLINK => 1);
print $keys "writer-0123456789 shop\nreader-0123456789 reports ro\n";
close $keys or die $!;


# a server with sales of 400 phones and 1000 tickets, and a zone with none

sub server {
    return Seckill::Server->new(http => <<'END', server => <<"END2");
    seckill_zone zone=drop:8m;
    seckill_zone zone=none:8m;
    seckill_sale zone=drop name=phone stock=400 hold=600;
    seckill_sale zone=drop name=tickets stock=1000 limit=4;
END
        location /console/ {
            seckill_console zone=drop api=/keyed/ metrics=/prometheus;
        }
        location /keyed/ { seckill_api zone=drop key=$keys_name; }
        location /prometheus { seckill_metrics zone=drop; }
        location /open/ { seckill_console zone=drop; }
        location /streamed/ { seckill_console zone=drop stream=/stream; }
        location = /stream { seckill_stream zone=drop; }
        location /none/ { seckill_console zone=none api=/none-api/
                                          metrics=/none-metrics; }
        location /none-api/ { seckill_api zone=none key=off; }
        location /none-metrics { seckill_metrics zone=none; }
END2
}


# a new window at a path of the server, which is looked at from now on

sub open_page {
    my ($self, $server, $path, %options) = @_;

    $self->{server} = $server;
    $self->run('await open(url, options)', options => \%options,
               url => "http://127.0.0.1:$server->{port}$path");
}


# signed in, at the sale

sub sign_in {
    my ($self, $server, $key, %options) = @_;

    $self->open_page($server, '/console/', %options);
    $self->run(<<'END', key => $key);
        await page.fill('#key', key);
        await page.keyboard.press('Enter');
        await page.waitForSelector('.numbers');
END
}


# what the page says of a sale, as soon as it agrees with the API

sub agrees {
    my ($self, $name, $sale) = @_;
    my $now = $self->{server}->api('GET', "sales/$sale")->{data};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    for my $unit (qw(free held sold)) {
        (my $text = reverse $now->{$unit}) =~ s/(\d{3})(?=\d)/$1,/g;
        $self->says("#units-$unit", scalar reverse($text), "$name: $unit");
    }
}


sub no_problems {
    my ($self, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply($self->run('return takeProblems()'), [], "$name: no errors, and"
              . ' nothing that the policy forbids');
}

1;
