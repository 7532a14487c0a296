package Bench::Chinese;

# The sections of Bench::Report in Chinese: figures stay as they are, words are
# in the tables below.  What is not in them is no section, so that nothing
# stays English unseen.

use strict;
use warnings;
use utf8;

use Encode qw(decode encode);

my %WORD = (
    'this module' => '本模块', 'this module, with Redis' => '本模块，使用 Redis',
    'Lua, shared dict' => 'Lua，共享字典',
    'Lua, Redis script' => 'Lua，Redis 脚本',
    'Lua, Redis script, everysec' => 'Lua，Redis 脚本，everysec',
    'Node.js, Redis script' => 'Node.js，Redis 脚本',
    'PostgreSQL, 16 clients' => 'PostgreSQL，16 个客户端',
    'MariaDB, 16 clients' => 'MariaDB，16 个客户端',
    '`return 200`' => '`return 200`', '`return 403`' => '`return 403`',
    '`proxy_pass` alone' => '仅 `proxy_pass`',

    'Sold out: every claim loses' => '售罄：所有抢购都未抢中',
    'Every claim wins, each a user of its own' =>
        '全部抢中，每次抢购来自不同用户',
    'A rush: a unit for 100 users, who claim twice each' =>
        '抢购洪峰：100 个用户一件，每人抢购两次',
    'A rush in which each claim is a new connection' =>
        '抢购洪峰，每次抢购都是新连接',
    'Sold out, HTTP/2 over TLS' => '售罄，TLS 上的 HTTP/2',
    'Asking (GET), nothing was won' => '查询（GET），一件未得',
    'A gate that nobody passes' => '无人能通过的闸门',
    'A gate that all pass, to an application behind it' =>
        '人人通过的闸门，之后是一个应用',
    'Every claim wins, with the log in Redis' => '全部抢中，共享日志在 Redis 中',
    'Sold out, with the log in Redis' => '售罄，共享日志在 Redis 中',
    'Sold out, two workers' => '售罄，两个 worker 进程',

    'requests/s' => '请求/秒', 'claims/s' => '抢购/秒', 'events/s' => '事件/秒',
    'range' => '区间', 'CPU us' => 'CPU us', 'CPU' => 'CPU',
    'Redis us' => 'Redis us', 'load us' => '压测工具 us', 'ms' => 'ms',
    's' => 's', 'ns' => 'ns', '50 % ms' => '50 % ms', '99 % ms' => '99 % ms',
    '99.9 % ms' => '99.9 % ms', 'most' => '最大', 'commits' => '提交',
    'this module is' => '本模块为其', 'with Redis it is' => '使用 Redis 时为其',

    'sold out: requests/s' => '售罄：请求/秒',
    'all win: requests/s' => '全部抢中：请求/秒',
    'rush: requests/s' => '抢购洪峰：请求/秒',
    'on disk?' => '已落盘？', 'exact?' => '精确？', 'yes' => '是', 'no' => '否',
    'until a restart' => '到重启为止', 'within a second' => '一秒之内',

    'sold out' => '售罄', 'rush' => '抢购洪峰',
    'all win' => '全部抢中', 'at one of them' => '在其中一台',
    'least over most' => '最少与最多之比', 'claims a commit' => '每次提交的抢购',
    'calls a commit' => '每次提交的调用',

    'a claim is answered' => '抢购得到应答',
    "another machine's reader has the event" => '另一台机器的读取者得到事件',
    "another machine's buyer is told" => '另一台机器的买家得知',
    'from the answer on' => '自应答起',

    'the replica has all' => '副本有全部内容',
    'it lacks commits' => '副本缺少提交',
    'the replica is promoted' => '副本被提升',
    'a Sentinel names it' => 'Sentinel 指出它',
    'claims are decided' => '抢购得到裁决',
    'that is from the promotion on' => '即自提升起',
    'all machines decide claims' => '所有机器都裁决抢购',
    'events put back' => '补回的事件',

    'events in the log' => '共享日志中的事件',
    "Redis' memory, MB" => 'Redis 的内存，MB',
    'bytes an event' => '每个事件的字节数',
    'a new machine has them after, s' => '新机器全部得到，s',
    "Redis' CPU for that, s" => '为此 Redis 的 CPU，s',

    'orders in the store' => '存储文件中的订单',
    'CPU us a losing claim' => '每次未抢中的 CPU us',
    'shared memory, bytes an order' => '共享内存，每个订单的字节数',
    'start, s' => '启动，s', 'sales' => '活动',

    'the core alone, without nginx' => '仅核心，不含 nginx',
    'losing claim, one thread' => '未抢中，一个线程',
    'losing claim, two threads, each' => '未抢中，两个线程，每个',
    'losing claim, full table' => '未抢中，满表',
    'losing claim, full table that changed hands once' =>
        '未抢中，换手一次的满表',
    'losing claim, full table that changed hands ten times' =>
        '未抢中，换手十次的满表',
    'winning claim admitted, one thread' => '可抢中的抢购得到受理，一个线程',
    'winning claim admitted, two threads, each' =>
        '可抢中的抢购得到受理，两个线程，每个',
    'winning claim decided in the helper, on disk' =>
        '可抢中的抢购在辅助进程里裁决，已落盘',
    map({ ("token verified, $_" => "验证令牌，$_") }
        qw(HS256 EdDSA RS256 ES256)),
    'token that is known already' => '已记住的令牌',
);

my %COUNT = (one => 1, two => 2);

# lines and cells with figures in them

my @PATTERN = (
    [qr/^([\d.,]+) to ([\d.,]+)$/ => sub { "$_[0] 到 $_[1]" }],
    [qr/^at (\d+) machines at once$/ => sub { "$_[0] 台机器同时" }],
    [qr/^(\d+) connections, (one|two) workers?, (\d+) rounds? of (\d+) s$/
     => sub { "$_[0] 个连接，$COUNT{$_[1]} 个 worker 进程，$_[2] 轮，每轮 $_[3] s" }],
    [qr/^([\d,]+) orders over ([\d,]+): ([\d.]+) times the CPU \(([\d.]+) to ([\d.]+)\)\.$/
     => sub { "$_[0] 个订单与 $_[1] 个相比：CPU 为 $_[2] 倍（$_[3] 到 $_[4]）。" }],
    [qr/^([\d,]+) sales over ([\d,]+): ([\d.]+) times \(([\d.]+) to ([\d.]+)\)\.$/
     => sub { "$_[0] 个活动与 $_[1] 个相比：为 $_[2] 倍（$_[3] 到 $_[4]）。" }],
    [qr/^([\d-]+); (.+), (\d+) cores, (.+), (Linux \S+), files on (\S+) \(an fsync takes (\S+) ms\); (.+); revision (\w+)\.$/
     => sub { "$_[0]；$_[1]，$_[2] 核，$_[3]，$_[4]，文件在 $_[5] 上（一次 fsync 耗时 $_[6] ms）；"
              . $_[7] =~ s/, /，/gr . "；版本 $_[8]。" }],
    [qr/^Not measured yet\.$/ => sub { '尚未测量。' }],
);


# a section in UTF-8, as it is in a file; a line's end would be a blank in a
# paragraph

sub section {
    my ($text) = @_;

    my $chinese = join '', map { line($_) }
                  split /(?<=\n)/, decode('UTF-8', $text);

    return encode('UTF-8', $chinese =~ s/。\n(?=.)/。/gr);
}


sub line {
    my ($line) = @_;
    my ($head, $text) = $line =~ /^(### |)(.*)\n/;

    return $line if $text eq '';
    return $head . words($text) . "\n" if $text !~ /^\| /;

    my @cells = split / \|(?: |$)/, $text =~ s/^\| //r, -1;
    pop @cells;

    return '| ' . join(' | ', map { words($_) } @cells) . " |\n";
}


sub words {
    my ($text) = @_;

    # figures, how many times as fast, nothing, and the lines of a table
    return $text if $text =~ /^(?:[\d.,]+(?: [x%])?|[ -]*:?)$/;
    return $WORD{$text} if defined $WORD{$text};

    for (@PATTERN) {
        my ($pattern, $chinese) = @$_;
        my @figures = $text =~ $pattern or next;

        return $chinese->(@figures);
    }

    die "no Chinese for \"$text\"\n";
}

1;
