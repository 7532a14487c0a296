# The documentation says what the code says: results, directives, metrics,
# events; and the configurations in conf/ are good as they are.

use strict;
use warnings;
use Test::More;
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);
use lib 'bench/lib';
use Bench::Report;
use Bench::Scene;

sub slurp { my ($f) = @_; open my $in, '<', $f or die "$f: $!"; local $/; <$in> }

my ($http, $directives, $api)
    = map { slurp($_) } qw(docs/http.md docs/directives.md docs/api.md);

# results and statuses: name, code; and HTTP's statuses, where each of them is

my $tables = slurp('src/core/sk_result.h');
my %http = slurp('src/http/ngx_http_seckill_reply.c') =~ /\[(SK_STATUS_\w+)\] = (\d+)/g;

my @rows = $tables =~ /X\((SK_STATUS_\w+),\s+(\d+), "(\w+)"\)/g;
cmp_ok(scalar @rows, '==', 3 * keys %http, 'each status has its number in HTTP');
cmp_ok(scalar @rows, '>', 30, 'the table of statuses');

my @results = $tables =~ /X\((?!SK_STATUS)\w+,\s+(\d+), "(\w+)",\s+(SK_STATUS_\w+)\)/g;
cmp_ok(scalar @results, '==', 39, 'the table of results');

while (my ($code, $name, $status) = splice @results, 0, 3) {
    push @rows, $status, $code, $name;
}

while (my ($status, $code, $name) = splice @rows, 0, 3) {
    my $row = $name eq 'ok' ? qr/^\| \| 0 \|/m : qr/^\| `$name` \| $code \|/m;
    like($http, qr/$row.*\b$http{$status}\b/m,
         "http.md has $name, $code, $http{$status}") if $name ne 'ok';
    like($api, qr/$row.*\b$http{$status}\b/m,
         "api.md has $name, $code, $http{$status}") if $name eq 'ok' || $code >= 100;
}

# directives

for my $name (slurp('ngx_http_seckill_module.c') =~ /ngx_string\("(\w+)"\)/g) {
    like($directives, qr/^## $name$/m, "directives.md has $name");
}

# parameters, from what the code says is allowed

my %param = map { $_ => 1 } map { slurp($_) =~ /_param\(&?arg(?:\[i\])?, "(\w+)="/g }
            glob 'src/*/ngx_http_seckill_*.c';
cmp_ok(scalar keys %param, '>', 8, 'parameters');
like($directives, qr/\b$_=/, "directives.md has $_=") for sort keys %param;

# a sale's fields, from their table: name, when it may be given

my @fields = slurp('src/core/sk_sale.h') =~ /\bX\(\w+, "(\w+)", \w+, ([\w|]+),/g;
cmp_ok(scalar @fields, '>', 12, 'the table of a sale\'s fields');

my %schema = slurp('docs/openapi.yaml')
    =~ /^    (Sale\w*):\n      type: object\n(.*?)(?=^    \w)/msg;
my ($of_sales) = $api =~ /^## Sales\n(.*?)^## /ms;
my ($of_sale) = $directives =~ /^## seckill_sale\n(.*?)^## /ms;

while (my ($name, $when) = splice @fields, 0, 2) {
    like($of_sales, qr/^\|[^|]*`$name`.*\|/m, "api.md has a sale's $name");
    like($schema{$_} // '', qr/^        $name:/m, "openapi.yaml's $_ has $name")
        for qw(Sale SaleDetail SaleAdd),
            $when =~ /EDIT|ALWAYS/ ? 'SaleEdit' : ();
    like($of_sale, qr/^- [^:]*`$name`/m, "directives.md has a sale's $name")
        if $when =~ /DECLARE|ALWAYS/;
}

# metrics, both ways

my @metrics = map { slurp($_) =~ /\{ "(seckill_\w+)", "/g }
                  glob 'src/metrics/ngx_http_seckill_samples*.c';
my %metric = map { $_ => 1 } @metrics;
cmp_ok(scalar @metrics, '>', 10, 'metrics');

# a sale's fields are metrics, too

my %suffix = (SECONDS => '_seconds', TIME => '_timestamp_seconds');
my @of_fields = slurp('src/core/sk_sale.h')
    =~ /^    X\(\w+, "(\w+)", SK_FIELD_(\w+),/mg;
cmp_ok(scalar @of_fields, '>', 0, 'metrics of fields');

while (my ($name, $type) = splice @of_fields, 0, 2) {
    push @metrics, "seckill_sale_$name" . ($suffix{$type} // '');
    $metric{$metrics[-1]} = 1;
}

like($http, qr/^\| `$_` \|/m, "http.md has $_") for @metrics;

my @named = grep { !$metric{$_} } $http =~ /^\| `(seckill_\w+)` \|/mg;
is("@named", '', 'http.md has no other');

# events

my @events = slurp('src/core/sk_event.h') =~ /X\(SK_EVENT_\w+,\s+"(\w+)"\)/g;
cmp_ok(scalar @events, '>', 0, 'there are types of events');

for my $type (@events) {
    like($api, qr/^\|.* `$type`[, ].*\|/m, "api.md has the event $type");
}

# figures: what the benchmark has printed, and nothing else

my $result = decode_json(slurp('docs/benchmarks/result.json'));

for my $file (@Bench::Report::PAGES) {
    my $text = slurp($file);
    ok($text eq Bench::Report::with_sections($file, $text, $result),
       "$file has the figures of result.json");
}

# what the next benchmark prints has its words in Chinese, too

for my $words ((map { $_->{title}, values %{$_->{titles} // {}} }
                @Bench::Scene::SCENES),
               slurp('bench/core/core.c') =~ /\.what = "(.+)"/g,
               map { slurp($_) =~ /^sub (?:durable|exact) .*'(.+)'/mg }
               glob 'bench/lib/Bench/Contender/*.pm')
{
    ok(eval { Bench::Chinese::words($words) }, "there is Chinese for: $words");
}

# files that the text names are there

for my $file (map { slurp($_) =~ /\]\(((?:\.\.\/)?[\w.\/-]+\.(?:md|conf))/g }
              'README.md', glob 'docs/*.md')
{
    (my $name = $file) =~ s{^\.\./}{};
    ok(-e $name || -e "docs/$name", "$file is there");
}

# configurations, with our module and a directory of their own

my ($module) = split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';

for my $file (grep { !m{/apache} } glob 'conf/*.conf') {
    my $dir = tempdir('seckill-conf-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $text = slurp($file);

    # the worker user has to get at the store
    chmod 0755, $dir;

    $text =~ s/^load_module .*;/$module ? "load_module $module;" : ''/me;
    $text =~ s/^user .*;//m if $> != 0;
    $text =~ s{/run/nginx.pid|/var/(?:lib|log)}{$dir/$&}g;
    $text =~ s{listen 80 }{listen 8080 };
    system('mkdir', '-p', "$dir/run", "$dir/var/log/nginx", "$dir/var/lib", "$dir/logs");

    $text =~ s{/etc/nginx/seckill\.(?:key|redis)}{$dir/key}g;
    $text =~ s{/etc/nginx/login\.jwks}{$dir/jwks}g;
    open my $jwks, '>', "$dir/jwks" or die $!;
    print $jwks '{"keys":[{"kty":"OKP","crv":"Ed25519",'
                . '"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}';
    close $jwks;

    open my $key, '>', "$dir/key" or die $!;
    print $key "0123456789abcdef shop\n";
    close $key;
    chmod 0600, "$dir/key";

    open my $out, '>', "$dir/nginx.conf" or die $!;
    print $out $text;
    close $out;

    # at the end of a test of its configuration, nginx frees nothing

    local $ENV{ASAN_OPTIONS} = 'detect_leaks=0';
    my $said = `$nginx -p $dir/ -c $dir/nginx.conf -e $dir/stderr -t 2>&1`;
    is($?, 0, "nginx -t with $file") or diag($said);
}

done_testing;
