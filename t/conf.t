# The configuration: every mistake is refused, with what is allowed.

use Test::Nginx::Socket 'no_plan';

workers(1);
master_on();
no_long_string();
no_shuffle();
no_root_location();
log_level('info');

run_tests();

__DATA__

=== TEST 1: no zone in seckill_zone
--- http_config
    seckill_zone store=seckill_cache/a.db;
--- config
    # 1
--- must_die
--- error_log
"seckill_zone" directive must have "zone=name:size" parameter


=== TEST 2: a zone without a size
--- http_config
    seckill_zone zone=drop;
--- config
    # 2
--- must_die
--- error_log
invalid parameter "zone=drop" of "seckill_zone", allowed: zone=name:size, with a size in k or m, like 64m


=== TEST 3: a zone that is too small
--- http_config
    seckill_zone zone=drop:64k store=seckill_cache/a.db queue=1000;
--- config
    # 3
--- must_die
--- error_log
seckill zone "drop" of 64k has room for 0 units in 64 sales, its 0 sales have 0: a size of 1m would do


=== TEST 4: a zone that is smaller than a few pages
--- http_config
    seckill_zone zone=drop:4k store=seckill_cache/a.db;
--- config
    # 4
--- must_die
--- error_log
invalid parameter "zone=drop:4k" of "seckill_zone"


=== TEST 5: a name that is none
--- http_config
    seckill_zone zone=a"b:2m;
--- config
    # 5
--- must_die
--- error_log
invalid zone name "a"b" of "seckill_zone", allowed: 1 to 64 of A-Z, a-z, 0-9


=== TEST 6: a parameter that is none
--- http_config
    seckill_zone zone=drop:2m speed=high;
--- config
    # 6
--- must_die
--- error_log
invalid parameter "speed=high" of "seckill_zone", allowed: zone=name:size, store=file


=== TEST 7: sync is full or normal
--- http_config
    seckill_zone zone=drop:2m sync=off;
--- config
    # 7
--- must_die
--- error_log
invalid parameter "sync=off" of "seckill_zone"


=== TEST 8: the queue has limits
--- http_config
    seckill_zone zone=drop:2m queue=15;
--- config
    # 8
--- must_die
--- error_log
invalid parameter "queue=15" of "seckill_zone", allowed: 16 to 1048576


=== TEST 9: a zone twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_zone zone=drop:2m store=seckill_cache/b.db;
--- config
    # 9
--- must_die
--- error_log
duplicate zone "drop"


=== TEST 10: a store twice
--- http_config
    seckill_zone zone=a:2m store=seckill_cache/a.db;
    seckill_zone zone=b:2m store=seckill_cache/a.db;
--- config
    # 10
--- must_die
--- error_log
is used by the seckill zones "a" and "b"


=== TEST 11: a zone that nobody declares
--- http_config
--- config
    location = /seckill { seckill zone=nowhere user=$arg_user; } # 11
--- must_die
--- error_log
unknown seckill zone "nowhere" in


=== TEST 12: a sale without a stock
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone;
--- config
    # 12
--- must_die
--- error_log
"seckill_sale" must have "stock" parameter


=== TEST 13: a sale without a name
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop stock=1;
--- config
    # 13
--- must_die
--- error_log
"seckill_sale" must have "name" parameter


=== TEST 14: a sale without a zone
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale name=phone stock=1;
--- config
    # 14
--- must_die
--- error_log
"seckill_sale" must have "zone" parameter


=== TEST 15: a stock below 0
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=-1;
--- config
    # 15
--- must_die
--- error_log
invalid parameter "stock=-1" of "seckill_sale", allowed: 0 to 1000000000


=== TEST 16: a limit of 0
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 limit=0;
--- config
    # 16
--- must_die
--- error_log
invalid parameter "limit=0" of "seckill_sale", allowed: 1 to 10000


=== TEST 17: a sale's name
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=a/b stock=1;
--- config
    # 17
--- must_die
--- error_log
invalid parameter "name=a/b" of "seckill_sale", allowed: 1 to 64 of A-Z


=== TEST 18: times that are none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=tomorrow;
--- config
    # 18
--- must_die
--- error_log
invalid parameter "start=tomorrow" of "seckill_sale", allowed: a time like 2026-11-27T09:00:00Z


=== TEST 19: a time without a zone
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 end=2026-11-27T09:00:00;
--- config
    # 19
--- must_die
--- error_log
invalid parameter "end=2026-11-27T09:00:00" of "seckill_sale"


=== TEST 20: a day that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 end=2026-02-30T09:00:00Z;
--- config
    # 20
--- must_die
--- error_log
invalid parameter "end=2026-02-30T09:00:00Z" of "seckill_sale"


=== TEST 21: an end before the start
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2026-11-27T09:00:00Z end=2026-11-27T10:00:00+01:00;
--- config
    # 21
--- must_die
--- error_log
has "end" that is not after "start"


=== TEST 22: a sale twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1;
    seckill_sale zone=drop name=phone stock=2;
--- config
    # 22
--- must_die
--- error_log
duplicate sale "phone" in zone "drop"


=== TEST 23: a stock that does not fit, with the size that would do
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1000000;
--- config
    # 23
--- must_die
--- error_log eval
qr/seckill zone "drop" of 2048k has room for \d+ units in 64 sales, its 1 sales have 1000000: a size of \d+m would do/


=== TEST 24: and it does
--- http_config
    seckill_zone zone=drop:51m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1000000;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; } # 24
--- request
POST /seckill?sale=phone&user=a
--- response_body_like: "won"


=== TEST 25: seckill without a zone
--- http_config
--- config
    location = /seckill { seckill; } # 25
--- must_die
--- error_log
invalid number of arguments in "seckill" directive


=== TEST 26: a timeout of 0
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /seckill { seckill zone=drop user=$arg_user timeout=0; } # 26
--- must_die
--- error_log
invalid parameter "timeout=0" of "seckill", allowed: 1ms to 1h, like 5s


=== TEST 27: an unknown parameter of seckill
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /seckill { seckill zone=drop user=$arg_user users=all; } # 27
--- must_die
--- error_log
invalid parameter "users=all" of "seckill", allowed: zone=name, sale=value, user=value, timeout=time, cross_site=on, cross_site=off, status=json, status=auth, intercept=on, intercept=off


=== TEST 28: seckill twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; seckill zone=drop user=$arg_user; } # 28
--- must_die
--- error_log
"seckill" directive is duplicate


=== TEST 29: two handlers in a location
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /seckill { seckill zone=drop user=$arg_user; seckill_metrics zone=drop; } # 29
--- must_die
--- error_log
"seckill_metrics" directive is in a location that another seckill directive answers


=== TEST 30: the API needs a key, or to be told that it needs none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location /api/ { seckill_api zone=drop; } # 30
--- must_die
--- error_log
"seckill_api" directive must have "key=file", or "key=off" where access rules guard the location


=== TEST 31: a key file that is not there
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location /api/ { seckill_api zone=drop key=/nowhere/seckill.key; } # 31
--- must_die
--- error_log
open() "/nowhere/seckill.key" failed (2: No such file or directory)


=== TEST 32: a key file that everyone may read
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location /api/ { seckill_api zone=drop key=/etc/passwd; } # 32
--- must_die
--- error_log
the key file "/etc/passwd" is open to everyone: chmod 600


=== TEST 33: a format that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /metrics { seckill_metrics zone=drop format=xml; } # 33
--- must_die
--- error_log
invalid parameter "format=xml" of "seckill_metrics", allowed: zone=, format=prometheus, format=json


=== TEST 34: a directory whose parent is missing
--- http_config
    seckill_zone zone=drop:2m store=/nowhere/at/all/drop.db;
--- config
    # 34
--- must_die
--- error_log
mkdir() "/nowhere/at/all" failed (2: No such file or directory)


=== TEST 35: at the level of a server, for what no location takes
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/drop.db;
    seckill_sale zone=drop name=phone stock=1;
--- config
    seckill zone=drop user=$arg_user;
    location /other { return 204; } # 35
--- request eval
["POST /any?sale=phone&user=a", "GET /other"]
--- error_code eval
[200, 204]
--- response_body_like eval
[qr/"won"/, qr/^$/]


=== TEST 36: a time that is none: 2026-1-5T9:0:0Z
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2026-1-5T9:0:0Z;
--- config
    # # 36
--- must_die
--- error_log
invalid parameter "start=2026-1-5T9:0:0Z" of "seckill_sale"


=== TEST 37: a time that is none: 2026-11-27T09:00:00.Z
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2026-11-27T09:00:00.Z;
--- config
    # # 37
--- must_die
--- error_log
invalid parameter "start=2026-11-27T09:00:00.Z" of "seckill_sale"


=== TEST 38: a time that is none: 2026-11-27T09:00:00.
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2026-11-27T09:00:00.;
--- config
    # # 38
--- must_die
--- error_log
invalid parameter "start=2026-11-27T09:00:00." of "seckill_sale"


=== TEST 39: a time that is none: 2026-11-27T23:59:61Z
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2026-11-27T23:59:61Z;
--- config
    # # 39
--- must_die
--- error_log
invalid parameter "start=2026-11-27T23:59:61Z" of "seckill_sale"


=== TEST 40: a time that is none: 2026-11-27T09:00:00+99:99
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2026-11-27T09:00:00+99:99;
--- config
    # # 40
--- must_die
--- error_log
invalid parameter "start=2026-11-27T09:00:00+99:99" of "seckill_sale"


=== TEST 41: a time that is none: 2026-11-31T09:00:00Z
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2026-11-31T09:00:00Z;
--- config
    # # 41
--- must_die
--- error_log
invalid parameter "start=2026-11-31T09:00:00Z" of "seckill_sale"


=== TEST 42: a time that is none: 1969-12-31T00:00:00Z
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=1969-12-31T00:00:00Z;
--- config
    # # 42
--- must_die
--- error_log
invalid parameter "start=1969-12-31T00:00:00Z" of "seckill_sale"


=== TEST 43: a parameter twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 stock=2;
--- config
    # # 43
--- must_die
--- error_log
duplicate parameter "stock=2" of "seckill_sale"


=== TEST 44: a flag twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 paused paused;
--- config
    # # 44
--- must_die
--- error_log
duplicate parameter "paused" of "seckill_sale"


=== TEST 45: a zone twice in a location
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location /a { seckill zone=drop user=$arg_user zone=drop; } # 45
--- must_die
--- error_log
duplicate parameter "zone=drop" of "seckill"


=== TEST 46: the API in a regular expression
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location ~ ^/api/ { seckill_api zone=drop key=off; } # 46
--- must_die
--- error_log
"seckill_api" directive is not allowed in an exact, named or regular expression location


=== TEST 47: a timeout that is too long
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location /a { seckill zone=drop user=$arg_user timeout=2h; } # 47
--- must_die
--- error_log
invalid parameter "timeout=2h" of "seckill", allowed: 1ms to 1h, like 5s


=== TEST 48: a hold that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 hold=31d;
--- config
    # # 48
--- must_die
--- error_log
invalid parameter "hold=31d" of "seckill_sale", allowed: whole seconds, 0 to 30d, like 15m


=== TEST 49: a size in g, which nginx does not know
--- http_config
    seckill_zone zone=drop:1g;
--- config
    # 49
--- must_die
--- error_log
invalid parameter "zone=drop:1g" of "seckill_zone", allowed: zone=name:size, with a size in k or m, like 64m


=== TEST 50: a store without a name
--- http_config
    seckill_zone zone=drop:1m store=seckill_cache/;
--- config
    # 50
--- must_die
--- error_log
invalid parameter "store=seckill_cache/" of "seckill_zone", allowed: store=file


=== TEST 51: the API in an exact location
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /api { seckill_api zone=drop key=off; } # 51
--- must_die
--- error_log
"seckill_api" directive is not allowed in an exact, named or regular expression location


=== TEST 52: one store for two zones, before it is there
--- http_config
    seckill_zone zone=drop:2m store=logs/new.db;
    seckill_zone zone=twin:2m store=logs/../logs/new.db;
--- config
    # 52
--- must_die
--- error_log
logs/../logs/new.db" is used by the seckill zones "drop" and "twin"


=== TEST 53: two stores of one name, in two directories
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/one.db;
    seckill_zone zone=twin:2m store=seckill_cache/../two_cache/one.db;
--- config
    location = /seckill { seckill zone=twin user=$arg_user; } # 53
--- request
GET /seckill?sale=phone&user=a
--- error_code: 404
--- response_body
{"code":102,"result":"unknown_sale","sale":"phone","user":"a"}


=== TEST 54: redis= is there twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 redis=redis://other;
--- config
    # 54
--- must_die
--- error_log
duplicate parameter "redis=redis://other" of "seckill_zone"


=== TEST 55: a URL of something else
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=http://127.0.0.1;
--- config
    # 55
--- must_die
--- error_log
invalid parameter "redis=http://127.0.0.1" of "seckill_zone": has to begin with redis://, rediss://, unix:, sentinel:// or cluster://


=== TEST 56: a host without a scheme
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=127.0.0.1:6379;
--- config
    # 56
--- must_die
--- error_log
invalid parameter "redis=127.0.0.1:6379" of "seckill_zone": has to begin with redis://


=== TEST 57: a URL without a host
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://;
--- config
    # 57
--- must_die
--- error_log
invalid parameter "redis=redis://" of "seckill_zone": has no host where one is wanted


=== TEST 58: a password in the URL
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://shop:secret@127.0.0.1;
--- config
    # 58
--- must_die
--- error_log
invalid parameter "redis=redis://shop:secret@127.0.0.1" of "seckill_zone": has a password, or a ":" before the "@": only a user is allowed there


=== TEST 59: no user before the @
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://@127.0.0.1;
--- config
    # 59
--- must_die
--- error_log
invalid parameter "redis=redis://@127.0.0.1" of "seckill_zone": has no user before the "@"


=== TEST 60: a port that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:0;
--- config
    # 60
--- must_die
--- error_log
invalid parameter "redis=redis://127.0.0.1:0" of "seckill_zone": has the invalid port "0": 1 to 65535 is allowed


=== TEST 61: two hosts without Sentinels
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://a,b;
--- config
    # 61
--- must_die
--- error_log
invalid parameter "redis=redis://a,b" of "seckill_zone": names more than 1 host


=== TEST 62: an IPv6 address without brackets
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://::1;
--- config
    # 62
--- must_die
--- error_log
invalid parameter "redis=redis://::1" of "seckill_zone": has the invalid host "::1": an IPv6 address stands in brackets


=== TEST 63: a database that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1/x;
--- config
    # 63
--- must_die
--- error_log
invalid parameter "redis=redis://127.0.0.1/x" of "seckill_zone": has the invalid database "x"


=== TEST 64: a socket without a full path
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=unix:run/redis.sock;
--- config
    # 64
--- must_die
--- error_log
invalid parameter "redis=unix:run/redis.sock" of "seckill_zone": names no absolute path of a socket


=== TEST 65: Sentinels without a primary
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=sentinel://a,b;
--- config
    # 65
--- must_die
--- error_log
invalid parameter "redis=sentinel://a,b" of "seckill_zone": does not say what the sentinels call the primary


=== TEST 66: a cluster with a database
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=cluster://a,b/1;
--- config
    # 66
--- must_die
--- error_log
invalid parameter "redis=cluster://a,b/1" of "seckill_zone": has a "/" after the hosts: a cluster has one database, and nothing may follow


=== TEST 67: a password that cannot be read
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 redis_password=nowhere;
--- config
    # 67
--- must_die
--- error_log
cannot read the password in "


=== TEST 68: no password in its file
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 redis_password=/dev/null;
--- config
    # 68
--- must_die
--- error_log
no password of 1 to 512 bytes in the first line of "/dev/null"


=== TEST 69: a machine with a bad name
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 machine=a/b;
--- config
    # 69
--- must_die
--- error_log
invalid machine name "a/b" of "seckill_zone", allowed: 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-"


=== TEST 69.1: a machine that no path could name
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 machine=..;
--- config
    # 69.1
--- must_die
--- error_log
invalid machine name ".." of "seckill_zone", allowed: 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-", not "-" first, nor dots alone


=== TEST 70: a machine without a name
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 machine=;
--- config
    # 70
--- must_die
--- error_log
invalid machine name "" of "seckill_zone", allowed: 1 to 64 of A-Z


=== TEST 71: too many replicas
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 wait=17;
--- config
    # 71
--- must_die
--- error_log
invalid parameter "wait=17" of "seckill_zone", allowed: 0 to 16 replicas


=== TEST 72: a log that keeps too little
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 keep=5;
--- config
    # 72
--- must_die
--- error_log
invalid parameter "keep=5" of "seckill_zone", allowed: 1000 events or more


=== TEST 73: gone too soon
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 gone=100ms;
--- config
    # 73
--- must_die
--- error_log
invalid parameter "gone=100ms" of "seckill_zone", allowed: a time from 1s to 1h


=== TEST 74: gone too late
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 gone=61m;
--- config
    # 74
--- must_die
--- error_log
invalid parameter "gone=61m" of "seckill_zone", allowed: a time from 1s to 1h


=== TEST 75: a timeout that is too short
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 redis_timeout=99ms;
--- config
    # 75
--- must_die
--- error_log
invalid parameter "redis_timeout=99ms" of "seckill_zone", allowed: a time from 100ms to 30s


=== TEST 76: gone before Redis has to answer
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 gone=1s redis_timeout=501ms;
--- config
    # 76
--- must_die
--- error_log
"gone=" of "seckill_zone" has to be twice as long as "redis_timeout=" at least


=== TEST 77: gone before Redis has to answer, by default
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1 gone=1999ms;
--- config
    # 77
--- must_die
--- error_log
"gone=" of "seckill_zone" has to be twice as long as "redis_timeout=" at least


=== TEST 78: a machine that shares nothing
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db machine=m1;
--- config
    # 78
--- must_die
--- error_log
"machine=m1" of "seckill_zone" has no meaning without "redis="


=== TEST 79: a password for nobody
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db gone=5s redis_password=/etc/passwd;
--- config
    # 79
--- must_die
--- error_log
"redis_password=/etc/passwd" of "seckill_zone" has no meaning without "redis="


=== TEST 80: whom to believe is said
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill zone=drop; } # 80
--- must_die
--- error_log
"seckill" must have "user" parameter


=== TEST 81: a status that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill zone=drop user=$arg_user status=html; } # 81
--- must_die
--- error_log
invalid parameter "status=html" of "seckill", allowed: zone=name, sale=value, user=value, timeout=time, cross_site=on, cross_site=off, status=json, status=auth, intercept=on, intercept=off


=== TEST 82: intercept is on or off
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill zone=drop user=$arg_user intercept=yes; } # 82
--- must_die
--- error_log
invalid parameter "intercept=yes" of "seckill"


=== TEST 83: cross_site is on or off
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill zone=drop user=$arg_user cross_site=no; } # 83
--- must_die
--- error_log
invalid parameter "cross_site=no" of "seckill"


=== TEST 84: a gate without a zone
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate sale=phone user=$arg_user; } # 84
--- must_die
--- error_log
"seckill_gate" must have "zone" parameter


=== TEST 85: a gate without a sale
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate zone=drop user=$arg_user; } # 85
--- must_die
--- error_log
"seckill_gate" must have "sale" parameter


=== TEST 86: a gate without a user
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate zone=drop sale=phone; } # 86
--- must_die
--- error_log
"seckill_gate" must have "user" parameter


=== TEST 87: a gate whose claims are neither on nor off
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate zone=drop sale=phone user=$arg_user claim=yes; } # 87
--- must_die
--- error_log
invalid parameter "claim=yes" of "seckill_gate", allowed: zone=name, sale=value, user=value, timeout=time, cross_site=on, cross_site=off, claim=on, claim=off, state=held,sold,paid, or "off" alone


=== TEST 88: a state that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate zone=drop sale=phone user=$arg_user state=held,expired; } # 88
--- must_die
--- error_log
invalid parameter "state=held,expired" of "seckill_gate"


=== TEST 89: no state at all
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate zone=drop sale=phone user=$arg_user state=; } # 89
--- must_die
--- error_log
invalid parameter "state=" of "seckill_gate"


=== TEST 90: a state and nothing
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate zone=drop sale=phone user=$arg_user state=held,; } # 90
--- must_die
--- error_log
invalid parameter "state=held," of "seckill_gate"


=== TEST 91: a gate twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate zone=drop sale=phone user=$arg_user; seckill_gate off; } # 91
--- must_die
--- error_log
"seckill_gate" directive is duplicate


=== TEST 92: off with something else
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate off zone=drop; } # 92
--- must_die
--- error_log
invalid parameter "off" of "seckill_gate"


=== TEST 93: a parameter of a gate twice
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate zone=drop sale=phone sale=pen user=$arg_user; } # 93
--- must_die
--- error_log
duplicate parameter


=== TEST 94: a gate of a zone that nobody declares
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /a { seckill_gate zone=nowhere sale=phone user=$arg_user; } # 94
--- must_die
--- error_log
nowhere


=== TEST 95: a hold that is made longer than may be
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 hold=1m extend=31d;
--- config
    # # 80
--- must_die
--- error_log
invalid parameter "extend=31d" of "seckill_sale", allowed: whole seconds, 0 to 30d, like 15m


=== TEST 96: a group that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 "group=a b";
--- config
    # # 81
--- must_die
--- error_log
invalid parameter "group=a b" of "seckill_sale", allowed: 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-"


=== TEST 97: a group without a name
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 group=;
--- config
    # # 82
--- must_die
--- error_log
invalid parameter "group=" of "seckill_sale", allowed: 1 to 64 of


=== TEST 98: a shuffled opening without a start
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 shuffle=30s;
--- config
    # 80
--- must_die
--- error_log
"seckill_sale" directive has "shuffle" and no "start"


=== TEST 99: a window that is too long
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2999-01-01T00:00:00Z shuffle=25h;
--- config
    # 81
--- must_die
--- error_log
invalid parameter "shuffle=25h" of "seckill_sale", allowed: whole seconds, 0 to 1d, like 15m


=== TEST 100: a window in fractions of a second
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2999-01-01T00:00:00Z shuffle=1500ms;
--- config
    # 82
--- must_die
--- error_log
invalid parameter "shuffle=1500ms" of "seckill_sale", allowed: whole seconds, 0 to 1d, like 15m


=== TEST 101: an end within the window
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 start=2999-01-01T00:00:00Z end=2999-01-01T00:00:30Z shuffle=30s;
--- config
    # 83
--- must_die
--- error_log
"seckill_sale" directive has "end" that is not after "start" and "shuffle"


=== TEST 102: machines that draw lots without a secret
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db redis=redis://127.0.0.1:1;
    seckill_sale zone=drop name=phone stock=1 start=2999-01-01T00:00:00Z shuffle=30s;
--- config
    # 84
--- must_die
--- error_log
sale "phone" has "shuffle": the seckill zone "drop", which has "redis=", needs "secret=" for it


=== TEST 103: a secret that is not there
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db secret=/nowhere/seckill.secret;
--- config
    # 85
--- must_die
--- error_log
open() "/nowhere/seckill.secret" failed (2: No such file or directory)


=== TEST 104: a secret that everyone may read
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db secret=/etc/passwd;
--- config
    # 86
--- must_die
--- error_log
the secret file "/etc/passwd" is open to everyone: chmod 600


=== TEST 105: a waiting list without a hold
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 waitlist=5;
--- config
    # 87
--- must_die
--- error_log
"seckill_sale" directive has "waitlist" and no "hold"


=== TEST 106: a waiting list over its bounds
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 hold=1m waitlist=1000001;
--- config
    # 88
--- must_die
--- error_log
invalid parameter "waitlist=1000001" of "seckill_sale", allowed: 0 to 1000000


=== TEST 107: a waiting list that is no number
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 hold=1m waitlist=-1;
--- config
    # 89
--- must_die
--- error_log
invalid parameter "waitlist=-1" of "seckill_sale", allowed: 0 to 1000000


=== TEST 108: a waiting list that the zone has no room for
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
    seckill_sale zone=drop name=phone stock=1 hold=1m waitlist=1000000;
--- config
    # 90
--- must_die
--- error_log
a size of 


=== TEST 109: a stream without a zone
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /s { seckill_stream user=$arg_user; } # s110
--- must_die
--- error_log
"seckill_stream" must have "zone" parameter


=== TEST 110: a stream's limit that is none
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /s { seckill_stream zone=drop max=0; } # s111
--- must_die
--- error_log
invalid parameter "max=0" of "seckill_stream", allowed: zone=name, sale=value, user=value, max=1 to 1000000, counts=on, counts=off


=== TEST 111: a stream's limit that is too high
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /s { seckill_stream zone=drop max=1000001; } # s112
--- must_die
--- error_log
invalid parameter "max=1000001" of "seckill_stream"


=== TEST 112: counts that are neither on nor off
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /s { seckill_stream zone=drop counts=some; } # s113
--- must_die
--- error_log
invalid parameter "counts=some" of "seckill_stream"


=== TEST 113: a stream does not claim
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /s { seckill_stream zone=drop timeout=1s; } # s114
--- must_die
--- error_log
invalid parameter "timeout=1s" of "seckill_stream"


=== TEST 114: a stream and claims in one location
--- http_config
    seckill_zone zone=drop:2m store=seckill_cache/a.db;
--- config
    location = /s { seckill zone=drop user=$arg_user; seckill_stream zone=drop; } # s115
--- must_die
--- error_log
"seckill_stream" directive is in a location that another seckill directive answers
