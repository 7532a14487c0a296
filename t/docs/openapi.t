# docs/openapi.yaml is a good OpenAPI document, and says what the server does:
# each operation and each status of it is asked for here, each answer is held
# against its schema, which allows no other fields, and no path has a method
# that the document has not.

use strict;
use warnings;
use Test::More;
use File::Temp qw(tempfile);
use HTTP::Tiny;
use JSON::PP qw(decode_json encode_json);
use Seckill::Server;
use Seckill::Redis;

# the server's table of routes: where it is, and a route's first name in it;
# what follows that name is found by the methods that a path has

my $routes = 'src/api/ngx_http_seckill_api.c';
my $route = qr/^ +ROUTE\("([\w.-]+)"/m;

# what cannot be provoked here: "METHOD PATH STATUS"

my %unprovoked = map { $_ => 1 }
    'POST /api/products 507';           # it takes 10,000 products

# what is no command: it reads no body, and has no Idempotency-Key

my %at_once = map { $_ => 1 } 'POST /api/machines/{name}/forget',
                              'POST /api/machines/{name}/begin';

my $file = 'docs/openapi.yaml';
my @methods = qw(GET HEAD POST PUT PATCH DELETE OPTIONS);
my $body_size_max = 65536;

# Debian's own, which has Debian's modules

my @helper = ('/usr/bin/python3', 't/docs/openapi.py');


sub slurp {
    my ($name) = @_;

    open my $in, '<', $name or die "$name: $!";
    local $/;
    return <$in>;
}


sub helper {
    my ($command, $input) = @_;
    my ($out, $name) = tempfile(UNLINK => 1);

    print $out $input // '';
    close $out or die $!;

    my $text = `@helper $command $file < $name`;
    die "@helper $command failed" if $? != 0;

    return decode_json($text);
}


# the document by itself

my $document = helper('document');
is(join("\n", @{$document->{problems}}), '', "$file is a good document");
BAIL_OUT("$file cannot be read") if !@{$document->{operations}};

my @operations = @{$document->{operations}};
my %documented;
push @{$documented{$_->{path}}}, $_->{method} for @operations;

my %has = map { m{^/api/([^/]+)} ? ($1 => 1) : () } keys %documented;
my %table = map { $_ => 1 } slurp($routes) =~ /$route/g;
is_deeply([sort keys %has], [sort keys %table],
          "the document has the routes of $routes");

my %types = map { $_ => 1 }
            slurp('src/core/sk_event.h') =~ /X\(SK_EVENT_\w+,\s+"(\w+)"\)/g;
is_deeply([sort @{$document->{events}}], [sort keys %types],
          'the document has the events of the ledger');


# a server; /keyed/ is /api/ for those who have a key

my ($keys, $keys_name) = tempfile('seckill-keys-XXXXXX', TMPDIR => 1,
                                  UNLINK => 1);
print $keys "writer-0123456789 shop\nreader-0123456789 reports ro\n";
close $keys or die $!;

my ($receipt, $receipt_name) = tempfile('seckill-jwk-XXXXXX', TMPDIR => 1,
                                        UNLINK => 1);
print $receipt '{"kty":"OKP","crv":"Ed25519",',           # of RFC 8037
               '"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",',
               '"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}';
close $receipt or die $!;

my $s = Seckill::Server->new(http => <<"END", server => <<"END2");
    seckill_zone zone=drop:4m;
    seckill_sale zone=drop name=phone stock=2;
    seckill_sale zone=drop name=tickets stock=9 limit=2;
    seckill_sale zone=drop name=later stock=1 start=2999-01-01T00:00:00Z;
    seckill_sale zone=drop name=over stock=1 end=2020-01-01T00:00:00Z;
    seckill_sale zone=drop name=stopped stock=1 paused;
    seckill_receipt key=$receipt_name;
END
        location /keyed/ { seckill_api zone=drop key=$keys_name; }
        location /ops/ {
            rewrite ^/ops/(.*) /api/\$1 break;
            proxy_pass http://\$server_addr:\$server_port;
        }
END2

$s->start->ready;

my $http = HTTP::Tiny->new(timeout => 90);
my (@answers, %seen);


# play(STATUS, 'METHOD PATH', ...): asks, and keeps the answer. PATH is the
# document's; "id", "name" and "order" are what it has in braces. Also: query,
# body, headers, key, server. What GET gets, HEAD has to get.

sub play {
    my ($status, $call, %o) = @_;
    my ($method, $path) = split ' ', $call;
    my %headers = %{$o{headers} || {}};

    (my $uri = $path) =~ s/\{(\w+)\}/$o{$1} \/\/ 1/eg;
    $uri .= "?$o{query}" if defined $o{query};

    if (exists $o{key}) {
        $uri =~ s{^/api/}{/keyed/};
        $headers{Authorization} = "Bearer $o{key}" if defined $o{key};
    }

    my $to = $o{server} || $s;
    my $body = ref $o{body} ? encode_json($o{body}) : $o{body};
    my $label = "$method $uri";

    $headers{'Content-Type'} = 'application/json' if defined $body;

    my $res = $http->request($method, "http://127.0.0.1:$to->{port}$uri", {
        headers => \%headers,
        defined $body ? (content => $body) : (),
    });
    my $text = $res->{content} // '';

    is($res->{status}, $status, "$label gets $status")
        or diag(substr $text, 0, 300);

    my %got = map { $_ => ref $res->{headers}{$_}
                          ? join ', ', @{$res->{headers}{$_}}
                          : $res->{headers}{$_} } keys %{$res->{headers}};

    push @answers, {
        label => $label, method => $method, status => $res->{status},
        path => $documented{$path} ? $path : undef, headers => \%got,
        body => $text,
    };
    $seen{"$call $res->{status}"} = 1;

    play($status, "HEAD $path", %o) if $method eq 'GET' && $status != 405;

    my $said = eval { decode_json($text) };

    return { ref $said eq 'HASH' ? %$said : (), headers => \%got,
             body => $text };
}


# the buyer

sub buyer {
    my ($result, $method, $sale, $user) = @_;
    my $a = play($result eq 'unknown_sale' ? 404 : 200, "$method /seckill",
                 query => "sale=$sale&user=$user");

    is($a->{result}, $result, "$method of $user in $sale: $result");

    return $a;
}

buyer('won', 'POST', 'phone', 'a');
buyer('already', 'POST', 'phone', 'a');
buyer('won', 'GET', 'phone', 'a');
my $sold = buyer('won', 'POST', 'phone', 'b%22%ff')->{order};
buyer('sold_out', 'POST', 'phone', 'c');
buyer('won', 'POST', 'tickets', 'a');
buyer('won', 'POST', 'tickets', 'a');
buyer('already', 'POST', 'tickets', 'a');
buyer('won', 'GET', 'tickets', 'a');
buyer('not_started', 'POST', 'later', 'a');
buyer('ended', 'POST', 'over', 'a');
buyer('paused', 'POST', 'stopped', 'a');
buyer('none', 'GET', $_, 'z') for qw(phone tickets later over stopped);
buyer('unknown_sale', $_, 'nothing', 'a') for qw(GET POST);

for my $query ('sale=phone', 'sale=phone&user=%', 'sale=phone&user=a&user=b',
               'sale=phone&user=a&want=0')
{
    play(400, "$_ /seckill", query => $query) for qw(GET POST);
}

play(403, 'POST /seckill', query => 'sale=phone&user=z',
     headers => { 'Sec-Fetch-Site' => 'cross-site' });


# where they have tokens

my ($jwks, $set_name) = tempfile('seckill-jwks-XXXXXX', TMPDIR => 1, UNLINK => 1);
print $jwks '{"keys":[{"kty":"oct","k":"', 'a' x 64, '"}]}';
close $jwks or die $!;

my $login = Seckill::Server->new(http => <<"END")->start;
    seckill_zone zone=drop:2m;
    seckill_token \$http_authorization keys=$set_name;
END

for my $headers ({}, { Authorization => 'Bearer a.b.c' }) {
    play(401, "$_ /seckill", query => 'sale=phone', server => $login,
         headers => $headers) for qw(GET POST);
}

play(404, "GET /api/$_", server => $login) for qw(receipt-keys head);
$login->done;


# receipts

play(200, "POST /seckill", query => "sale=$_&user=r&receipt=1")
    for qw(phone tickets later over stopped);
play(200, "GET /seckill", query => "sale=$_&user=r&receipt=1") for qw(phone tickets);
play(200, 'GET /api/receipt-keys');
play(400, 'GET /api/receipt-keys', query => 'x=1');
play(200, 'GET /api/head');
play(400, 'GET /api/head', query => 'x=1');


# the server

play(200, 'GET /api/health');
play(400, 'GET /api/health', query => 'x=1');
play(400, 'GET /api/openapi.yaml', query => 'x=1');
play(200, 'GET /api/health', key => 'reader-0123456789');
play(400, 'GET /api/me', query => 'x=1');
is_deeply(play(200, 'GET /api/me')->{data},
          { by => '127.0.0.1', role => 'rw', keys => JSON::PP::false },
          'who one is without keys');
is_deeply(play(200, 'GET /api/me', key => "$_->[0]-0123456789")->{data},
          { by => $_->[1], role => $_->[2], keys => JSON::PP::true },
          "who the $_->[0] is")
    for ['writer', 'shop', 'rw'], ['reader', 'reports', 'ro'];
is(play(200, 'GET /api/openapi.yaml')->{body}, slurp($file),
   'the server has the document');


# products

my %phone = (name => 'Phone X', description => 'a phone', price => 49900,
             currency => 'EUR', attributes => { colour => ['black', 1, {}] });
my %case = (name => 'Case', price => 0, currency => 'JPY');

my $added = play(201, 'POST /api/products', body => \%phone,
                 headers => { 'Idempotency-Key' => '"once"' });
my $id = $added->{data}{id} // 1;
is($added->{headers}{location}, "products/$id", 'its Location');
is(play(201, 'POST /api/products', body => \%phone,
        headers => { 'Idempotency-Key' => '"once"' })->{body},
   $added->{body}, 'the same key gets the same answer');
my $case = play(201, 'POST /api/products', body => \%case, key => 'writer-0123456789')
           ->{data}{id} // 2;

play(400, 'POST /api/products', body => $_)
    for '', '{', '[]', '1', {}, { %case, name => '' },
        { %case, name => 'x' x 201 }, { %case, name => 'x', more => 1 },
        { %case, price => -1 },
        { %case, price => '1' }, { %case, price => 1.5 },
        { %case, currency => 'euro' }, { %case, attributes => [] },
        { %case, description => 'x' x 4097 };
play(409, 'POST /api/products', body => \%case);

# the same behind a proxy that calls the API otherwise

my $ops = "http://127.0.0.1:$s->{port}/ops/";
my $other = $http->post($ops . 'products', {
    content => '{"name":"Other","price":1,"currency":"EUR"}',
});
is($other->{status}, 201, 'behind a proxy');
$other = $http->get($ops . $other->{headers}{location});
is($other->{status}, 200, '... its Location, seen from /ops/products, is there');
is(decode_json($other->{content})->{data}{name}, 'Other', '... and right');
is($http->delete($ops . 'products/'
                 . decode_json($other->{content})->{data}{id})->{status}, 200,
   '... and goes again');

my $page = play(200, 'GET /api/products', query => 'limit=1');
is(scalar @{$page->{data} || []}, 1, 'a page of one');
play(200, 'GET /api/products',
     query => 'limit=1000&after=' . ($page->{pagination}{next} // 0));
play(400, 'GET /api/products', query => $_)
    for qw(limit=0 limit=1001 limit=x after=-1 after=x);

play(200, 'GET /api/products/{id}', id => $id);
play(404, 'GET /api/products/{id}', id => $_) for 'x', 0, '1x', 999999999;
play(200, 'PATCH /api/products/{id}', id => $id, body => { price => 1 });
play(400, 'PATCH /api/products/{id}', id => $id, body => $_)
    for '{', { price => 'x' }, { name => '' };
play(409, 'PATCH /api/products/{id}', id => $id, body => { name => 'Case' });


# sales

my %sale = (name => 'new', stock => 5, limit => 2, hold => 900,
            product => $id, start => '2020-01-01T00:00:00+01:00',
            end => '2999-01-01T00:00:00Z', paused => JSON::PP::true);

$added = play(201, 'POST /api/sales', body => \%sale);
is($added->{headers}{location}, 'sales/new', 'its Location');
play(201, 'POST /api/sales', body => { name => 'short', stock => 2,
                                       hold => 1 });
play(201, 'POST /api/sales', body => { name => 'plain', stock => 1 },
     key => 'writer-0123456789');
play(400, 'POST /api/sales', body => $_)
    for '{', { name => 'x' }, { stock => 1 }, { %sale, name => 'a b' },
        { %sale, name => 'x', stock => -1 },
        { %sale, name => 'x', limit => 0 },
        { %sale, name => 'x', product => 999999999 },
        { %sale, name => 'x', hold => 2592001 },
        { %sale, name => 'x', start => 'soon' },
        { %sale, name => 'x', end => '2019-01-01T00:00:00Z' };
play(409, 'POST /api/sales', body => \%sale);
play(400, 'POST /api/sales', body => { %sale, name => 'x', group => 'a b' });
play(201, 'POST /api/sales', body => { name => $_, stock => 2, hold => 60,
                                       group => 'both' }) for qw(left right);
buyer('won', 'POST', 'left', 'g');
is(buyer('already', 'POST', 'right', 'g')->{order_sale}, 'left',
   'one limit over both');
buyer('none', 'GET', 'right', 'g');
play(507, 'POST /api/sales', body => { name => 'x', stock => 1000000000 });

play(200, 'GET /api/sales');
play(200, 'GET /api/sales', query => 'limit=2&after=1');
play(400, 'GET /api/sales', query => $_) for qw(limit=0 after=x);
play(200, 'GET /api/sales/{name}', name => $_)
    for qw(new plain phone tickets later over stopped);

play(200, 'PATCH /api/sales/{name}', name => 'new', body => $_)
    for { add_stock => 2 }, { add_stock => -2 }, { stock => 4 },
        { product => undef }, { product => $id },
        { limit => 3, hold => 600, start => undef };
play(400, 'PATCH /api/sales/{name}', name => 'new', body => $_)
    for '{', { stock => 'x' }, { stock => 1, add_stock => 1 };
play(507, 'PATCH /api/sales/{name}', name => 'new',
     body => { stock => 1000000000 });
play(200, 'POST /api/sales/{name}/resume', name => 'new');

# a shuffled opening: one that is to come, one that lasts a day, one of the past

my $set = 'POST /api/sales/{name}/beacon';
my %beacon = (round => 4711, value => 'C0ffee');
my @today = gmtime time - 1;
my $second = sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $today[5] + 1900,
                     $today[4] + 1, @today[3, 2, 1, 0];

play(201, 'POST /api/sales', body => { name => $_->[0], stock => 1,
                                       start => $_->[1], shuffle => 86400 })
    for ['future', '2999-01-01T00:00:00Z'], ['day', $second],
        ['past', '2020-01-01T00:00:00Z'];
play(400, 'POST /api/sales', body => { name => 'x', stock => 1, shuffle => 1 });
play(409, 'PATCH /api/sales/{name}', name => 'day', body => { shuffle => 1 });
play(400, $set, name => 'future', body => $_)
    for {}, { round => 1 }, { %beacon, value => 'abc' }, { %beacon, round => -1 };
is(play(200, $set, name => 'future', body => \%beacon)->{data}{value}, 'c0ffee',
   'the beacon');
play(409, $set, name => $_, body => \%beacon) for qw(future day new);
buyer('waiting', 'POST', 'day', 'a');
ok(buyer('none', 'GET', 'day', 'a')->{starts_in_ms}, 'until when he waits');
$s->wait_for('a seed', sub {
    $s->request('GET', '/api/sales/past')->{body} =~ /"seed":"/;
});
play(200, 'GET /api/sales/{name}', name => $_) for qw(future day past);
play(200, 'POST /api/sales/{name}/pause', name => 'plain');

# a waiting list: two wait, one is served

play(201, 'POST /api/sales', body => { name => 'wanted', stock => 1, limit => 2,
                                       hold => 600, waitlist => 1 });
play(400, 'POST /api/sales', body => { name => 'x', stock => 1, %$_ })
    for { waitlist => 1 }, { hold => 1, waitlist => 1000001 };
my $first = buyer('won', 'POST', 'wanted', 'a')->{order} // 1;
is(buyer('queued', 'POST', 'wanted', 'b&want=1')->{position}, 1, 'a place');
buyer('queued', 'GET', 'wanted', 'b');
buyer('sold_out', 'POST', 'wanted', 'c');
play(409, 'PATCH /api/sales/{name}', name => 'wanted', body => { waitlist => 0 });
is(play(200, 'GET /api/sales/{name}', name => 'wanted')->{data}{waiting}, 1,
   'who waits');
play(200, 'POST /api/orders/{order}/cancel', order => $first);
$s->wait_for('the unit to be his', sub {
    $s->request('GET', '/seckill?sale=wanted&user=b')->{body} =~ /"won"/;
});
buyer('won', 'GET', 'wanted', 'b');

# what takes minutes, as another program that has the store would write it

buyer('queued', 'POST', 'wanted', 'c');
system('sqlite3', "$s->{dir}/seckill/drop.db", <<"END");
    INSERT INTO ledger (seq, at, type, sale, user, object)
        SELECT q.seq + n.i, q.at, n.type, q.sale, q.user,
               iif(n.i = 2, q.seq, NULL)
        FROM (SELECT * FROM ledger WHERE type = 'queued' AND user = 'c') AS q,
             (SELECT 1 AS i, 'asked' AS type UNION ALL SELECT 2, 'skipped') AS n
        ORDER BY n.i;
END
$s->wait_for('it to be seen', sub {
    $s->request('GET', '/api/sales/wanted')->{body} =~ /"waiting":0/;
});
buyer('none', 'GET', 'wanted', 'c');


# orders

my @held = map { buyer('won', 'POST', 'new', $_)->{order} // 1 } qw(a b c);
play(409, 'PATCH /api/sales/{name}', name => 'new', body => { stock => 2 });
is(buyer('won', 'GET', 'new', 'a')->{state}, 'held', 'it is held');
my $short = buyer('won', 'POST', 'short', 'a')->{order} // 1;
buyer('already', 'POST', 'short', 'a');

play(200, 'GET /api/orders');
play(200, 'GET /api/orders', query => $_)
    for qw(sale=new user=a state=held sale=new&user=a&state=held&limit=1);
play(400, 'GET /api/orders', query => $_)
    for qw(limit=0 after=x state=lost);
play(404, 'GET /api/orders', query => 'sale=nothing');
play(200, 'GET /api/orders/{order}', order => $held[0]);

my ($confirm, $cancel, $extend)
    = map { "POST /api/orders/{order}/$_" } qw(confirm cancel extend);
my $order;

play(400, $extend, order => $held[0], body => { late => JSON::PP::true });
$order = play(409, $extend, order => $held[0]);
is($order->{data}{state}, 'held', 'a conflict has the order');
play(200, 'PATCH /api/sales/{name}', name => 'new', body => { extend => 60 });
$order = play(200, $extend, order => $held[0], body => { user => 'a' });
play(409, $extend, order => $held[0]);
buyer('won', 'GET', 'new', 'a');

$order = play(409, $confirm, order => $held[0], body => { user => 'b' });
is($order->{data}{user}, 'a', 'it is not that user\'s');
play(400, $confirm, order => $held[0], body => { user => '' });
play(400, $confirm, order => $held[0], body => { user => 'a', by => 'a' });
$order = play(200, $confirm, order => $held[0], body => { user => 'a' });
is($order->{data}{state}, 'paid', 'it is paid');
play(409, $cancel, order => $held[0], body => { user => 'b' });
play(200, $confirm, order => $held[0]);
buyer('won', 'GET', 'new', 'a');
play(400, $cancel, order => $held[0], body => { late => JSON::PP::true });
play(200, $cancel, order => $held[0],
     body => { user => 'a', restock => JSON::PP::false });
play(200, $cancel, order => $_) for @held[1, 1], $sold // 1;
$order = play(409, $confirm, order => $held[1]);
is($order->{data}{state}, 'cancelled', 'a conflict has the order');

$s->wait_for('an order to expire', sub {
    my $res = $s->request('GET', "/api/orders/$short");
    !$res || $res->{status} != 200 || $res->{body} =~ /"state":"expired"/;
});

for my $call ($confirm, $cancel, $extend) {
    $order = play(409, $call, order => $short);
    is($order->{data}{state}, 'expired', 'a conflict has the order');
}

play(400, $confirm, order => $short, body => { late => 'yes' });
$order = play(200, $confirm, order => $short,
              body => { late => JSON::PP::true, user => 'a' });
is($order->{data}{state}, 'paid', 'late');


# what all of a kind have in common

my %real = (id => $id, name => 'new', order => $held[2]);
my %none = (id => 999999999, name => 'nothing', order => 999999999);

for my $op (@operations) {
    my $call = "$op->{method} $op->{path}";
    my %o = (%real, defined $op->{body} ? (body => $op->{body}) : ());
    my $write = $op->{method} !~ /^(?:GET|HEAD)$/;

    next if $op->{free};

    play(401, $call, %o, key => $_) for undef, 'other';
    play(404, $call, %o, %none) if $op->{path} =~ /\{/;

    next if !$write;

    play(403, $call, %o, key => 'reader-0123456789');
    next if $at_once{$call};
    play(413, $call, %o, body => '{"name":"' . 'x' x $body_size_max . '"}');
    play(400, $call, %o, headers => { 'Idempotency-Key' => 'x' x 256 });
    play(409, $call, %o, headers => { 'Idempotency-Key' => 'once' });
}

for my $path (sort keys %documented) {
    my $allowed = join ', ', sort @{$documented{$path}};

    for my $method (@methods) {
        next if grep { $_ eq $method } @{$documented{$path}};
        my $a = play(405, "$method $path", %real);
        is(join(', ', sort split / *, */, $a->{headers}{allow} // ''),
           $allowed, "$path has $allowed");
    }
}

play(404, "GET $_") for '/api/', '/api/nothing', '/api/sales/new/nothing',
                        '/api/orders/1/confirm/x', '/api/health/x';


# ends

my $remove = 'DELETE /api/sales/{name}';

play(409, 'DELETE /api/products/{id}', id => $id);
play(200, 'DELETE /api/products/{id}', id => $case);
play(409, $remove, name => 'short');
play(200, 'POST /api/sales/{name}/end', name => $_) for qw(new short phone);
play(409, $remove, name => $_) for qw(new phone);
play(409, 'POST /api/sales/{name}/pause', name => 'new');
play(200, $remove, name => 'short');
play(404, 'GET /api/sales/{name}', name => 'short');
play(200, 'GET /api/orders', query => 'sale=short');


# two machines; then one of them is gone for good, and with it what Redis had

my $forget = 'POST /api/machines/{name}/forget';

play(200, 'GET /api/machines');
play(400, 'GET /api/machines', query => 'limit=1');
play(400, $_, name => 'm1', query => 'x=1')
    for $forget, 'POST /api/machines/{name}/begin';

my $redis = Seckill::Redis->new;
my ($m1, $m2) = map {
    Seckill::Server->new(http => <<"END")->start
    seckill_zone zone=drop:4m redis=@{[$redis->url]} machine=$_ gone=3s;
END
} qw(m1 m2);

my $begin = 'POST /api/machines/{name}/begin';

$m1->wait_for('it to wait', sub {
    $m1->request('GET', '/api/health')->{body} =~ /one machine is to begin/;
});
play(404, $begin, name => 'm2', server => $m1);
play(200, $begin, name => 'm1', server => $m1);
$_->ready for $m1, $m2;
play(409, $begin, name => 'm1', server => $m1);

sub all_machines {
    my %m = map { $_->{name} => $_ }
            @{play(200, 'GET /api/machines', server => $m1)->{data}};
    return %m;
}

$m1->wait_for('both', sub { keys %{{all_machines()}} == 2 });
play(200, 'GET /api/health', server => $m1);
play(409, $forget, name => $_, server => $m1) for qw(m1 m2);

$m2->kill_all;
$redis->stop;
$m1->wait_for('Redis to be missed', sub {
    $m1->request('GET', '/api/health')->{status} == 503;
});
play(503, 'GET /api/health', server => $m1);
play(503, $forget, name => 'm2', server => $m1);
play(503, $begin, name => 'm1', server => $m1);

$redis->start;
$m1->wait_for('it to wait', sub {
    $m1->request('GET', '/api/health')->{body} =~ /waits for m2/;
});
is({all_machines()}->{m2}{seen_at}, undef, 'this Redis has never seen it');
is(play(200, $forget, name => 'm2', server => $m1)->{data}{forgotten},
   JSON::PP::true, 'it is forgotten');
$m1->ready;
$m1->wait_for('it to have left', sub {
    $m1->request('GET', '/api/events')->{body} =~ /machine_left/;
});

my $shared = play(200, 'GET /api/events', server => $m1);
$_->done for $m1, $m2;


# the ledger

my $events = play(200, 'GET /api/events', query => 'limit=1000');
my %type = map { $_->{type} => 1 } map { @{$_->{data} || []} }
           $events, $shared;

# the clock is not set here
$type{clock_set} = 1;
is_deeply([sort keys %type], [sort @{$document->{events}}],
          'each type of event was seen');

my $last = $events->{pagination}{next} // 0;
play(200, 'GET /api/events', query => 'limit=1');
play(200, 'GET /api/events', query => "after=$last&wait=1");
play(400, 'GET /api/events', query => $_)
    for qw(after=x limit=0 limit=1001 wait=61 wait=x);
play(409, 'GET /api/events', query => 'after=' . ($last + 1000000));


# a store that is away for a while: the head is known all the same

my $db = "$s->{dir}/seckill/drop.db";
my $well = play(200, 'GET /api/health')->{data}{head};

rename $db, "$db.away" or die $!;
$s->wait_for('it to be missed', sub {
    $s->request('GET', '/api/health')->{status} == 503;
});
is_deeply(play(503, 'GET /api/health')->{data}{head}, $well,
          'the head of what was read');
rename "$db.away", $db or die $!;
$s->ready;

$s->done;


# a server whose store is no store: nothing can be decided

my $unwell = Seckill::Server->new(http => <<"END");
    seckill_zone zone=drop:2m;
    seckill_receipt key=$receipt_name;
END

mkdir "$unwell->{dir}/seckill";
open my $store, '>', "$unwell->{dir}/seckill/drop.db" or die $!;
print $store 'x' x 5000;
close $store or die $!;
chown +(getpwnam('nobody'))[2], -1, "$unwell->{dir}/seckill",
      "$unwell->{dir}/seckill/drop.db" if $> == 0;

$unwell->start;
$unwell->wait_for('a reason', sub {
    my $res = $unwell->request('GET', '/api/health');
    $res && $res->{body} =~ /not a database/;
});

for my $op (@operations) {
    next if $op->{method} eq 'HEAD';            # play() asks for it too
    next if !grep { $_ == 503 } @{$op->{statuses}};
    next if $at_once{"$op->{method} $op->{path}"};
    play(503, "$op->{method} $op->{path}", %real, server => $unwell,
         defined $op->{body} ? (body => $op->{body}) : (),
         $op->{path} eq '/seckill' ? (query => 'sale=phone&user=a') : ());
}

$unwell->done;


# all answers are as the document says, and all that it says was seen

my $wrong = helper('answers', encode_json(\@answers));
is($wrong->[$_], '', "$answers[$_]{label}: $answers[$_]{status} as documented")
    or diag(substr $answers[$_]{body}, 0, 300) for 0 .. $#answers;

for my $op (@operations) {
    for my $status (@{$op->{statuses}}) {
        my $what = "$op->{method} $op->{path} $status";
        ok($seen{$what}, "$what was seen") if !$unprovoked{$what};
    }
}

done_testing;
