# The operator's console for everybody: languages, colours, screens of all sizes,
# and what keeps people out; and pictures of it for the documentation, with
# SECKILL_SCREENSHOTS=1 ./build.sh test t/life/console_screens.t

use strict;
use warnings;
use utf8;
use Test::More;
use Cwd qw(getcwd);
use JSON::PP;
use POSIX qw(strftime);
use Seckill::Console;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $missing = Seckill::Browser::missing();
plan(skip_all => $missing) if $missing;

my $s = Seckill::Console->server->start->ready;
my $b = Seckill::Console->new;


# Chinese

$b->open_page($s, '/open/', locale => 'zh-CN');
$b->says('.big.free dt', '可售', 'in Chinese, as the browser would have it');
$b->says('.health-text', '接受抢购', 'all of it');
is($b->run(q{return page.evaluate(() => document.documentElement.lang)}), 'zh-CN',
   'and says so');
$b->run(q{await page.keyboard.press('l')});
$b->says('.big.free dt', 'free', 'in English');
$b->run('await page.reload()');
$b->says('.big.free dt', 'free', 'which is remembered');


# colours

$b->open_page($s, '/open/', colorScheme => 'dark');
$b->run(q{await page.waitForSelector('.numbers')});

sub dark { $b->run(q{return page.evaluate(() =>
    getComputedStyle(document.body).backgroundColor)}) =~ /\((\d+)/ && $1 < 100 }

ok(dark(), 'dark, as the system has it');
$b->run(q{await page.keyboard.press('t')});
ok(!dark(), 'light, by a switch');
$b->run('await page.reload()');
$b->run(q{await page.waitForSelector('.numbers')});
ok(!dark(), 'which is remembered');


# on any screen

for my $size ([320, 640], [390, 844], [820, 1180], [1280, 800], [1920, 1080], [3840, 2160]) {
    for my $locale ('en-GB', 'zh-CN') {
        $b->open_page($s, '/open/', locale => $locale,
                  viewport => { width => $size->[0], height => $size->[1] });
        my $sizes = $b->run(q{
            await page.waitForSelector('.plot canvas');
            await page.click('#action-window');
            return page.evaluate(() => {
                const all = document.documentElement;
                const dialog = document.querySelector('dialog');
                return [all.scrollWidth - innerWidth,
                        all.scrollHeight - innerHeight,
                        dialog.scrollWidth - dialog.clientWidth];
            });
        });
        cmp_ok($sizes->[0], '<=', 0, "$size->[0] wide, $locale: nothing to the side");
        cmp_ok($sizes->[2], '<=', 0, 'nor in a dialog');
        cmp_ok($sizes->[1], '<=', 0, 'and on a wall, nothing below')
            if $size->[0] >= 1900;
    }
}

$b->no_problems('any screen');


# for everybody, as far as a program can see

for (['light', 390, 844], ['dark', 1440, 900]) {
    my ($colours, $width, $height) = @$_;
    my %options = (colorScheme => $colours,
                   viewport => { width => $width, height => $height });

    $b->open_page($s, '/console/', %options);
    $b->run('await page.waitForSelector("#key")');
    is_deeply($b->run('return barriers()'), [], "$colours: signing in");

    $b->open_page($s, '/open/', %options);
    $b->run('await page.waitForSelector(".tail li")');
    is_deeply($b->run('return barriers()'), [], "$colours: the board");

    for my $key (qw(a w e ?)) {
        is_deeply($b->run(<<'END', key => $key), [], "$colours: dialog $key");
            await page.keyboard.press(key);
            const found = await barriers();
            await page.keyboard.press('Escape');
            await until(async () => !(await page.locator('dialog').count()));
            return found;
END
    }

    $b->run(q{await page.context().setOffline(true);
              await page.waitForSelector('.lost')});
    is_deeply($b->run('return barriers()'), [], "$colours: without a server");
}

$b->run(q{await page.evaluate(() =>
    document.querySelector('.big dd').style.color = '#222')});
like("@{$b->run('return barriers()')}", qr/^color-contrast: /,
     'a number that is hard to read is found');


# pictures, of a sale that has gone on for a while

take_pictures() if $ENV{SECKILL_SCREENSHOTS};

$b->close;
$s->done;
done_testing;


sub take_pictures {
    my $size = { width => 1920, height => 1080 };
    my $end = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time + 1325);

    for my $sale (qw(phone tickets)) {
        $s->api('POST', "sales/$sale/end");
        is($s->api('POST', 'sales', encode_json({
            name => "$sale-2026", stock => 6000, hold => 900, waitlist => 500,
            end => $end,
        }))->{status}, 201, "a sale for pictures: $sale");
    }

    $b->sign_in($s, 'writer-0123456789', viewport => $size);
    $b->run('await page.evaluate(() => location.hash = "phone-2026")');
    $b->says('.sale-shown', 'phone-2026', 'the page is there');

    # claims in waves, and payments of most; an operator, too

    $b->run(<<'END', url => "http://127.0.0.1:$s->{port}");
        const post = async (path, body) => (await fetch(url + path, {
            method: 'POST', body: body && JSON.stringify(body) })).json();
        const sale = '/api/sales/phone-2026';
        let n = 0;

        async function buy(user) {
            const path = `/seckill?sale=phone-2026&user=${user}`;
            const { order } = await post(path);

            if (Math.random() < 0.3) {
                await post(path);
            }

            if (order && Math.random() < 0.85) {
                await new Promise(r => setTimeout(r, 4000 + 9000 * Math.random()));
                await post(`/api/orders/${order}/confirm`, { user });
            }
        }

        for (let second = 0; second < 60; second++) {
            const begun = Date.now();
            const paused = second >= 34 && second < 38;
            const rate = 25 + 70 * Math.exp(-(((second - 18) / 9) ** 2));

            if (second === 34 || second === 38) {
                await post(`${sale}/${paused ? 'pause' : 'resume'}`);
            }

            for (let i = 0; i < rate; i++) {
                buy(`u${10000 + n++}`).catch(() => { });
                await new Promise(r => setTimeout(r, 900 / rate));
            }

            await new Promise(r => setTimeout(r, 1000 - (Date.now() - begun)));
        }
END

    mkdir 'docs/console';

    for (['wall-dark', 1920, 1080, 'dark'], ['wall-light', 1920, 1080, 'light'],
         ['desktop-light', 1280, 800, 'light'], ['desktop-dark', 1280, 800, 'dark'],
         ['phone-light', 390, 844, 'light'], ['phone-dark', 390, 844, 'dark'])
    {
        my ($name, $width, $height, $colours) = @$_;
        my $path = "docs/console/$name.png";

        $b->run(<<'END', width => $width, height => $height,
            await page.setViewportSize({ width, height });
            await page.emulateMedia({ colorScheme: colours });
            await new Promise(r => setTimeout(r, 1500));
            await page.screenshot({ path: `${root}/${path}` });
END
                colours => $colours, path => $path, root => getcwd());

        # Debian's pngquant; without it they are large
        system('pngquant', '--force', '--strip', '--ext=.png', $path);
        cmp_ok(-s $path, '<', 150 * 1024, "$path is small");
    }
}
