# The dashboard and the alerts in conf/, against a real Prometheus that looks at
# two machines that sell: each query is about something that is there.

use strict;
use warnings;
use Test::More;
use File::Temp qw(tempdir);
use HTTP::Tiny;
use JSON::PP qw(decode_json encode_json);
use POSIX ();
use Time::HiRes qw(sleep time);
use Seckill::Server;
use Seckill::Redis;

my $WAIT = 120 * ($ENV{SECKILL_TEST_PATIENCE} || 1);
my $dir = tempdir('seckill-prometheus-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $http = HTTP::Tiny->new(timeout => 10);

my $board = decode_json(Seckill::Server::slurp('conf/grafana/seckill.json'));
my @groups = @{yaml('conf/prometheus/alerts.yml')->{groups}};
my @alerts = map { @{$_->{rules}} } @groups;

for my $check ('check config conf/prometheus/prometheus.yml',
               'check rules --lint=all --lint-fatal conf/prometheus/alerts.yml',
               'test rules conf/prometheus/alerts_test.yml')
{
    my $said = `promtool $check 2>&1`;
    is($?, 0, "promtool $check") or diag($said);
}

sub yaml {
    my ($file) = @_;
    my $json = `/usr/bin/python3 -c 'import json, sys, yaml
print(json.dumps(yaml.safe_load(open(sys.argv[1]))))' $file`;

    return decode_json($json);
}


# an alert says what it is, where it is explained, and is tried both ways

my $operations = Seckill::Server::slurp('docs/operations.md');
my ($section) = $operations =~ /^## Alerts\n(.*?)(?=^## |\z)/ms;
my %explained = map { $_ => 1 } ($section // '') =~ /^### (\w+)$/mg;
my %tried;

for my $test (map { @{$_->{alert_rule_test}} }
              @{yaml('conf/prometheus/alerts_test.yml')->{tests}})
{
    $tried{$test->{alertname}}{@{$test->{exp_alerts}} ? 'heard' : 'silent'} = 1;
}

cmp_ok(scalar @alerts, '>', 20, 'alerts');

for my $alert (@alerts) {
    my $name = $alert->{alert};

    like($alert->{labels}{severity}, qr/^(?:critical|warning|info)\z/,
         "$name has a severity");
    ok(length $alert->{annotations}{summary}, '... a summary');
    is($alert->{annotations}{runbook_url}, 'docs/operations.md#' . lc $name,
       '... says where it is explained');
    ok(delete $explained{$name}, '... and is explained there');
    is_deeply([sort keys %{$tried{$name}}], ['heard', 'silent'],
              '... is tried both ways');
}

is(join(' ', sort keys %explained), '', 'no other alert is explained');


# what Grafana wants of a dashboard that is imported

my @panels = @{$board->{panels}};
my @graphs = grep { $_->{type} ne 'row' } @panels;
my %variable = map { $_->{name} => $_ } @{$board->{templating}{list}};
my (%ids, %taken, @wrong);

ok(exists $board->{id} && !defined $board->{id}, 'it has no id of one Grafana');
like($board->{uid}, qr/^[\w-]{1,40}\z/, 'a uid');
cmp_ok($board->{schemaVersion}, '>=', 36, 'data sources by uid');
is(join(' ', sort keys %variable), 'datasource instance sale zone', 'variables');
is(scalar(grep { $ids{$_->{id}}++ } @panels), 0, 'each panel has its own id');

for my $panel (@panels) {
    my $p = $panel->{gridPos};

    for my $x ($p->{x} .. $p->{x} + $p->{w} - 1) {
        for my $y ($p->{y} .. $p->{y} + $p->{h} - 1) {
            push @wrong, $panel->{title} if $x > 23 || $taken{"$x $y"}++;
        }
    }
}
is("@wrong", '', 'panels lie beside each other');

for my $panel (@graphs) {
    my %refs;

    push @wrong, "$panel->{title}: no description or unit"
        if !$panel->{description} || !$panel->{fieldConfig}{defaults}{unit};
    push @wrong, "$panel->{title}: a refId twice"
        if grep { $refs{$_->{refId}}++ } @{$panel->{targets}};
}
is("@wrong", '', 'panels are described');

@wrong = grep { $_->{type} ne 'grafana'
                && encode_json([@$_{qw(type uid)}])
                   ne '["prometheus","${datasource}"]' } sources($board);
is(encode_json(\@wrong), '[]', 'all data is of the one that was chosen');

sub sources {
    my ($node) = @_;

    return map { sources($_) } @$node if ref $node eq 'ARRAY';
    return if ref $node ne 'HASH';
    return (ref $node->{datasource} eq 'HASH' ? $node->{datasource} : (),
            map { sources($_) } values %$node);
}


# the queries, with what was chosen put in: NAME => QUERY

my %query;

for my $panel (@graphs) {
    $query{"$panel->{title}, $_->{refId}"} = chosen($_->{expr})
        for @{$panel->{targets}};
}

# of what is looked at only where it is so, whether it is

for my $it (@alerts, grep { $_->{expr} } @{$board->{annotations}{list}}) {
    (my $expr = chosen($it->{expr})) =~ s/ (==|!=|[<>]=?) / $1 bool /g;
    $query{$it->{alert} // $it->{name}} = $expr;
}

for my $variable (grep { $_->{type} eq 'query' } values %variable) {
    my ($series, $label) = $variable->{query}{query}
                           =~ /^label_values\((.*), (\w+)\)\z/;
    $query{"variable $variable->{name}"}
        = "count by ($label) (" . chosen($series) . ") and on () vector(1)";
}

sub chosen {
    my ($expr) = @_;
    my %chosen = (zone => 'drop', instance => '.*', sale => '.*',
                  __rate_interval => '15s');

    for my $name ($expr =~ /\$(\w+)/g) {
        push @wrong, "$name is not a variable" if !defined $chosen{$name};
    }

    return $expr =~ s/\$(\w+)/$chosen{$1} \/\/ ''/ger;
}

is("@wrong", '', 'queries have no variable that is not there');


# two machines with addresses of their own, as the relabelling wants them

my $redis = Seckill::Redis->new;
my $port = Seckill::Server::free_port();
my $later = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + 3600));

sub machine {
    my ($name, $address) = @_;

    return Seckill::Server->new(timeout => '200ms', workers => 1,
                                http => <<"END");
    seckill_zone zone=drop:16m redis=@{[$redis->url]} machine=$name gone=10s;
    seckill_sale zone=drop name=phone stock=20 hold=1s waitlist=10
                 start=2026-01-01T00:00:00Z;
    seckill_sale zone=drop name=tickets stock=100000 limit=1;
    seckill_sale zone=drop name=later stock=10 start=$later;
    server {
        listen $address:$port;
        location = /metrics { seckill_metrics zone=drop; }
    }
END
}

my @machines = (machine('m1', '127.0.0.2'), machine('m2', '127.0.0.3'));

$_->start for @machines;
$machines[0]->wait_for('a word to be wanted', sub {
    $machines[0]->request('POST', '/api/machines/m1/begin')->{status} == 200;
});
$_->ready for @machines;

my $seen_by = Seckill::Server::free_port();
my $node = Seckill::Server::free_port();

(my $conf = Seckill::Server::slurp('conf/prometheus/prometheus.yml'))
    =~ s/"10.0.0.1:9145"/"127.0.0.2:$port", "127.0.0.3:$port"/;
$conf =~ s/"10.0.0.1:9100"/"127.0.0.2:$node"/;
$conf =~ s/(scrape|evaluation)_interval: 5s/$1_interval: 1s/g;
spew("$dir/prometheus.yml", $conf);
spew("$dir/alerts.yml", Seckill::Server::slurp('conf/prometheus/alerts.yml'));

my @others = (
    program('prometheus', "--config.file=$dir/prometheus.yml",
            "--storage.tsdb.path=$dir/data",
            "--web.listen-address=127.0.0.1:$seen_by"),
    program('prometheus-node-exporter', "--web.listen-address=127.0.0.2:$node"),
);

sub spew {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";
}


sub program {
    my ($name, @args) = @_;
    my $pid = fork // die $!;

    if ($pid == 0) {
        open STDOUT, '>>', "$dir/$name.log";
        open STDERR, '>&', \*STDOUT;
        exec $name, @args or POSIX::_exit(127);
    }

    return $pid;
}


END {
    local $?;
    kill KILL => @others if @others;
    waitpid $_, 0 for @others;
}


# buyers: who wins, loses, asks, pays, does not pay, waits, hears 503

my $n = 0;

sub some_buyers {
    for my $s (@machines) {
        for (1 .. 4) {
            $n++;
            $s->claim('tickets', "u$n");
            $s->ask('tickets', "u$n");
            my $phone = $s->claim('phone', "u$n");

            $s->api('POST', "orders/$phone->{order}/confirm", '{}')
                if $n < 12 && $phone->{order};
        }
    }
}

sub unavailable {
    my $lock = $machines[0]->lock_store;
    my $res = $machines[0]->claim('tickets', 'too-late');
    $machines[0]->unlock_store($lock);

    return $res->{result};
}

is(unavailable(), 'unavailable', 'a buyer hears 503');

# a query has a result when there are figures in it

my %left = %query;
my $end = time + $WAIT;

while (%left && time < $end) {
    some_buyers();
    $n % 100 or unavailable();

    for my $name (sort keys %left) {
        my @numbers = numbers($left{$name});
        delete $left{$name} if grep { !/NaN/ } @numbers;
    }

    sleep 0.1;
}

cmp_ok(scalar keys %query, '>', 60, 'queries');
is(join("\n", map { "$_: $left{$_}" } sort keys %left), '',
   'each of them has a result');

sub numbers {
    my ($expr) = @_;
    my $res = $http->get("http://127.0.0.1:$seen_by/api/v1/query?"
                         . $http->www_form_urlencode({ query => $expr }));
    my $json = eval { decode_json($res->{content}) } || {};

    die "$expr: $json->{error}\n" if $json->{error};

    return map { $_->{value}[1] } @{($json->{data} || {})->{result} || []};
}


# Prometheus itself makes something of each rule

my $rules = decode_json($http->get("http://127.0.0.1:$seen_by/api/v1/rules")
                             ->{content})->{data}{groups};
my @ill = grep { $_->{health} ne 'ok' } map { @{$_->{rules}} } @$rules;

is(scalar(map { @{$_->{rules}} } @$rules), scalar @alerts, 'it has all rules');
is(join("\n", map { "$_->{name}: $_->{lastError}" } @ill), '', 'and they work');

my ($down) = numbers('count(up == 1)');
is($down, 3, 'all that it looks at is there');

# and what they name is what the server says

my %there;

for my $url ("127.0.0.2:$port", "127.0.0.2:$node") {
    my $text = $http->get("http://$url/metrics")->{content};
    my %type = $text =~ /^# TYPE (\w+) (\w+)$/mg;

    for my $name (keys %type) {
        $there{$name . $_} = 1
            for $type{$name} eq 'histogram' ? qw(_bucket _sum _count) : '';
    }
}

my %named = map { $_ => 1 } map { /\b((?:seckill|node)_\w+)/g } values %query;
cmp_ok(scalar keys %named, '>', 30, 'metrics are named');
is(join(' ', grep { !$there{$_} } sort keys %named), '', 'and all are there');

$_->done for @machines;
$redis->stop;

done_testing;
