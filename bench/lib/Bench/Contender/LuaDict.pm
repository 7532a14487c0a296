package Bench::Contender::LuaDict;

use strict;
use warnings;

use parent 'Bench::Contender::Http';

use Bench::Process qw(run);

sub name { return 'lua-dict' }
sub durable { return 'no' }
sub exact { return 'until a restart' }


sub modules {
    my $dir = '/usr/lib/nginx/modules';

    return "load_module $dir/ndk_http_module.so;\n"
           . "load_module $dir/ngx_http_lua_module.so;";
}


sub configure {
    my ($self) = @_;

    $self->SUPER::configure;
    $self->install('lua-dict/claim.lua', 'claim.lua');
}


sub sales {
    my ($self, %sales) = @_;

    $self->request('POST', "/stock?sale=$_&n=$sales{$_}") for keys %sales;
}


sub left {
    my ($self, $sale) = @_;

    return 0 + $self->request('GET', "/left?sale=$sale");
}


sub versions {
    my ($self) = @_;

    return ($self->SUPER::versions, 'lua-nginx-module' =>
            run('dpkg-query', '-W', '-f', '${Version}',
                'libnginx-mod-http-lua'));
}

1;
