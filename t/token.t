# seckill_token: who a request is, by its token; what is answered without one;
# and what nginx -t says of mistakes.  Keys and tokens are made by Crypt::JWT,
# which has its cryptography from libtomcrypt.

use Test::Nginx::Socket 'no_plan';

use Crypt::JWT qw(encode_jwt);
use Crypt::PK::ECC;
use Crypt::PK::Ed25519;
use Crypt::PK::RSA;
use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64url);

our $dir = tempdir('seckill-token-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;

my %key = (
    HS256 => 'a secret of at least thirty-two bytes',
    EdDSA => Crypt::PK::Ed25519->new,
    RS256 => Crypt::PK::RSA->new,
    ES256 => Crypt::PK::ECC->new,
);

$key{EdDSA}->generate_key;
$key{RS256}->generate_key(256);
$key{ES256}->generate_key('secp256r1');

our %jwk = (
    HS256 => '{"kty":"oct","k":"' . encode_base64url($key{HS256}) . '"}',
    map { $_ => $key{$_}->export_key_jwk('public') } qw(EdDSA RS256 ES256),
);

# token(ALG, claims): of "ann", and good for an hour, unless something else is said

sub token {
    my ($alg, %claims) = @_;

    return encode_jwt(alg => $alg, key => $key{$alg},
                      payload => { sub => 'ann', exp => time + 3600, %claims });
}

sub bearer { return 'Authorization: Bearer ' . token(@_) }

# file(NAME, text): a file of that name, for everyone to read

sub file {
    my ($name, $text, $mode) = @_;

    open my $out, '>', "$dir/$name" or die $!;
    print $out $text;
    close $out;
    chmod $mode // 0644, "$dir/$name";

    return "$dir/$name";
}

sub set { return '{"keys":[' . join(',', @_) . ']}' }

our $public = file('public.json', set(@jwk{qw(EdDSA RS256 ES256)}));
our $all = file('all.json', set(@jwk{qw(HS256 EdDSA RS256 ES256)}), 0600);
our $shared = file('shared.json', set($jwk{HS256}), 0600);

workers(2);
master_on();
no_long_string();
no_shuffle();
no_root_location();
log_level('info');

run_tests();

__DATA__

=== TEST 1: who it is, by each algorithm
--- config eval
qq{
    seckill_token \$http_authorization keys=$main::all;
    location = /who { return 200 "[\$seckill_token_user][\$seckill_token_error]"; }
}
--- request eval
[("GET /who") x 5]
--- more_headers eval
[map({ main::bearer($_) } qw(HS256 EdDSA RS256 ES256)),
 main::bearer('HS256', sub => 42)]
--- response_body eval
[("[ann][]") x 4, "[42][]"]


=== TEST 2: where a token stands
--- config eval
qq{
    seckill_token \$http_authorization keys=$main::public;
    location = /who { return 200 "[\$seckill_token_user][\$seckill_token_error]"; }
    location = /cookie {
        seckill_token \$cookie_session keys=$main::public;
        return 200 "[\$seckill_token_user][\$seckill_token_error]";
    }
    location = /argument {
        seckill_token \$arg_token keys=$main::public;
        return 200 "[\$seckill_token_user][\$seckill_token_error]";
    }
}
--- request eval
["GET /who", "GET /who", "GET /who", "GET /who", "GET /cookie", "GET /cookie",
 "GET /argument?token=" . main::token('EdDSA'), "GET /who", "GET /who",
 "GET /who", "GET /who"]
--- more_headers eval
["Authorization: bearer " . main::token('EdDSA'),
 "Authorization: BEARER   " . main::token('EdDSA'),
 "Authorization: " . main::token('EdDSA'),
 "Authorization: Basic YW5uOnNlY3JldA==",
 "Cookie: a=b; session=" . main::token('ES256') . "; c=d",
 main::bearer('EdDSA'),
 "",
 "",
 "Authorization:",
 "Authorization: Bearer",
 "Authorization: Bearer Bearer " . main::token('EdDSA')]
--- response_body eval
[("[ann][]") x 3, "[][malformed]", "[ann][]", "[][missing]", "[ann][]",
 ("[][missing]") x 2, ("[][malformed]") x 2]


=== TEST 3: inherited, replaced, off
--- http_config eval
qq{
    seckill_token \$http_authorization keys=$main::public aud=everywhere;
}
--- config eval
qq{
    location = /who { return 200 "[\$seckill_token_user][\$seckill_token_error]"; }
    location = /other {
        seckill_token \$http_authorization keys=$main::public aud=shop;
        return 200 "[\$seckill_token_user][\$seckill_token_error]";
    }
    location /off {
        seckill_token off;
        location = /off/in {
            if (\$arg_a) { return 200 "[\$seckill_token_user][\$seckill_token_error]"; }
        }
        return 200 "[\$seckill_token_user][\$seckill_token_error]";
    }
    location = /in_if {
        if (\$seckill_token_user = ann) { return 200 ann; }
        return 200 "[\$seckill_token_user][\$seckill_token_error]";
    }
}
--- request eval
["GET /who", "GET /other", "GET /other", "GET /off", "GET /off/in?a=1",
 "GET /in_if", "GET /in_if"]
--- more_headers eval
[main::bearer('EdDSA', aud => 'everywhere'),
 main::bearer('EdDSA', aud => 'everywhere'),
 main::bearer('EdDSA', aud => 'shop'),
 (main::bearer('EdDSA', aud => 'everywhere')) x 3, ""]
--- response_body eval
["[ann][]", "[][bad_audience]", "[ann][]", ("[][]") x 2, "ann",
 "[][missing]"]


=== TEST 4: claims are of the token's user
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
--- config eval
qq{
    location = /seckill {
        seckill_token \$http_authorization keys=$main::public;
        seckill zone=drop user=\$seckill_token_user;
    }
}
--- request eval
["POST /seckill?sale=phone", "POST /seckill?sale=phone&user=ben",
 "GET /seckill?sale=phone", "POST /seckill?sale=phone"]
--- more_headers eval
[(main::bearer('EdDSA')) x 3, main::bearer('ES256', sub => 'b%61')]
--- response_body eval
[qq({"code":0,"result":"won","sale":"phone","user":"ann","order":2}\n),
 qq({"code":1,"result":"already","sale":"phone","user":"ann","order":2}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"ann","order":2,"state":"sold"}\n),
 qq({"code":0,"result":"won","sale":"phone","user":"b%61","order":3}\n)]


=== TEST 5: without a good one they are refused, and it is said why
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
--- config eval
qq{
    seckill_token \$http_authorization keys=$main::public;
    location = /seckill { seckill zone=drop user=\$seckill_token_user; }
    location = /off {
        seckill_token off;
        seckill zone=drop user=\$seckill_token_user;
    }
    location = /unused { seckill zone=drop user=\$arg_user; }
}
--- request eval
["POST /seckill?sale=phone", "POST /seckill?sale=phone",
 "GET /seckill?sale=phone", "POST /seckill?sale=phone",
 "POST /off?sale=phone", "POST /unused?sale=phone", "POST /unused?sale=phone",
 "POST /unused?sale=phone&user=ann"]
--- more_headers eval
["", main::bearer('EdDSA', exp => time - 100), main::bearer('EdDSA', exp => 1),
 main::bearer('HS256'), main::bearer('EdDSA'), main::bearer('EdDSA'), "", ""]
--- error_code eval
[(401) x 4, 400, 400, 401, 200]
--- response_body_like eval
[qr/^\{"code":101,"result":"unauthorized","message":"no token was sent"\}\n$/,
 (qr/^\{"code":101,"result":"unauthorized","message":"the token has expired"\}\n$/) x 2,
 qr/"message":"the algorithm of the token is not that of its key"/,
 (qr/^\{"code":100,"result":"invalid","message":"no user is given/) x 2,
 qr/"message":"no token was sent"/,
 qr/"won"/]
--- response_headers eval
["WWW-Authenticate: Bearer",
 (qq(WWW-Authenticate: Bearer error="invalid_token", error_description="the token has expired")) x 2,
 qq(WWW-Authenticate: Bearer error="invalid_token", error_description="the algorithm of the token is not that of its key"),
 ("!WWW-Authenticate") x 2, "WWW-Authenticate: Bearer", "!WWW-Authenticate"]


=== TEST 6: the same of a gate, and of the status alone
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=2;
    log_format result '$uri $seckill_result $status';
--- config eval
qq{
    access_log logs/result.log result;
    seckill_token \$http_authorization keys=$main::public;
    location = /gate {
        seckill_gate zone=drop sale=phone user=\$seckill_token_user claim=on;
        try_files /none \@in;
    }
    location \@in { seckill_gate off; return 200 "in: \$seckill_token_user \$seckill_order"; }
    location = /status { seckill zone=drop user=\$seckill_token_user status=auth; }
    location = /page {
        seckill zone=drop user=\$seckill_token_user intercept=on;
        error_page 401 = \@login;
    }
    location \@login { return 200 "log in: \$seckill_token_error \$seckill_result"; }
    location = /any {
        satisfy any;
        allow all;
        seckill_gate zone=drop sale=phone user=\$seckill_token_user;
        try_files /none \@in;
    }
}
--- request eval
["POST /gate", "POST /gate", "POST /gate", "GET /status?sale=phone",
 "GET /status?sale=phone", "GET /status?sale=phone", "GET /page?sale=phone",
 "GET /any"]
--- more_headers eval
["", main::bearer('EdDSA', exp => 1), main::bearer('EdDSA'), "",
 main::bearer('EdDSA', exp => 1), main::bearer('EdDSA'),
 main::bearer('EdDSA', exp => 1), main::bearer('EdDSA', exp => 1)]
--- error_code eval
[401, 401, 200, 401, 401, 204, 200, 200]
--- response_headers eval
["WWW-Authenticate: Bearer",
 (qq(WWW-Authenticate: Bearer error="invalid_token", error_description="the token has expired")),
 "!WWW-Authenticate", "WWW-Authenticate: Bearer",
 (qq(WWW-Authenticate: Bearer error="invalid_token", error_description="the token has expired")),
 "!WWW-Authenticate",
 (qq(WWW-Authenticate: Bearer error="invalid_token", error_description="the token has expired")),
 "!WWW-Authenticate"]
--- response_body_like eval
[qr/401/, qr/401/, qr/^in: ann 2$/, qr/^$/, qr/^$/, qr/^$/,
 qr/^log in: expired unauthorized$/, qr/^in:  $/]


=== TEST 7: a limit for each user, and none where there is no good token
--- http_config eval
qq{
    seckill_token \$http_authorization keys=$main::public;
    limit_req_zone \$seckill_token_user zone=users:1m rate=1r/m;
}
--- config
    location = /limited { limit_req zone=users; try_files /none @who; }
    location @who { return 200 "[$seckill_token_user]"; }
--- request eval
[("GET /limited") x 6]
--- more_headers eval
[(main::bearer('EdDSA')) x 2, main::bearer('EdDSA', sub => 'ben'), ("") x 2,
 main::bearer('EdDSA', exp => 1)]
--- error_code eval
[200, 503, 200, 200, 200, 200]
--- response_body_like eval
[qr/^\[ann\]$/, qr/503/, qr/^\[ben\]$/, (qr/^\[\]$/) x 3]


=== TEST 8: redirects inside of nginx, subrequests
--- config eval
qq{
    recursive_error_pages on;
    location /a {
        error_page 418 = /b;
        seckill_token \$http_authorization keys=$main::public;
        if (\$seckill_token_user = ann) { return 418; }
        return 200 "[\$seckill_token_user]";
    }
    location = /b {
        error_page 418 = /c;
        seckill_token \$http_authorization keys=$main::public aud=shop;
        if (\$seckill_token_error) { return 200 "[\$seckill_token_user][\$seckill_token_error]"; }
        return 418;
    }
    location = /c { return 200 "[\$seckill_token_user][\$seckill_token_error]"; }
    location = /d {
        auth_request /auth;
        seckill_token \$http_authorization keys=$main::public;
        error_page 403 = /e;
        deny all;
    }
    location = /e {
        seckill_token \$http_authorization keys=$main::public claim=uid;
        return 200 "[\$seckill_token_user]";
    }
    location = /auth {
        internal;
        seckill_token \$http_authorization keys=$main::public claim=uid;
        if (\$seckill_token_user = "") { return 401; }
        return 204;
    }
    location = /f {
        auth_request /auth;
        try_files /none \@f;
    }
    location \@f {
        seckill_token \$http_authorization keys=$main::public;
        return 200 "[\$seckill_token_user]";
    }
}
--- request eval
["GET /a", "GET /a", "GET /a", "GET /d", "GET /f", "GET /f"]
--- more_headers eval
[main::bearer('EdDSA'), main::bearer('EdDSA', aud => 'shop'), "",
 (main::bearer('EdDSA', uid => 7)) x 2, main::bearer('EdDSA')]
--- error_code eval
[(200) x 5, 401]
--- response_body_like eval
[qr/^\[\]\[bad_audience\]$/, qr/^\[\]\[\]$/, qr/^\[\]$/, qr/^\[7\]$/,
 qr/^\[ann\]$/, qr/401/]


=== TEST 9: claims of a token
--- config eval
qq{
    location = /who {
        seckill_token \$http_authorization keys=$main::public claim=https://shop/uid
                      iss=https://login aud=shop leeway=0s;
        return 200 "[\$seckill_token_user][\$seckill_token_error]";
    }
    location = /leeway {
        seckill_token \$http_authorization keys=$main::public leeway=10m;
        return 200 "[\$seckill_token_user][\$seckill_token_error]";
    }
    location = /default {
        seckill_token \$http_authorization keys=$main::public;
        return 200 "[\$seckill_token_user][\$seckill_token_error]";
    }
}
--- request eval
[("GET /who") x 6, "GET /leeway", "GET /default", "GET /default"]
--- more_headers eval
[main::bearer('EdDSA', iss => 'https://login', aud => ['a', 'shop'], 'https://shop/uid' => 'u1'),
 main::bearer('EdDSA', iss => 'https://login/', aud => 'shop'),
 main::bearer('EdDSA', iss => 'https://login', aud => ['a']),
 main::bearer('EdDSA', iss => 'https://login', aud => 'shop'),
 main::bearer('EdDSA', iss => 'https://login', aud => 'shop', exp => time - 1),
 main::bearer('EdDSA', iss => 'https://login', aud => 'shop', nbf => time + 3000),
 main::bearer('EdDSA', exp => time - 300),
 main::bearer('EdDSA', nbf => time + 29),
 main::bearer('EdDSA', exp => time - 31)]
--- response_body eval
["[u1][]", "[][bad_issuer]", "[][bad_audience]", "[][bad_user]", "[][expired]",
 "[][not_yet]", ("[ann][]") x 2, "[][expired]"]


=== TEST 10: what is large
--- http_config
    large_client_header_buffers 4 128k;
    client_header_buffer_size 128k;
--- config eval
qq{
    seckill_token \$http_authorization keys=$main::all;
    location = /who { return 200 "[\$seckill_token_user][\$seckill_token_error]"; }
}
--- request eval
[("GET /who") x 5]
--- more_headers eval
[main::bearer('HS256', x => 'y' x 5800), main::bearer('HS256', x => 'y' x 6200),
 "Authorization: Bearer " . ("a" x 65536), "Authorization: Bearer " . ("." x 8192),
 "Authorization: Bearer " . MIME::Base64::encode_base64url("[" x 6000) . ".e30.e30"]
--- response_body eval
["[ann][]", ("[][too_large]") x 2, ("[][malformed]") x 2]


=== TEST 11: keys that are of no use are skipped
--- config eval
my $file = main::file('skipped.json', main::set('{"kty":"AKP"}', $main::jwk{EdDSA}));
qq{
    seckill_token \$http_authorization keys=$file;
    location = /who { return 200 "[\$seckill_token_user][\$seckill_token_error]"; }
}
--- request
GET /who
--- more_headers eval
main::bearer('EdDSA')
--- response_body: [ann][]


=== TEST 12: no keys
--- config
    seckill_token $http_authorization; # 12
--- must_die
--- error_log
"seckill_token" must have "keys" parameter


=== TEST 13: no value
--- config eval
qq{
    seckill_token keys=$main::public; # 13
}
--- must_die
--- error_log eval
qq(invalid value "keys=$main::public" of "seckill_token", allowed first: one with variables, like \$http_authorization; or "off" alone)


=== TEST 14: a value that is the same for all
--- config eval
qq{
    seckill_token cookie_session keys=$main::public; # 14
}
--- must_die
--- error_log
invalid value "cookie_session" of "seckill_token", allowed first: one with variables


=== TEST 15: off, with something else
--- config eval
qq{
    seckill_token off keys=$main::public; # 15
}
--- must_die
--- error_log
invalid value "off" of "seckill_token", allowed first: one with variables


=== TEST 16: an unknown variable
--- config eval
qq{
    seckill_token \$nothing keys=$main::public; # 16
}
--- must_die
--- error_log
unknown "nothing" variable


=== TEST 17: twice
--- config eval
qq{
    seckill_token \$cookie_a keys=$main::public;
    seckill_token \$cookie_b keys=$main::public; # 17
}
--- must_die
--- error_log
"seckill_token" directive is duplicate


=== TEST 18: twice, once off
--- config eval
qq{
    seckill_token off;
    seckill_token \$cookie_b keys=$main::public; # 18
}
--- must_die
--- error_log
"seckill_token" directive is duplicate


=== TEST 19: a parameter twice
--- config eval
qq{
    seckill_token \$cookie_a keys=$main::public aud=a aud=b; # 19
}
--- must_die
--- error_log
duplicate parameter "aud=b" of "seckill_token"


=== TEST 20: a parameter that is none
--- config eval
qq{
    seckill_token \$cookie_a keys=$main::public alg=none; # 20
}
--- must_die
--- error_log
invalid parameter "alg=none" of "seckill_token", allowed: keys=file, claim=name, iss=text, aud=text, leeway=time


=== TEST 21: an empty claim
--- config eval
qq{
    seckill_token \$cookie_a keys=$main::public claim=; # 21
}
--- must_die
--- error_log
invalid parameter "claim=" of "seckill_token", allowed: keys=file


=== TEST 22: a leeway that is too long
--- config eval
qq{
    seckill_token \$cookie_a keys=$main::public leeway=601; # 22
}
--- must_die
--- error_log
invalid parameter "leeway=601" of "seckill_token", allowed: 0s to 10m, like 30s


=== TEST 23: a leeway that is none
--- config eval
qq{
    seckill_token \$cookie_a keys=$main::public leeway=-1s; # 23
}
--- must_die
--- error_log
invalid parameter "leeway=-1s" of "seckill_token", allowed: 0s to 10m, like 30s


=== TEST 24: in a block that has none
--- config eval
qq{
    location / { if (\$arg_a) { seckill_token \$cookie_a keys=$main::public; } } # 24
}
--- must_die
--- error_log
"seckill_token" directive is not allowed here


=== TEST 25: a file that is not there, beside the configuration
--- config
    seckill_token $cookie_a keys=nowhere.json; # 25
--- must_die
--- error_log eval
qr{open\(\) ".*/conf/nowhere.json" failed \(2: No such file or directory\)}


=== TEST 26: a secret that everyone may read
--- config eval
my $file = main::file('open.json', main::set($main::jwk{HS256}));
qq{
    seckill_token \$cookie_a keys=$file; # 26
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/open.json" has a key that is not public, and is open to everyone: chmod 600)


=== TEST 27: a private key that everyone may read
--- config eval
(my $key = $main::jwk{EdDSA}) =~ s/\}$/,"d":"AAAA"}/;
my $file = main::file('private.json', main::set($key));
qq{
    seckill_token \$cookie_a keys=$file; # 27
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/private.json" has a key that is not public, and is open to everyone: chmod 600)


=== TEST 28: public keys that everyone may write
--- config eval
my $file = main::file('write.json', main::set($main::jwk{EdDSA}), 0646);
qq{
    seckill_token \$cookie_a keys=$file; # 28
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/write.json" is open to everyone)


=== TEST 29: no JSON
--- config eval
my $file = main::file('wrong.json', "{\n'keys':[]}");
qq{
    seckill_token \$cookie_a keys=$file; # 29
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/wrong.json": is not valid JSON in line 2)


=== TEST 30: no set
--- config eval
my $file = main::file('one.json', $main::jwk{EdDSA});
qq{
    seckill_token \$cookie_a keys=$file; # 30
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/one.json": is not a JWK set: an object with an array "keys")


=== TEST 31: no key of use
--- config eval
my $file = main::file('none.json', main::set('{"kty":"OKP","crv":"X25519"}'));
qq{
    seckill_token \$cookie_a keys=$file; # 31
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/none.json": has no key that can be used: key 1 has the unknown crv "X25519")


=== TEST 32: a short secret
--- config eval
my $file = main::file('short.json', main::set('{"kty":"oct","k":"c2VjcmV0"}'), 0600);
qq{
    seckill_token \$cookie_a keys=$file; # 32
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/short.json": key 1 has a wrong "k", allowed: 32 to 512 bytes in base64url without padding)


=== TEST 33: a kid twice
--- config eval
my @keys = map { (my $key = $_) =~ s/\}$/,"kid":"a"}/; $key } @main::jwk{qw(EdDSA ES256)};
my $file = main::file('kid.json', main::set(@keys));
qq{
    seckill_token \$cookie_a keys=$file; # 33
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/kid.json": key 2 has the kid "a" of another one)


=== TEST 34: a file that is too large
--- config eval
my $file = main::file('large.json', ' ' x 65537);
qq{
    seckill_token \$cookie_a keys=$file; # 34
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/large.json" is over 64k)


=== TEST 35: a token that comes with a later phase
--- config eval
qq{
    location = /who {
        seckill_token \$token keys=$main::public; # 35
        set \$token '';
        set \$before "[\$seckill_token_user][\$seckill_token_error]";
        set \$token \$http_authorization;
        return 200 "\$before[\$seckill_token_user][\$seckill_token_error]";
    }
}
--- request
GET /who
--- more_headers eval
main::bearer('EdDSA')
--- response_body: [][missing][ann][]


=== TEST 36: why a token is refused is in the log
--- config eval
qq{
    seckill_token \$http_authorization keys=$main::public;
    location = /who { return 200 "[\$seckill_token_user][\$seckill_token_error]"; } # 36
}
--- request
GET /who
--- more_headers eval
main::bearer('HS256')
--- response_body: [][bad_alg]
--- error_log
seckill refused a token, "bad_alg": the algorithm of the token is not that of its key
