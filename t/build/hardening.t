# The module's file is hardened as Debian's own modules are, see
# dpkg-buildflags(1): what the linker has resolved is read-only before the first
# request, copies whose size the compiler knows are checked, and so is the stack.

use strict;
use warnings;
use Test::More;

my ($module) = split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

plan skip_all => 'of the release build only'
    if ($ENV{SECKILL_TEST_KIND} // 'release') ne 'release' || !$module;

my ($dynamic, $segments, $symbols)
    = map { scalar `readelf -W $_ '$module'` } qw(-d -l --dyn-syms);

like($dynamic, qr/\(FLAGS\).*\bBIND_NOW\b/, 'all is resolved when it is loaded');
unlike($dynamic, qr/TEXTREL/, 'no code is written to');
like($segments, qr/^ *GNU_RELRO /m, 'what was resolved is read-only');
like($segments, qr/^ *GNU_STACK .* RW +0x/m, 'the stack is not executed');
like($symbols, qr/ UND __stack_chk_fail\b/, 'the stack is checked');

like($symbols, qr/ UND __\w+_chk@/, 'copies are checked');

done_testing;
