# seckill_receipt: what buyers were told, signed, and checked here by Crypt::JWT;
# the keys for it; and what nginx -t says of mistakes.

use Test::Nginx::Socket 'no_plan';

use Crypt::JWT qw(decode_jwt);
use Crypt::PK::Ed25519;
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json encode_json);

our $dir = tempdir('seckill-receipt-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;

our %jwk = %{Crypt::PK::Ed25519->new->generate_key->export_key_jwk('private', 1)};
our $set = encode_json({ keys => [{ kty => 'OKP', crv => 'Ed25519', kid => 'k1',
                                    x => $jwk{x} }] });

sub file {
    my ($name, $text, $mode) = @_;

    $text = encode_json($text) if ref $text;
    open my $out, '>', "$dir/$name" or die $!;
    print $out $text;
    close $out;
    chmod $mode // 0600, "$dir/$name";

    return "$dir/$name";
}

our $key = file('key.json', { %jwk, kid => 'k1', alg => 'EdDSA', use => 'sig' });

# said(TOKEN): its claims, as JSON with sorted names; in place of times, "good"
# says how long it is

sub said {
    my ($token) = @_;

    my $claims = eval {
        decode_jwt(token => $token, kid_keys => $set, accepted_alg => 'EdDSA',
                   verify_exp => 1, verify_iat => 1);
    } or return "wrong: $@";
    my ($iat, $exp) = delete @$claims{qw(iat exp)};

    return "wrong iat $iat" if abs($iat - time) > 60;
    $claims->{good} = $exp - $iat;
    $claims->{good} = 'until it is paid'
        if $claims->{good} >= 60 && $claims->{good} <= 91;
    my $head = delete $claims->{head} || {};
    return "wrong head" if ($head->{number} // 0) < ($claims->{order} // 1)
                           || $head->{chain} !~ /^[0-9a-f]{64}$/;

    return JSON::PP->new->canonical->encode($claims);
}

# signed(TOKEN): the claims of a head, but for the time

sub signed {
    my ($token) = @_;

    my $claims = eval {
        decode_jwt(token => $token, kid_keys => $set, accepted_alg => 'EdDSA',
                   verify_iat => 1);
    } or return "wrong: $@";
    my $iat = delete $claims->{iat};

    return "wrong iat $iat" if abs($iat - time) > 60;
    return JSON::PP->new->canonical->encode($claims);
}

# a test of a body: what is in front of the receipt, and what that says

sub receipt {
    my ($front, $said) = @_;

    return qr/^\Q$front\E"([\w.-]+)"\}\n$(?(?{ main::said($1) eq $said })|(?!))/;
}

workers(2);
master_on();
no_long_string();
no_shuffle();
no_root_location();
log_level('info');

run_tests();

__DATA__

=== TEST 1: who asks for one has it in the answer, also who has lost
--- http_config eval
qq{
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
    seckill_sale zone=drop name=desk stock=1 hold=90s;
    seckill_sale zone=drop name=bed stock=1 hold=30d;
    seckill_receipt key=$main::key iss=https://shop;
}
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
--- request eval
["POST /seckill?sale=phone&user=ann&receipt=1",
 "POST /seckill?sale=phone&user=ann&receipt=1",
 "GET /seckill?sale=phone&user=ann&receipt=1",
 "POST /seckill?sale=phone&user=b%22n%ff&receipt=1",
 "GET /seckill?sale=phone&user=ben&receipt=1",
 "POST /seckill?sale=desk&user=ann&receipt=1",
 "POST /seckill?sale=bed&user=ann&receipt=1"]
--- response_body_like eval
[main::receipt('{"code":0,"result":"won","sale":"phone","user":"ann","order":4,"receipt":',
               '{"good":86400,"iss":"https://shop","order":4,"result":"won","sale":"phone","state":"sold","sub":"ann"}'),
 main::receipt('{"code":1,"result":"already","sale":"phone","user":"ann","order":4,"receipt":',
               '{"good":86400,"iss":"https://shop","order":4,"result":"already","sale":"phone","state":"sold","sub":"ann"}'),
 main::receipt('{"code":0,"result":"won","sale":"phone","user":"ann","order":4,"state":"sold","receipt":',
               '{"good":86400,"iss":"https://shop","order":4,"result":"won","sale":"phone","state":"sold","sub":"ann"}'),
 main::receipt(qq({"code":2,"result":"sold_out","sale":"phone","user":"b\\"n\xef\xbf\xbd","receipt":),
               qq({"good":86400,"iss":"https://shop","result":"sold_out","sale":"phone","sub":"b\\"n\x{fffd}"})),
 main::receipt('{"code":6,"result":"none","sale":"phone","user":"ben","sale_state":"sold_out","receipt":',
               '{"good":86400,"iss":"https://shop","result":"none","sale":"phone","sub":"ben"}'),
 map({ my ($sale, $order, $good) = @$_;
       qr/"state":"held","expires_at":"[^"]+","receipt":"([\w.-]+)"\}\n$(?(?{ main::said($1) eq qq({"good":$good,"iss":"https:\/\/shop","order":$order,"result":"won","sale":"$sale","state":"held","sub":"ann"}) })|(?!))/ }
     ['desk', 5, '"until it is paid"'], ['bed', 6, 86400])]


=== TEST 2: who does not ask for one has none, nor what is not decided
--- http_config eval
qq{
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
    seckill_receipt key=$main::key;
}
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
    location = /off { seckill_receipt off; seckill zone=drop user=$arg_user; }
--- request eval
["POST /seckill?sale=phone&user=ann", "GET /seckill?sale=phone&user=ann&receipt=0",
 "GET /seckill?sale=phone&user=ann&receipt=11", "GET /off?sale=phone&user=ann&receipt=1",
 "GET /seckill?sale=nothing&user=ann&receipt=1", "GET /seckill?sale=phone&receipt=1"]
--- error_code eval
[(200) x 4, 404, 400]
--- response_body_like eval
[(qr/^(?!.*receipt)/) x 6]


=== TEST 3: as a variable, in a header; of the server, for half an hour
--- http_config eval
qq{
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
}
--- config eval
qq{
    location = /gate {
        seckill_receipt key=$main::key valid=30m;
        seckill_gate zone=drop sale=phone user=\$arg_user claim=on;
        try_files /none \@in;
    }
    location \@in {
        seckill_gate off;
        seckill_receipt key=$main::key valid=30m;
        return 200 '{"receipt":"\$seckill_receipt"}\\n';
    }
    location = /none { return 200 "[\$seckill_receipt]"; }
    location = /seckill {
        seckill_receipt key=$main::key valid=30m;
        add_header Receipt \$seckill_receipt always;
        seckill zone=drop user=\$arg_user;
    }
}
--- request eval
["POST /gate?user=ann", "GET /none", "GET /seckill?sale=phone&user=ben",
 "GET /seckill?sale=phone"]
--- error_code eval
[200, 200, 200, 400]
--- response_body_like eval
[main::receipt('{"receipt":', '{"good":1800,"iss":"localhost","order":2,"result":"won","sale":"phone","state":"sold","sub":"ann"}'),
 qr/^\[\]$/, qr/"none"/, qr/"invalid"/]
--- response_headers eval
["", "", "", "!Receipt"]


=== TEST 4: an order of another sale of the group
--- http_config eval
qq{
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1 group=g;
    seckill_sale zone=drop name=desk stock=1 group=g;
    seckill_receipt key=$main::key;
}
--- config
    location = /seckill { seckill zone=drop user=$arg_user; }
--- request eval
["POST /seckill?sale=phone&user=ann", "POST /seckill?sale=phone&user=ann&receipt=1",
 "POST /seckill?sale=desk&user=ann&receipt=1"]
--- response_body_like eval
[qr/"won"/,
 main::receipt('{"code":1,"result":"already","sale":"phone","user":"ann","order":3,"receipt":',
               '{"good":86400,"iss":"localhost","order":3,"result":"already","sale":"phone","state":"sold","sub":"ann"}'),
 main::receipt('{"code":1,"result":"already","sale":"desk","user":"ann","order":3,"order_sale":"phone","receipt":',
               '{"good":86400,"iss":"localhost","order":3,"order_sale":"phone","result":"already","sale":"desk","state":"sold","sub":"ann"}')]


=== TEST 5: the keys are for everyone
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
--- config eval
my $keys = main::file('api.key', "0123456789abcdef shop\n");
qq{
    seckill_receipt key=$main::key;
    location /api/ { seckill_api zone=drop key=$keys; }
    location /none/ { seckill_receipt off; seckill_api zone=drop key=$keys; }
}
--- request eval
["GET /api/receipt-keys", "POST /api/receipt-keys", "GET /api/receipt-keys?x=1",
 "GET /api/receipt-keys/", "GET /api/receipt-keysx", "GET /none/receipt-keys",
 "GET /api/health"]
--- error_code eval
[200, 405, 400, 401, 401, 404, 401]
--- response_body_like eval
[qr/^\{"keys":\[\{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"k1","x":"$main::jwk{x}"\}\]\}\n$/,
 qr/not allowed/, qr/invalid/, (qr/key is required/) x 2,
 qr/^\{"code":100,"result":"invalid","message":"no receipts are signed here"\}\n$/,
 qr/key is required/]


=== TEST 6: the head is for everyone, and signed
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config eval
my $keys = main::file('api.key', "0123456789abcdef shop\n");
qq{
    seckill_receipt key=$main::key iss=https://shop;
    location = /seckill { seckill zone=drop user=\$arg_user; }
    location /api/ { seckill_api zone=drop key=$keys; }
    location /none/ { seckill_receipt off; seckill_api zone=drop key=$keys; }
}
--- request eval
["POST /seckill?sale=phone&user=ann", "GET /api/head", "POST /api/head",
 "GET /api/head?x=1", "GET /api/head/", "GET /api/heads", "GET /none/head"]
--- error_code eval
[200, 200, 405, 400, 401, 401, 404]
--- response_body_like eval
[qr/"order":2\}/,
 qr/^\{"code":0,"data":\{"head":\{"number":2,"chain":"([0-9a-f]{64})"\},"signed":"([\w.-]+)"\}\}\n$(?(?{ main::signed($2) eq qq({"head":{"chain":"$1","number":2},"iss":"https:\/\/shop","zone":"drop"}) })|(?!))/,
 qr/not allowed/, qr/invalid/, (qr/key is required/) x 2,
 qr/^\{"code":100,"result":"invalid","message":"no receipts are signed here"\}\n$/]


=== TEST 7: no key
--- config
    seckill_receipt iss=a; # 7
--- must_die
--- error_log
"seckill_receipt" must have "key" parameter


=== TEST 8: a parameter that is none
--- config eval
qq{
    seckill_receipt key=$main::key alg=none; # 8
}
--- must_die
--- error_log
invalid parameter "alg=none" of "seckill_receipt", allowed: key=file, iss=text, valid=time; or "off" alone


=== TEST 9: off, with something else
--- config eval
qq{
    seckill_receipt off key=$main::key; # 9
}
--- must_die
--- error_log
invalid parameter "off" of "seckill_receipt", allowed: key=file


=== TEST 10: a time that is too short
--- config eval
qq{
    seckill_receipt key=$main::key valid=59s; # 10
}
--- must_die
--- error_log
invalid parameter "valid=59s" of "seckill_receipt", allowed: 1m to 366d, like 1d


=== TEST 11: twice
--- config eval
qq{
    seckill_receipt key=$main::key;
    seckill_receipt off; # 11
}
--- must_die
--- error_log
"seckill_receipt" directive is duplicate


=== TEST 12: a key that everyone may read
--- config eval
my $file = main::file('open.json', \%main::jwk, 0644);
qq{
    seckill_receipt key=$file; # 12
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/open.json" is open to everyone: chmod 600)


=== TEST 13: a public key
--- config eval
my $file = main::file('public.json', { map { $_ => $main::jwk{$_} } qw(kty crv x) });
qq{
    seckill_receipt key=$file; # 13
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/public.json": has no good "d", allowed: 32 bytes in base64url without padding)


=== TEST 14: another one's public key
--- config eval
my $file = main::file('x.json', { %main::jwk, x => '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' });
qq{
    seckill_receipt key=$file; # 14
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/x.json": has an "x" that is not the public key of its "d")


=== TEST 15: another kind of key
--- config eval
my $file = main::file('x25519.json', { %main::jwk, crv => 'X25519' });
qq{
    seckill_receipt key=$file; # 15
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/x25519.json": is not a key of Ed25519: "kty":"OKP", "crv":"Ed25519")


=== TEST 16: a key for something else
--- config eval
my $file = main::file('enc.json', { %main::jwk, use => 'enc' });
qq{
    seckill_receipt key=$file; # 16
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/enc.json": has a wrong member, allowed: "alg":"EdDSA", "use":"sig", a string "kid")


=== TEST 17: no JSON
--- config eval
my $file = main::file('wrong.json', '{"kty":"OKP","kty":"OKP"}');
qq{
    seckill_receipt key=$file; # 17
}
--- must_die
--- error_log eval
qq(the key file "$main::dir/wrong.json": is not a JWK: a JSON object with nothing twice)
