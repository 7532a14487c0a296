package Seckill::Demo;

# conf/demo.conf as "./build.sh run" serves it, on a port of its own.

use strict;
use warnings;

use Seckill::Server;

our @ISA = 'Seckill::Server';


sub config {
    my ($self) = @_;
    my $text = Seckill::Server::slurp('conf/demo.conf');
    my $modules = join '', map { "load_module $_;\n" }
                           split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

    $text =~ s/^load_module .*;\n/$modules/m;
    $text =~ s/127\.0\.0\.1:8080/127.0.0.1:$self->{port}/g;

    open my $out, '>', "$self->{dir}/nginx.conf" or die $!;
    print $out $text;
    close $out or die $!;

    mkdir "$self->{dir}/page";
    system("cp conf/demo/* $self->{dir}/page/") == 0 or die 'no page';

    return $self;
}

1;
