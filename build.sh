#!/usr/bin/env bash
#
# Builds, runs and tests ngx_http_seckill_module: ./build.sh help

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$top/build
cc=${CC:-gcc}

# the rooms of the engine, which knows of no nginx
engine=("$top"/src/{core,ledger,helper,query,redis,machines,token})

# where Debian and Ubuntu put the sources that modules are built against
nginx_dev=/usr/share/nginx/src

# as Debian builds nginx and its modules, see dpkg-buildflags; Ubuntu's gcc
# comes with a _FORTIFY_SOURCE of its own
optimize=(-O2 -fstack-protector-strong -fPIC -Wformat -Werror=format-security
          -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
link=(-Wl,-z,relro -Wl,-z,now)

# what sanitizers look for in core, store and module, and what nginx's own files
# are excused from

sanitize=(-O1 -fno-omit-frame-pointer -fsanitize=address,undefined
          -fno-sanitize-recover=all)
excused=(-fno-sanitize=nonnull-attribute,alignment)


usage() {
    cat <<'END'
usage: ./build.sh [command]

  (none)    build build/release/ngx_http_seckill_module.so for the nginx on
            this machine, and the operator's command, build/release/seckill;
            NGINX_SRC=dir builds that source tree's nginx and the module for
            it; CC=clang builds with that
  run       install what is missing, build, and serve a demo sale, with the
            page of a shop and the operator's console, on
            http://127.0.0.1:8080 until Ctrl-C
              PORT=8080   port to listen on
              DATA=dir    nginx's prefix, the store is DATA/seckill/demo.db;
                          remove it to begin anew
            run --machines 3: so many nginx (2 to 8) on PORT and the next
            ones, which sell one stock; with a Redis, a replica and three
            Sentinels on PORT + 20 and the next ones; says what may be killed
  test      install what is missing, build, and run every test
              ./build.sh test t/claim.t    runs some of them
  package   install what is missing, and make Debian packages of the module
            and the command: build/package/*.deb; docs/packages.md
  rush      let a rush of buyers loose on a scratch server and check the
            seven rules, with --machines 3 at several machines;
            ./build.sh rush --help
  bench     put this module beside what would be used instead of it: Lua,
            Redis, PostgreSQL, MariaDB, Node.js; ./build.sh bench --help
  docs      make a page of docs/openapi.yaml: build/docs/index.html
  console   make console/dist/, the operator's page, anew of console/src/, with
            packages from npm; a build of the module takes it as it is there
  install   copy the module to nginx's modules, and the command, its manual
            page and its completion to /usr/local; DESTDIR= goes before the path
  command   build the command alone, and install nothing that is missing;
            CFLAGS, CPPFLAGS, LDFLAGS go in place of those of a release
  clean     remove what was built

Another kind of build, before or behind the command:

  --debug     (build, run, test, install) not optimized, with assertions:
              build/debug
  --sanitize  (build, test) nginx itself, the module in it, with
              AddressSanitizer and UndefinedBehaviorSanitizer, and with
              assertions: build/sanitize;
              without NGINX_SRC, the sources of this machine's nginx are
              fetched with apt-get

Packages are installed with apt-get (Debian, Ubuntu), by root or with sudo.
END
}


say() { printf '%s\n' "$*" >&2; }
die() { say "build.sh: $*"; exit 1; }
wrong() { say "build.sh: $*; see ./build.sh help"; exit 2; }


# need COMMAND-OR-FILE PACKAGE ...: installs packages whose command or file is
# not there; services that they bring are not started

need() {
    local missing=()

    while [ $# -gt 0 ]; do
        case $1 in
            /*) compgen -G "$1" > /dev/null || missing+=("$2") ;;
            *)  PATH=$PATH:/usr/sbin type -P "$1" > /dev/null \
                    || missing+=("$2") ;;
        esac
        shift 2
    done

    [ ${#missing[@]} -gt 0 ] || return 0

    type -P apt-get > /dev/null \
        || die "please install (Debian's names): ${missing[*]}"

    local sudo=()
    if [ "$(id -u)" != 0 ]; then
        type -P sudo > /dev/null \
            || die "please install as root: apt-get install ${missing[*]}"
        sudo=(sudo)
    fi

    say "installing ${missing[*]}"

    local apt=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq)

    "${sudo[@]}" "${apt[@]}" update \
        || die "apt-get update failed"
    "${sudo[@]}" "${apt[@]}" install -y --no-install-recommends \
        "${missing[@]}" > /dev/null \
        || die "apt-get install ${missing[*]} failed"
}


# all of Perl: a minimal system has its interpreter

need_perl() { need "/usr/share/perl/*/FindBin.pm" perl; }


# msgpack-c's package and library have other names since its version 6

msgpack_package() {
    if apt-cache show libmsgpack-c-dev > /dev/null 2>&1; then
        echo libmsgpack-c-dev
    else
        echo libmsgpack-dev
    fi
}


# what the engine is linked with

engine_libs() {
    local msgpack=-lmsgpackc

    ! echo 'int main(void) { return 0; }' \
        | "$cc" -x c - -o /dev/null -lmsgpack-c 2> /dev/null \
        || msgpack=-lmsgpack-c

    echo "-lsqlite3 -lsodium -ljansson $msgpack -lhiredis -lssl -lcrypto" \
         -lpthread
}


need_build() {
    case $cc in
        clang) need clang clang "/usr/lib/clang/*/lib/linux/*.asan-*.so" \
                    libclang-rt-dev ;;
        gcc*|cc) need "$cc" gcc ;;
        *)     type -P "$cc" > /dev/null || die "CC=$cc: there is no such compiler" ;;
    esac

    need make make  "/usr/include/*/sys/types.h" libc6-dev \
         /usr/include/sqlite3.h libsqlite3-dev \
         /usr/include/sodium.h libsodium-dev \
         /usr/include/jansson.h libjansson-dev \
         /usr/include/msgpack.h "$(msgpack_package)" \
         /usr/include/hiredis/hiredis.h libhiredis-dev \
         /usr/include/openssl/ssl.h libssl-dev \
         "/usr/include/*/curl/curl.h" libcurl4-openssl-dev

    [ -n "${NGINX_SRC:-}" ] \
        || need nginx nginx  $nginx_dev/configure nginx-dev

    [ -z "${NGINX_SRC:-}" ] && [ "$kind" != sanitize ] \
        || need /usr/include/pcre2.h libpcre2-dev \
                /usr/include/zlib.h zlib1g-dev
}


need_package() {
    need dpkg-buildpackage dpkg-dev  dh debhelper  pandoc pandoc \
         /usr/share/build-essential/list build-essential
}


need_test() {
    need prove perl  /usr/include/cmocka.h libcmocka-dev  curl curl \
         sqlite3 sqlite3  openssl openssl  promtool prometheus  valgrind valgrind \
         wrk wrk  gnuplot gnuplot-nox  jq jq  spin spin  socat socat \
         /usr/lib/python3/dist-packages/jsonschema python3-jsonschema \
         /usr/lib/python3/dist-packages/yaml python3-yaml \
         /usr/lib/python3/dist-packages/redis python3-redis \
         /usr/lib/python3/dist-packages/msgpack python3-msgpack \
         redis-server redis-server  redis-sentinel redis-sentinel \
         redis-cli redis-tools \
         /usr/lib/python3/dist-packages/jwt python3-jwt \
         /usr/lib/python3/dist-packages/cryptography python3-cryptography \
         /usr/share/perl5/Crypt/JWT.pm libcrypt-jwt-perl \
         cmark-gfm cmark-gfm \
         "/usr/lib/*/perl5/*/XML/LibXML.pm" libxml-libxml-perl \
         node nodejs  /usr/share/nodejs/jose node-jose  npm npm \
         chromium chromium \
         "/usr/share/fonts/*/*/Inter-Regular.otf" fonts-inter \
         "/usr/share/fonts/*/*/wqy-microhei.ttc" fonts-wqy-microhei \
         haproxy haproxy  apache2 apache2-bin \
         prometheus-node-exporter prometheus-node-exporter  logrotate logrotate \
         lintian lintian  mmdebstrap mmdebstrap
}


# this module's peers, and what puts load on them

need_bench() {
    need curl curl  sqlite3 sqlite3  openssl openssl \
         wrk wrk  h2load nghttp2-client  gnuplot gnuplot-nox \
         /usr/lib/nginx/modules/ngx_http_lua_module.so libnginx-mod-http-lua \
         /usr/share/lua/5.1/nginx/redis.lua lua-nginx-redis \
         "/usr/lib/*/lua/5.1/cjson.so" lua-cjson \
         redis-server redis-server  redis-cli redis-tools \
         node nodejs  /usr/share/nodejs/@redis node-redis \
         "/usr/lib/postgresql/*/bin/pgbench" postgresql \
         mariadbd mariadb-server  mariadb mariadb-client  sysbench sysbench
}


build_bench() {
    "$cc" -std=gnu11 -g "${optimize[@]}" -Wall -Wextra -Werror \
        "${engine[@]/#/-I}" "$top"/bench/core/*.c \
        $(printf '%s/*.c ' "${engine[@]}") -o "$build/bench-core" \
        $(engine_libs)

    "$cc" -std=gnu11 -g "${optimize[@]}" -Wall -Wextra -Werror \
        "${engine[@]/#/-I}" "$top"/bench/verify/ledger.c \
        $(printf '%s/*.c ' "${engine[@]}") -o "$build/bench-ledger" \
        $(engine_libs)
}


# the sources of the nginx on this machine, whole: nginx-dev has headers only.
# Of Debian's package, what nginx has released; nothing of apt's own is changed.

fetch_nginx() {
    local version dir=$build/nginx-source file apt

    version=$(nginx_version | sed 's,nginx/\([0-9.]*\).*,\1,')
    nginx_src=$dir/nginx-$version

    [ ! -d "$nginx_src" ] || return 0

    say "fetching the sources of nginx $version"

    rm -rf "$dir"
    mkdir -p "$dir/sources" "$dir/lists/partial" "$dir/cache"

    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$file" ] || sed -n 's/^deb /deb-src /p' "$file"
    done > "$dir/sources/a.list"

    for file in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$file" ] || { sed 's/^Types:.*/Types: deb-src/' "$file"; echo; }
    done > "$dir/sources/b.sources"

    apt=(-qq -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache"
         -o Dir::Etc::SourceList=/dev/null
         -o "Dir::Etc::SourceParts=$dir/sources" -o APT::Sandbox::User=)

    (cd "$dir" && apt-get "${apt[@]}" update \
        && apt-get "${apt[@]}" source --tar-only --download-only nginx \
        && tar -xf nginx_"$version".orig.tar.*) >&2 \
        && [ -d "$nginx_src" ] \
        || die "no sources of nginx $version to be had, please set NGINX_SRC"
}


build_module() {
    local objs=$out/nginx targets=(modules)

    if [ -n "${NGINX_SRC:-}" ]; then
        objs=$out/nginx-src
        targets=()
    fi

    if [ "$kind" = sanitize ]; then
        configure_and_make "$objs" "--add-module=$top" "--add-module=$top/t/line"
        say "built ${objs#"$top"/}/nginx, $(nginx_version)"
        return
    fi

    configure_and_make "$objs" "--add-dynamic-module=$top" -- "${targets[@]}"
    replace "$objs/${module##*/}" "$module"

    say "built ${module#"$top"/} for $(nginx_version)"
}


# build_command [FLAG ...]: the command, of the engine's rooms that it takes, and
# of its own; where nginx is built with sanitizers, so is it

build_command() {
    local seckill=$out/seckill objs=$out/cli.o rooms flags
    local src=("$top"/src/{core,ledger,token})

    rooms=("$top"/cli/*/)
    rooms=("${rooms[@]%/}")

    [ ! -x "$seckill" ] \
        || [ -n "$(find "$top/cli" "${src[@]}" -newer "$seckill")" ] \
        || return 0

    case $kind in
        release)  flags=(-Werror "${optimize[@]}" "${link[@]}") ;;
        debug)    flags=(-Werror -O0 -DSK_DEBUG=1) ;;
        sanitize) flags=(-Werror "${sanitize[@]}" -DSK_DEBUG=1) ;;
    esac

    [ $# -eq 0 ] || flags=("$@")

    rm -rf "$objs"
    mkdir -p "$objs"

    (cd "$objs" && printf '%s\0' "$top/cli/seckill.c" \
            $(printf '%s/*.c ' "${src[@]}" "${rooms[@]}") \
        | xargs -0 -n 4 -P "$(nproc)" "$cc" -std=gnu11 -D_GNU_SOURCE -g \
            "${flags[@]}" -Wall -Wextra "${src[@]/#/-I}" \
            "${rooms[@]/#/-I}" -c) || die "the command cannot be compiled"

    "$cc" "${flags[@]}" "$objs"/*.o -o "$seckill.new" -lcurl $(engine_libs)
    mv -f "$seckill.new" "$seckill"

    say "built ${seckill#"$top"/}"
}


# a second user of zones, without HTTP, for t/life/line.t; where nginx is built
# with sanitizers, it is in that nginx

build_line() {
    [ "$kind" = sanitize ] \
        || configure_and_make "$out/nginx-line" \
               "--add-dynamic-module=$top/t/line" -- modules
}


# configure_and_make OBJS MODULE ... [-- TARGET ...]: nginx's own build, out of
# its tree

configure_and_make() {
    local objs=$1 src=${NGINX_SRC:-$nginx_dev} flags=() added=()
    local cc_opt ld_opt

    mkdir -p "$out"
    shift

    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        added+=("$1")
        shift
    done

    [ $# -eq 0 ] || shift

    if [ -n "${NGINX_SRC:-}" ]; then
        src=$(cd "$NGINX_SRC" 2> /dev/null && pwd) \
            || die "NGINX_SRC=$NGINX_SRC: there is no such directory"
        flags=(--with-compat --with-debug --with-threads
               --with-http_ssl_module --with-http_v2_module
               --with-http_auth_request_module --with-http_realip_module)
    else
        # NGX_CONF_FLAGS, as Debian's nginx was configured
        . "$src/conf_flags"
        flags=("${NGX_CONF_FLAGS[@]}")
    fi

    case $kind in
        release)  cc_opt=${optimize[*]} ld_opt=${link[*]} ;;
        debug)    cc_opt="-O0 -fPIC -DSK_DEBUG=1" ld_opt= ;;

        # each allocation of a pool is one of malloc; nothing of the module
        # may be unloaded before leaks are looked for
        sanitize) cc_opt="${sanitize[*]} -DSK_DEBUG=1 -DNGX_DEBUG_PALLOC"
                  cc_opt+=" -DNGX_DEBUG_MALLOC"
                  ld_opt="-fsanitize=address,undefined"
                  [ -n "${NGINX_SRC:-}" ] \
                      || { fetch_nginx; src=$nginx_src; } ;;
    esac

    cc_opt+=" -Wall -Wextra -Wno-unused-parameter -Werror"
    flags+=(--with-cc="$cc" --with-cc-opt="-g $cc_opt" --with-ld-opt="$ld_opt"
            "${added[@]}")

    local configure=configure
    [ -f "$src/$configure" ] || configure=auto/configure
    [ -f "$src/$configure" ] || die "no nginx sources in $src"

    # anew when another tree, or another list of files, is to be built

    local key
    key=$(printf '%s\n' "$src" "${flags[@]}" "$top"/src/*/*.[ch] \
              "$top"/console/dist/* | cksum
          cat "$top/config" "$top/config.libs" "$top/t/line/config" \
              "$src/src/core/nginx.h" | cksum)

    if [ "$key" != "$(cat "$objs/key" 2> /dev/null)" ]; then
        say "building, which takes a minute"
        rm -rf "$objs"
        mkdir -p "$objs"
        (cd "$src" && ./$configure "${flags[@]}" --builddir="$objs") \
            > "$objs/configure.log" 2>&1 \
            || { tail -20 "$objs/configure.log" >&2; die "configure failed"; }
        [ "$kind" != sanitize ] || excuse_nginx "$objs/Makefile"
        printf '%s' "$key" > "$objs/key"
    fi

    (cd "$src" && make -j"$(nproc)" -f "$objs/Makefile" "$@") \
        > "$objs/make.log" 2>&1 \
        || { grep -E -A5 'error:|warning:|undefined ' "$objs/make.log" >&2 \
             || tail -20 "$objs/make.log" >&2; die "make failed"; }
}


# nginx's own files copy nothing from NULL, and read a request's method as a
# word where it stands.  What is compiled with ALL_INCS are the files of added
# modules: there, all is looked for.

excuse_nginx() {
    sed -e 's/^CFLAGS = .*/& '"${excused[*]}"'/' \
        -e 's/^ALL_INCS = /&-fsanitize=undefined -fno-sanitize-recover=all /' \
        "$1" > "$1.new"
    mv "$1.new" "$1"
}


# replace FROM TO: as another file; a process that has TO loaded keeps its own

replace() { cp "$1" "$2.new" && mv -f "$2.new" "$2"; }


nginx_binary() {
    if [ -n "${NGINX_SRC:-}" ]; then
        printf '%s\n' "$out/nginx-src/nginx"
    elif [ "$kind" = sanitize ] && [ -x "$out/nginx/nginx" ]; then
        printf '%s\n' "$out/nginx/nginx"
    else
        PATH=$PATH:/usr/sbin type -P nginx
    fi
}


nginx_version() { "$(nginx_binary)" -v 2>&1 | sed 's/.*: //'; }


# the tests of core and store: plain C, with sanitizers

sanitized=(test_units test_core test_command test_store test_zones test_files
           test_fault test_damaged test_chain test_writer test_hold test_late
           test_clock test_operator test_again test_key test_body test_query
           test_query_files test_redis_url test_redis test_redis_find
           test_machines test_machines_faults test_machines_random test_token
           test_token_keys test_token_cache test_order_late
           test_machines_orders test_extend test_restock test_group
           test_receipt test_opening test_reveal test_waitlist
           test_waitlist_sale test_machines_waitlist
           test_machines_random_orders test_verify)
stepped=(test_kill test_kill_orders test_kill_waitlist)
commanded=(test_cell)

build_unit() {
    # valgrind knows no later DWARF of clang's

    local flags=(-std=gnu11 -gdwarf-4 -DSK_DEBUG=1 -DSK_REDIS_TLS=1
                 -Wall -Wextra -Wno-missing-field-initializers
                 -Werror "${engine[@]/#/-I}"
                 -I"$top/t/unit" -I"$top/cli/verify")
    local libs=(-lcmocka $(engine_libs))
    local name more

    mkdir -p "$build/unit"

    build_engine sanitized "${flags[@]}" "${sanitize[@]}"

    for name in "${sanitized[@]}"; do
        more=()
        [ "$name" != test_verify ] || more=("$top"/cli/verify/*.c)

        "$cc" "${flags[@]}" "${sanitize[@]}" "$top/t/unit/$name.c" \
            "${more[@]}" "$top/t/unit/fault_vfs.c" "$build/unit/sanitized.a" \
            -o "$build/unit/$name" "${libs[@]}"
    done

    # of the command

    local rooms=("$top"/cli/*/)
    rooms=("${rooms[@]%/}")

    for name in "${commanded[@]}"; do
        "$cc" "${flags[@]}" -D_GNU_SOURCE "${sanitize[@]}" \
            "${rooms[@]/#/-I}" "$top/t/unit/$name.c" \
            $(printf '%s/*.c ' "${rooms[@]}") "$build/unit/sanitized.a" \
            -o "$build/unit/$name" -lcurl "${libs[@]}"
    done

    # its instructions are counted, as the module has them

    build_engine optimized "${flags[@]}" -USK_DEBUG "${optimize[@]}"

    "$cc" "${flags[@]}" "${optimize[@]}" "$top/t/perf/losing.c" \
        "$build/unit/optimized.a" -o "$build/unit/losing" "${libs[@]}"

    # stepped through instruction by instruction: as few of them as it has

    build_engine stepped "${flags[@]}" -O1

    for name in "${stepped[@]}"; do
        "$cc" "${flags[@]}" -O1 "$top/t/unit/$name.c" \
            "$build/unit/stepped.a" -o "$build/unit/$name" "${libs[@]}"
    done
}


# build_engine NAME FLAGS: core and store as build/unit/NAME.a

build_engine() {
    local objs=$build/unit/$1.o

    rm -rf "$objs" "$build/unit/$1.a"
    mkdir -p "$objs"

    (cd "$objs" && printf '%s\0' $(printf '%s/*.c ' "${engine[@]}") \
        | xargs -0 -n 4 -P "$(nproc)" "$cc" "${@:2}" -c)

    ar rcs "$build/unit/$1.a" "$objs"/*.o
}


run_tests() {
    local tests=("$@") include=(-I"$top/t/lib")

    need_build
    need_test
    build_module
    build_line
    build_command

    # those that use no nginx are the same in all kinds of builds

    if [ ${#tests[@]} -eq 0 ]; then
        tests=(t/*.t t/docs/*.t t/life/*.t)
        [ "$kind" = sanitize ] \
            || tests+=("${sanitized[@]/#/$build/unit/}"
                       "${commanded[@]/#/$build/unit/}"
                       "${stepped[@]/#/$build/unit/}" t/build/*.t t/model/*.t t/perf/*.t
                       t/bench/*.t)
    fi

    case " ${tests[*]} " in *build/unit/*|*t/perf/*) build_unit ;; esac
    case " ${tests[*]} " in *t/bench/*) build_bench ;; esac

    # CPAN's Test::Nginx where it is installed, else the small one of ours
    perl -MTest::Nginx::Socket -e 1 2> /dev/null \
        || include+=(-I"$top/t/lib/compat")

    # a report goes to stderr, which is nginx's error log; each test looks for
    # reports in it.  What is to come within a time may take longer.

    if [ "$kind" = sanitize ]; then
        export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
        export LSAN_OPTIONS=suppressions=$top/t/lib/leaks:print_suppressions=0
        export UBSAN_OPTIONS=print_stacktrace=1
        export SECKILL_TEST_PATIENCE=4
        module= line=
    fi

    # the worker user has to get at the modules and the servers' directories

    TEST_NGINX_BINARY=$(nginx_binary) \
    TEST_NGINX_LOAD_MODULES=$module \
    TEST_NGINX_LINE_MODULE=$line \
    SECKILL_TEST_KIND=$kind \
    SECKILL_TEST_COMMAND=$out/seckill \
    CMOCKA_MESSAGE_OUTPUT=TAP \
        prove --timer --jobs "${JOBS:-2}" --rules 'seq=t/*.t' --rules 'par=**' \
              "${include[@]}" "${tests[@]}"
}


# data_dir NAME: where a demo is, if DATA does not say

data_dir() {
    if [ -n "${DATA:-}" ]; then
        printf '%s\n' "$DATA"

    # root's worker user cannot look into root's home
    elif [ "$(id -u)" = 0 ]; then
        printf '%s\n' "/var/lib/$1"
    else
        printf '%s\n' "${XDG_DATA_HOME:-$HOME/.local/share}/$1"
    fi
}


need_redis() { need redis-server redis-server  redis-sentinel redis-sentinel; }


# copy_page DATA: where nginx finds the demo's page, and its worker user may look

copy_page() {
    rm -rf "$1/page"
    install -d -m 755 "$1/page"
    install -m 644 "$top"/conf/demo/* "$1/page/"
}


# run_machines N

run_machines() {
    local data

    case $1 in [2-8]) ;; *) wrong "run --machines $1: 2 to 8 are possible" ;; esac

    need_perl
    need_build
    need curl curl
    need_redis
    build_module
    build_command

    data=$(data_dir seckill-machines)
    mkdir -p "$data"

    exec tools/machines --machines "$1" --port "$port" \
        --data "$(cd "$data" && pwd)" --nginx "$(nginx_binary)" \
        --module "$module"
}


# say_demo URL DATA

say_demo() {
    cat <<END

  the page of a shop:      $1/   (press "Start the rush" there)
  the operator's console:  $1/console/

  100 phones, and 1000 tickets at $1/?sale=tickets; by hand:

    curl -X POST '$1/seckill?sale=phone&user=alice'
    build/release/seckill --url $1/api sale watch

  the store is $2/seckill/demo.db
  Ctrl-C stops the demo; rm -r $2/seckill then, to begin anew

END
}


run_demo() {
    local port=${PORT:-8080} data nginx pid

    [ "$kind" != sanitize ] || wrong "run takes no --sanitize, that is for tests"

    case $port in *[!0-9]*) die "PORT=$port: a number is wanted" ;; esac

    case ${1:-} in --machines) run_machines "${2:-}" ;;
                   --machines=*) run_machines "${1#*=}" ;; esac

    need_build
    need curl curl
    build_module
    build_command

    data=$(data_dir seckill-demo)
    mkdir -p "$data/logs" "$data/modules"
    data=$(cd "$data" && pwd)
    nginx=$(nginx_binary)

    pid=$(cat "$data/logs/nginx.pid" 2> /dev/null) || pid=
    [ -z "$pid" ] || ! kill -0 "$pid" 2> /dev/null \
        || die "a demo runs in $data (process $pid); for another one:" \
               "PORT=8081 DATA=dir ./build.sh run"

    (: > "/dev/tcp/127.0.0.1/$port") 2> /dev/null \
        && die "port $port is in use; to take another: PORT=8081 ./build.sh run"

    replace "$module" "$data/modules/${module##*/}"
    copy_page "$data"
    sed "s/127.0.0.1:8080/127.0.0.1:$port/" "$top/conf/demo.conf" \
        > "$data/nginx.conf"

    "$nginx" -p "$data/" -c "$data/nginx.conf" -e stderr -q -t \
        || die "the demo does not start, see above"

    say_demo "http://127.0.0.1:$port" "$data"

    exec "$nginx" -p "$data/" -c "$data/nginx.conf" -e stderr \
        -g 'daemon off;'
}


# a page that shows docs/openapi.yaml, with Swagger UI

build_docs() {
    local npm=$build/docs-npm dist

    need npm npm

    mkdir -p "$npm" "$build/docs"
    cp "$top"/docs/page/package*.json "$npm/"

    # none of its scripts is needed, and one reports installations
    (cd "$npm" && npm ci --ignore-scripts --no-audit --no-fund \
        --loglevel=error) > /dev/null || die "npm ci failed"

    dist=$npm/node_modules/swagger-ui-dist
    cp "$dist"/swagger-ui-bundle.js "$dist"/swagger-ui.css \
        "$dist"/LICENSE "$dist"/NOTICE "$top/docs/openapi.yaml" \
        "$top/docs/page/index.html" "$build/docs/"

    say "built build/docs/index.html; a browser wants it served over HTTP:" \
        "nginx's root, or python3 -m http.server -d build/docs"
}


# the operator's page; what is made is in the repository

build_console() {
    need npm npm

    (cd "$top/console" && npm ci --ignore-scripts --no-audit --no-fund \
        --loglevel=error) > /dev/null || die "npm ci failed"

    node "$top/console/build.mjs"
}


install_module() {
    local dir

    [ "$kind" != sanitize ] \
        || wrong "install takes no --sanitize, that is for tests"

    need_build
    build_module
    build_command

    dir=$("$(nginx_binary)" -V 2>&1 \
          | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
    dir=${DESTDIR:-}${dir:-/usr/local/nginx/modules}

    install -d "$dir"
    install -m 644 "$module" "$dir/"

    install_command "${DESTDIR:-}/usr/local"

    say "installed $dir/ngx_http_seckill_module.so; put this at the top of" \
        "nginx.conf:"
    say "    load_module $(printf %s "${dir#"${DESTDIR:-}"}")/ngx_http_seckill_module.so;"
}


# install_command PREFIX

install_command() {
    local seckill=$out/seckill completions=share/bash-completion/completions

    install -d "$1"/{bin,share/man/man1,$completions,share/zsh/site-functions}
    install -m 755 "$seckill" "$1/bin/"
    "$seckill" manual > "$1/share/man/man1/seckill.1"
    "$seckill" completion bash > "$1/$completions/seckill"
    "$seckill" completion zsh > "$1/share/zsh/site-functions/_seckill"

    say "installed $1/bin/seckill"
}


# Debian packages, by debian/ and of a copy, so that this tree stays as it is

build_package() {
    local dir=$build/package tree

    [ -z "${NGINX_SRC:-}" ] \
        || die "package: packages are for the nginx of the distribution"

    need_build
    need_package

    rm -rf "$dir"
    tree=$dir/$(dpkg-parsechangelog -SSource)-$(dpkg-parsechangelog -SVersion)
    mkdir -p "$tree"

    # what is in the repository or may come to it, and nobody's notes or keys

    if [ -e .git ]; then
        git ls-files -z --cached --others --exclude-standard
    else
        find . \( -path ./build -o -path ./t/servroot -o -name node_modules \) \
            -prune -o ! -type d -print0
    fi | tar --null --no-recursion -T - -cf - | tar -xf - -C "$tree"

    say "making packages, which takes some minutes; build/package/build.log has it"

    (cd "$tree" && env -u CC dpkg-buildpackage --no-sign) > "$dir/build.log" 2>&1 \
        || { tail -30 "$dir/build.log" >&2; die "dpkg-buildpackage failed"; }

    say "built" $(cd "$top" && echo build/package/*.deb)
}


cd "$top"

kind=release
command=

while [ $# -gt 0 ]; do
    case $1 in
        --debug|--sanitize) kind=${1#--} ;;
        *) [ -z "$command" ] || break; command=$1 ;;
    esac
    shift
done

command=${command:-build}

case $command in
    build|run|test|install) ;;
    package|command|rush|bench|docs|console|clean|help|-h|--help)
        [ "$kind" = release ] || wrong "$command takes no --$kind" ;;
    *)  wrong "there is no command $command" ;;
esac

case $command in
    test)
        for file in "$@"; do
            case $file in
                "$top"/build/unit/*|build/unit/*) ;;
                *) [ -e "$file" ] || wrong "there is no test $file" ;;
            esac
        done ;;
    run)
        case $#:${1:-} in
            0:|1:--machines=*|2:--machines) ;;
            *) wrong "run takes --machines N and no other argument" ;;
        esac ;;
    rush|bench) ;;
    *)  [ $# -eq 0 ] || wrong "$command takes no argument, \"$1\" is one" ;;
esac

out=$build/$kind
module=$out/ngx_http_seckill_module.so
line=$out/nginx-line/ngx_seckill_line_module.so

case $command in
    build)          need_build; build_module; build_command ;;
    run)            run_demo "$@" ;;
    test)           run_tests "$@" ;;
    rush)           need_perl
                    case " $* " in *" --help "*) exec tools/rush --help ;; esac
                    tools/rush --check "$@"
                    need_build; need wrk wrk  sqlite3 sqlite3
                    case " $* " in *" --machines"*) need_redis ;; esac
                    build_module
                    NGINX=$(nginx_binary) MODULE=$module exec tools/rush "$@" ;;
    bench)          need_perl
                    case " $* " in *" --help "*) exec bench/run --help ;; esac
                    bench/run --check "$@"
                    [ -z "${NGINX_SRC:-}" ] \
                        || die "bench: the peers' modules are for Debian's nginx"
                    need_build; need_bench
                    build_module; build_bench
                    exec bench/run "$@" ;;
    docs)           build_docs ;;
    package)        build_package ;;
    command)        build_command ${CFLAGS:-} ${CPPFLAGS:-} ${LDFLAGS:-} ;;
    console)        build_console ;;
    install)        install_module ;;
    clean)          rm -rf "$build" t/servroot ;;
    help|-h|--help) usage ;;
esac
