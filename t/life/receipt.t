# Receipts, checked by PyJWT with the set that the server shows and no server at
# hand; while the server has another key already.

use strict;
use warnings;
use Test::More;
use JSON::PP qw(decode_json encode_json);
use Crypt::PK::Ed25519;
use IO::Socket::INET;
use MIME::Base64 qw(decode_base64url);
use Time::HiRes qw(sleep);
use Seckill::Server;

# an application, which is this test: it answers when it wants to

my $app = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1') or die $!;
my $to_app = 'http://127.0.0.1:' . $app->sockport;

my $s = Seckill::Server->new(
    http => "seckill_zone zone=drop:2m;\n"
          . "seckill_sale zone=drop name=phone stock=1;\n"
          . "seckill_sale zone=drop name=desk stock=9;\n"
          . "seckill_receipt key=receipt.json iss=https://shop valid=1h;\n"
          . "log_format late '\$arg_user \$seckill_receipt';\n",
    server => <<"END",
        location = /buy {
            seckill_gate zone=drop sale=desk user=\$arg_user claim=on;
            proxy_pass $to_app;
            access_log logs/late late;
        }
        location = /led {
            seckill_gate zone=drop sale=desk user=\$arg_user claim=on;
            try_files /nothing \@on;
        }
        location \@on {
            auth_request /slow;
            seckill_gate zone=drop sale=desk user=\$arg_user;
            try_files /nothing =404;
            access_log logs/late late;
        }
        location = /slow { internal; proxy_pass $to_app; }
END
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

# the head, signed: by the command

sub tool {
    my ($args) = @_;
    my $command = Seckill::Server::tool();
    return `$command --url http://127.0.0.1:$s->{port}/api $args 2>&1`;
}

like(tool('head'), qr/^number +$head->{number}\nchain +$head->{chain}\nsigned +ey\S+$/m,
     'a head for people');
chomp(my $signed = tool('head --signed'));
is_deeply(decode_json(tool('--json head'))->{head}, $head, 'one for programs');

# a receipt that is asked for when others have bought and seconds have gone by,
# in the log, says how it was when it was decided

sub slow {
    my ($uri) = @_;
    my $client = $s->connect;
    my ($user) = $uri =~ /user=(\w+)/;

    print $client "POST $uri HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
                  . "Content-Length: 0\r\n\r\n";
    my $asked = $app->accept;
    my ($decided, $head) = (time, $s->api('GET', 'health')->{data}{head});

    $s->claim('desk', "$user-$_") for 1, 2;
    sleep 0.05 until time > $decided + 1;
    isnt($s->api('GET', 'health')->{data}{head}{number}, $head->{number},
         'others have bought');

    print $asked "HTTP/1.0 200 OK\r\n\r\n";
    close $asked;
    1 while <$client>;

    my $claims = $s->wait_for('a line in the log', sub {
        (Seckill::Server::slurp("$s->{dir}/logs/late")
         =~ /^$user [^.\n]+\.([^.\n]+)\./m)[0];
    });
    my $said = decode_json(decode_base64url($claims));

    is_deeply([@$said{qw(sub order state)}, $said->{head}],
              [$user, $head->{number}, 'sold', $head],
              "$uri: the head is that of the decision");
    cmp_ok($said->{iat}, '<=', $decided, 'and so is the time');
    is($said->{exp} - $said->{iat}, 3600, 'from which it is good');
}

slow('/buy?user=eva');
slow('/led?user=fay');

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
          ['https://shop', 'ann', 'phone', 'won', 3, 'sold'], 'the winner\'s');
is_deeply($said->{head}, $head, 'the head is that of the ledger');
is($said->{exp} - $said->{iat}, 3600, 'for an hour');

$said = verified('set.json', $loser);
is_deeply([@$said{qw(sub sale result order state)}],
          ['ben', 'phone', 'sold_out', undef, undef], 'the loser\'s');

$said = verified('set.json', $signed);
is_deeply([sort keys %$said], [qw(head iat iss zone)], 'a head is no receipt');
is_deeply($said->{head}, $head, 'it is the ledger\'s');

like(verified('set.json', $later), qr/KeyError/, 'one with another key is not known');

(my $forged = $loser) =~ s/^[^.]+\.\K[^.]+/($winner =~ m{\.([^.]+)\.})[0]/e;
like(verified('set.json', $forged), qr/InvalidSignatureError/,
     'the winner\'s words with the loser\'s signature');

$s->check_log;
$s->cleanup;
done_testing();
