# Receipts, checked by PyJWT with the set that the server shows and no server at
# hand; while the server has another key already.

use strict;
use warnings;
use Test::More;
use JSON::PP qw(decode_json encode_json);
use Crypt::PK::Ed25519;
use Seckill::Server;

my $s = Seckill::Server->new(
    http => "seckill_zone zone=drop:2m;\n"
          . "seckill_sale zone=drop name=phone stock=1;\n"
          . "seckill_receipt key=receipt.json iss=https://shop valid=1h;\n",
);

sub file {
    my ($name, $text) = @_;

    open my $out, '>', "$s->{dir}/$name" or die $!;
    print $out $text;
    close $out;
    chmod 0600, "$s->{dir}/$name";
}

sub new_key {
    file('receipt.json', Crypt::PK::Ed25519->new->generate_key
                         ->export_key_jwk('private'));
}

sub verified {
    my ($set, $token) = @_;

    file('token', $token);
    my $said = `/usr/bin/python3 t/lib/pyjwt_verify.py $s->{dir}/$set < $s->{dir}/token 2>&1`;

    return $? ? $said : decode_json($said);
}

new_key();
$s->start->ready;

my $won = $s->request('POST', '/seckill?sale=phone&user=ann&receipt=1');
my $lost = $s->request('POST', '/seckill?sale=phone&user=ben&receipt=1');
my ($winner, $loser) = map { decode_json($_->{body})->{receipt} } $won, $lost;
my $set = $s->request('GET', '/api/receipt-keys')->{body};
my $head = $s->api('GET', 'health')->{data}{head};

file('set.json', $set);
my $kid = decode_json($set)->{keys}[0]{kid};
like($kid, qr/^[\w-]{43}$/, 'a key without kid has its thumbprint');

# another key, and then no server

new_key();
$s->reload;
my $later = decode_json($s->request('GET', '/seckill?sale=phone&user=ann&receipt=1')
                        ->{body})->{receipt};
isnt(decode_json($s->request('GET', '/api/receipt-keys')->{body})->{keys}[0]{kid}, $kid,
     'another key has another kid');
$s->stop;

my $said = verified('set.json', $winner);
is_deeply([@$said{qw(iss sub sale result order state)}],
          ['https://shop', 'ann', 'phone', 'won', 2, 'sold'], 'the winner\'s');
is_deeply($said->{head}, $head, 'the head is that of the ledger');
is($said->{exp} - $said->{iat}, 3600, 'for an hour');

$said = verified('set.json', $loser);
is_deeply([@$said{qw(sub sale result order state)}],
          ['ben', 'phone', 'sold_out', undef, undef], 'the loser\'s');

like(verified('set.json', $later), qr/KeyError/, 'one with another key is not known');

(my $forged = $loser) =~ s/^[^.]+\.\K[^.]+/($winner =~ m{\.([^.]+)\.})[0]/e;
like(verified('set.json', $forged), qr/InvalidSignatureError/,
     'the winner\'s words with the loser\'s signature');

$s->check_log;
$s->cleanup;
done_testing();
