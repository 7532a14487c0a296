# Tokens of PyJWT, which has its cryptography from OpenSSL; that a request's
# token is verified once; and keys that are exchanged while buyers come.

use strict;
use warnings;
use Test::More;
use JSON::PP qw(decode_json encode_json);
use Seckill::Server;
use Time::HiRes qw(sleep time);

my $FAR = time + 100_000;

# made(ALG, KID, claims ...): a key, and tokens that are signed with it

sub made {
    my ($alg, $kid, @claims) = @_;

    open my $in, '-|', '/usr/bin/python3', 't/lib/pyjwt.py', $alg, $kid,
         map { encode_json({ exp => int $FAR, %$_ }) } @claims or die $!;
    my $made = decode_json(join '', <$in>);
    close $in or die 'pyjwt.py failed';

    return $made;
}

sub keys_are {
    my ($s, @made) = @_;

    open my $out, '>', "$s->{dir}/keys.new" or die $!;
    print $out encode_json({ keys => [map { $_->{jwk} } @made] });
    close $out;
    chmod 0600, "$s->{dir}/keys.new";
    rename "$s->{dir}/keys.new", "$s->{dir}/keys.json";
}

# the body of an answer; undef if there was none

sub answer {
    my ($s, $uri, $token) = @_;
    my $sock = $s->connect or return;

    syswrite $sock, "GET $uri HTTP/1.1\r\nHost: localhost\r\n"
        . "Authorization: Bearer $token\r\nConnection: close\r\n\r\n" or return;
    my $res = Seckill::Server::read_response($sock) or return;

    return $res->{body};
}

my $s = Seckill::Server->new(
    http => "seckill_zone zone=drop:2m;\n"
          . "seckill_sale zone=drop name=phone stock=9;\n"
          . "seckill_token \$http_authorization keys=keys.json;\n"
          . "log_format token '\$uri [\$seckill_token_user][\$seckill_token_error]';\n",
    server => <<'END');
location = /who { return 200 "[$seckill_token_user][$seckill_token_error]"; }
location = /token { seckill zone=drop user=$seckill_token_user; }
location = /many {
    access_log logs/token.log token;
    set $a $seckill_token_user;
    set $b $seckill_token_error;
    auth_request /auth;
    try_files /none /then;
}
location = /auth {
    if ($seckill_token_error = "") { return 401; }
    return 204;
}
location = /then {
    access_log logs/token.log token;
    return 200 "[$a$seckill_token_user][$b$seckill_token_error]";
}
END

my %made = map {
    $_ => made($_, "key $_", { sub => "user of $_" }, { sub => 7, exp => 1 })
} qw(HS256 EdDSA RS256 ES256);

keys_are($s, values %made);
$s->start->ready;

for my $alg (sort keys %made) {
    my ($good, $bad) = @{$made{$alg}{tokens}};

    is(answer($s, '/who', $good), "[user of $alg][]", "$alg: a user");
    is(answer($s, '/who', $good), "[user of $alg][]", "$alg: again");
    is(answer($s, '/who', $bad), '[][expired]', "$alg: expired");
    is(answer($s, '/who', substr($good, 0, -4) . 'AAAA'), '[][bad_signature]',
       "$alg: another signature");
    like(answer($s, '/token?sale=phone', $good), qr/"none".*"user of $alg"/,
         "$alg: a question");
}

# one request, and its token is used at seven places: it was verified once

my $before = () = $s->log_text =~ /seckill refused a token/g;
is(answer($s, '/many', $made{EdDSA}{tokens}[1]), '[][expiredexpired]',
   'a token that has expired, in several phases and after a redirect');
my $after = () = $s->log_text =~ /seckill refused a token/g;
is($after - $before, 1, 'was refused once');
$s->wait_for('the access log', sub {
    Seckill::Server::slurp("$s->{dir}/logs/token.log")
        eq "/then [][expired]\n";
});
pass('the access log has what it was');

# two keys, of which one goes and one comes, while users of both ask

my %ann = %{made('EdDSA', 'a', { sub => 'ann' })};
my %ben = %{made('ES256', 'b', { sub => 'ben' })};

keys_are($s, \%ann);
$s->reload;

my $asked = "$s->{dir}/asked";
my @askers = map { asker($_) } 1, 2;

sub asker {
    my $pid = fork // die $!;
    return $pid if $pid;

    open my $out, '>>', $asked or POSIX::_exit(1);
    $out->autoflush(1);

    while (1) {
        for my $who ([ann => $ann{tokens}[0]], [ben => $ben{tokens}[0]]) {
            my $begin = time;
            my $body = answer($s, '/who', $who->[1]) // 'nothing';
            printf $out "%s %.6f %.6f %s\n", $who->[0], $begin, time, $body;
        }
    }
}

my @moments = (time);

for my $now ([\%ann, \%ben], [\%ben]) {
    sleep 0.3;
    keys_are($s, @$now);
    push @moments, time;
    $s->reload;
    push @moments, time;
}

# keys that are none change nothing

push @{$s->{allow}}, qr/is not valid JSON in line 1/;
open my $out, '>', "$s->{dir}/keys.json" or die $!;
print $out '{"keys":[';
close $out;
$s->reload_refused(qr/keys\.json": is not valid JSON in line 1/);
sleep 0.3;

kill KILL => @askers;
waitpid $_, 0 for @askers;

my (%count, @wrong);

for my $line (split /\n/, Seckill::Server::slurp($asked)) {
    my ($who, $begin, $end, $body) = $line =~ /^(ann|ben) (\S+) (\S+) (\[.*\]|nothing)$/
        or next;
    my ($added, $removed) = ($moments[2], $moments[4]);
    my ($good, $bad) = ("[$who][]", '[][unknown_key]');
    my @may = $who eq 'ann'
        ? ($end < $moments[3] ? $good : $begin > $removed ? $bad : ($good, $bad))
        : ($end < $moments[1] ? $bad : $begin > $added ? $good : ($good, $bad));

    $count{"$who $body"}++;
    push @wrong, $line if !grep { $_ eq $body } @may;
}

is("@wrong", '', 'each key was good as long as it was there');
cmp_ok($count{$_} // 0, '>', 0, "$_: $count{$_}")
    for map { ("$_ [$_][]", "$_ [][unknown_key]") } qw(ann ben);

$s->done;
done_testing();
