package Bench::Contender::Return200;

# The floor: nginx itself, with an answer as long as ours.

use strict;
use warnings;

use parent 'Bench::Contender::Http';

sub name { return 'return-200' }
sub durable { return '-' }
sub exact { return '-' }
sub sales { }
sub left { return 0 }

1;
