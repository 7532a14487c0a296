#!/usr/bin/env bash
#
# Builds, runs and tests ngx_http_seckill_module: ./build.sh help

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$top/build
module=$build/ngx_http_seckill_module.so

# the rooms of the engine, which knows of no nginx
engine=("$top"/src/{core,ledger,helper,query})

# where Debian and Ubuntu put the sources that modules are built against
nginx_dev=/usr/share/nginx/src

# as Debian builds nginx
optimize=(-O2 -fstack-protector-strong -fPIC)


usage() {
    cat <<'END'
usage: ./build.sh [command]

  (none)    build build/ngx_http_seckill_module.so for the nginx on this
            machine; NGINX_SRC=dir builds that source tree's nginx and the
            module for it
  run       install what is missing, build, and serve a demo sale on
            http://127.0.0.1:8080 until Ctrl-C
              PORT=8080   port to listen on
              DATA=dir    nginx's prefix, the store is DATA/seckill/demo.db;
                          remove it to begin anew
  test      install what is missing, build, and run every test
              ./build.sh test t/claim.t    runs some of them
  rush      let a rush of buyers loose on a scratch server and check the
            seven rules; ./build.sh rush --help
  bench     put this module beside what would be used instead of it: Lua,
            Redis, PostgreSQL, MariaDB, Node.js; ./build.sh bench --help
  docs      make a page of docs/openapi.yaml: build/docs/index.html
  install   copy the module to nginx's modules; DESTDIR= goes before the path
  clean     remove what was built

Packages are installed with apt-get (Debian, Ubuntu), by root or with sudo.
END
}


say() { printf '%s\n' "$*" >&2; }
die() { say "build.sh: $*"; exit 1; }


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


need_build() {
    need gcc gcc  make make  "/usr/include/*/sys/types.h" libc6-dev \
         /usr/include/sqlite3.h libsqlite3-dev \
         /usr/include/sodium.h libsodium-dev  /usr/include/jansson.h libjansson-dev

    if [ -n "${NGINX_SRC:-}" ]; then
        need /usr/include/pcre2.h libpcre2-dev \
             /usr/include/openssl/ssl.h libssl-dev  /usr/include/zlib.h zlib1g-dev
    else
        need nginx nginx  $nginx_dev/configure nginx-dev
    fi
}


need_test() {
    need prove perl  /usr/include/cmocka.h libcmocka-dev  curl curl \
         sqlite3 sqlite3  openssl openssl  promtool prometheus  valgrind valgrind \
         wrk wrk  gnuplot gnuplot-nox  jq jq \
         /usr/lib/python3/dist-packages/jsonschema python3-jsonschema \
         /usr/lib/python3/dist-packages/yaml python3-yaml
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
    gcc -std=gnu11 -g "${optimize[@]}" -Wall -Wextra -Werror \
        "${engine[@]/#/-I}" "$top/bench/core/core.c" \
        $(printf '%s/*.c ' "${engine[@]}") -o "$build/bench-core" \
        -lsqlite3 -lsodium -ljansson -lpthread
}


# configure and make DIR: nginx's own build, out of its tree

build_module() {
    local objs=$build/nginx src=${NGINX_SRC:-$nginx_dev} flags=() target

    mkdir -p "$build"

    if [ -n "${NGINX_SRC:-}" ]; then
        src=$(cd "$NGINX_SRC" && pwd) || die "no directory $NGINX_SRC"
        objs=$build/nginx-src
        flags=(--with-compat --with-debug --with-threads
               --with-http_ssl_module --with-http_v2_module)
        target=()
    else
        # NGX_CONF_FLAGS, as Debian's nginx was configured
        . "$src/conf_flags"
        flags=("${NGX_CONF_FLAGS[@]}")
        target=(modules)
    fi

    local configure=configure
    [ -f "$src/$configure" ] || configure=auto/configure
    [ -f "$src/$configure" ] || die "no nginx sources in $src"

    # anew when another tree, or another list of files, is to be built

    local key
    key=$(printf '%s\n' "$src" "$top"/config "$top"/src/*/*.[ch] \
          | cksum; cksum < "$top/config"; cksum < "$src/src/core/nginx.h")

    if [ "$key" != "$(cat "$objs/key" 2> /dev/null)" ]; then
        rm -rf "$objs"
        mkdir -p "$objs"
        (cd "$src" && ./$configure "${flags[@]}" --builddir="$objs" \
            --with-cc-opt="-g ${optimize[*]} -Wall -Wextra -Werror" \
            --add-dynamic-module="$top") > "$objs/configure.log" 2>&1 \
            || { tail -20 "$objs/configure.log" >&2; die "configure failed"; }
        printf '%s' "$key" > "$objs/key"
    fi

    (cd "$src" && make -j"$(nproc)" -f "$objs/Makefile" "${target[@]}") \
        > "$objs/make.log" 2>&1 \
        || { grep -E -A5 'error:|warning:|undefined ' "$objs/make.log" >&2 \
             || tail -20 "$objs/make.log" >&2; die "make failed"; }

    replace "$objs/ngx_http_seckill_module.so" "$module"

    say "built build/ngx_http_seckill_module.so for" \
        "$("$(nginx_binary)" -v 2>&1 | sed 's/.*: //')"
}


# replace FROM TO: as another file; a process that has TO loaded keeps its own

replace() { cp "$1" "$2.new" && mv -f "$2.new" "$2"; }


nginx_binary() {
    if [ -n "${NGINX_SRC:-}" ]; then
        printf '%s\n' "$build/nginx-src/nginx"
    else
        PATH=$PATH:/usr/sbin type -P nginx
    fi
}


# a second user of zones, without HTTP, for t/life/line.t

build_line() {
    local objs=$build/nginx-line src=${NGINX_SRC:-$nginx_dev} flags=()
    local configure=configure key

    if [ -n "${NGINX_SRC:-}" ]; then
        flags=(--with-compat --with-debug)
    else
        . "$src/conf_flags"
        flags=("${NGX_CONF_FLAGS[@]}")
    fi

    [ -f "$src/$configure" ] || configure=auto/configure

    key=$(printf '%s\n' "$src" "$top"/src/*/*.[ch] \
          | cksum; cksum < "$top/t/line/config"; cksum < "$src/src/core/nginx.h")

    if [ "$key" != "$(cat "$objs/key" 2> /dev/null)" ]; then
        rm -rf "$objs"
        mkdir -p "$objs"
        (cd "$src" && ./$configure "${flags[@]}" --builddir="$objs" \
            --with-cc-opt="-g ${optimize[*]} -Wall -Wextra -Werror" \
            --add-dynamic-module="$top/t/line") > "$objs/configure.log" 2>&1 \
            || { tail -20 "$objs/configure.log" >&2; die "configure failed"; }
        printf '%s' "$key" > "$objs/key"
    fi

    (cd "$src" && make -j"$(nproc)" -f "$objs/Makefile" modules) \
        > "$objs/make.log" 2>&1 \
        || { grep -E -A5 'error:|warning:|undefined ' "$objs/make.log" >&2 \
             || tail -20 "$objs/make.log" >&2; die "make failed"; }
}


# the tests of core and store: plain C, with sanitizers

sanitized=(test_units test_core test_command test_store test_zones test_files
           test_fault test_damaged test_writer test_hold test_late test_clock
           test_operator test_again test_body test_query test_query_files)
stepped=(test_kill test_kill_orders)

build_unit() {
    local flags=(-std=gnu11 -g -DSK_DEBUG=1
                 -Wall -Wextra -Wno-missing-field-initializers
                 -Werror "${engine[@]/#/-I}"
                 -I"$top/t/unit")
    local libs=(-lcmocka -lsqlite3 -lsodium -ljansson -lpthread)
    local sanitize=(-O1 -fsanitize=address,undefined
                    -fno-sanitize-recover=all)
    local name

    mkdir -p "$build/unit"

    build_engine sanitized "${flags[@]}" "${sanitize[@]}"

    for name in "${sanitized[@]}"; do
        gcc "${flags[@]}" "${sanitize[@]}" "$top/t/unit/$name.c" \
            "$top/t/unit/fault_vfs.c" "$build/unit/sanitized.a" \
            -o "$build/unit/$name" "${libs[@]}"
    done

    # its instructions are counted, as the module has them

    build_engine optimized "${flags[@]}" -USK_DEBUG "${optimize[@]}"

    gcc "${flags[@]}" "${optimize[@]}" "$top/t/perf/losing.c" \
        "$build/unit/optimized.a" -o "$build/unit/losing" "${libs[@]}"

    # stepped through instruction by instruction: as few of them as it has

    build_engine stepped "${flags[@]}" -O1

    for name in "${stepped[@]}"; do
        gcc "${flags[@]}" -O1 "$top/t/unit/$name.c" \
            "$build/unit/stepped.a" -o "$build/unit/$name" "${libs[@]}"
    done
}


# build_engine NAME FLAGS: core and store as build/unit/NAME.a

build_engine() {
    local objs=$build/unit/$1.o

    rm -rf "$objs" "$build/unit/$1.a"
    mkdir -p "$objs"

    (cd "$objs" && printf '%s\0' $(printf '%s/*.c ' "${engine[@]}") \
        | xargs -0 -n 4 -P "$(nproc)" gcc "${@:2}" -c)

    ar rcs "$build/unit/$1.a" "$objs"/*.o
}


run_tests() {
    local tests=("$@") include=(-I"$top/t/lib")

    need_build
    need_test
    build_module
    build_line
    build_unit

    if [ ${#tests[@]} -eq 0 ]; then
        tests=("${sanitized[@]/#/$build/unit/}" "${stepped[@]/#/$build/unit/}"
               t/*.t t/docs/*.t t/perf/*.t t/bench/*.t t/life/*.t)
    fi

    # CPAN's Test::Nginx where it is installed, else the small one of ours
    perl -MTest::Nginx::Socket -e 1 2> /dev/null \
        || include+=(-I"$top/t/lib/compat")

    # the worker user has to get at the modules and the servers' directories

    TEST_NGINX_BINARY=$(nginx_binary) \
    TEST_NGINX_LOAD_MODULES=$module \
    TEST_NGINX_LINE_MODULE=$build/nginx-line/ngx_seckill_line_module.so \
    CMOCKA_MESSAGE_OUTPUT=TAP \
        prove --timer "${include[@]}" "${tests[@]}"
}


run_demo() {
    local port=${PORT:-8080} data=${DATA:-} nginx

    need_build
    need curl curl
    build_module

    if [ -z "$data" ]; then
        # root's worker user cannot look into root's home
        if [ "$(id -u)" = 0 ]; then
            data=/var/lib/seckill-demo
        else
            data=${XDG_DATA_HOME:-$HOME/.local/share}/seckill-demo
        fi
    fi

    mkdir -p "$data/logs" "$data/modules"
    data=$(cd "$data" && pwd)
    nginx=$(nginx_binary)

    replace "$module" "$data/modules/${module##*/}"
    sed "s/127.0.0.1:8080/127.0.0.1:$port/" "$top/conf/demo.conf" \
        > "$data/nginx.conf"

    "$nginx" -p "$data/" -c "$data/nginx.conf" -e stderr -q -t \
        || die "the demo does not start, see above"

    (: > "/dev/tcp/127.0.0.1/$port") 2> /dev/null \
        && die "port $port is in use; to take another: PORT=8081 ./build.sh run"

    cat <<END

sales of 100 phones and of 1000 tickets on http://127.0.0.1:$port; try

  curl -X POST 'http://127.0.0.1:$port/seckill?sale=phone&user=alice'
  curl 'http://127.0.0.1:$port/seckill?sale=phone&user=alice'

  SECKILL_URL=http://127.0.0.1:$port/api tools/seckill sale watch

also http://127.0.0.1:$port/api/events and http://127.0.0.1:$port/metrics;
the store is $data/seckill/demo.db; Ctrl-C stops it

END

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


install_module() {
    local dir

    need_build
    build_module

    dir=$("$(nginx_binary)" -V 2>&1 \
          | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
    dir=${DESTDIR:-}${dir:-/usr/local/nginx/modules}

    install -d "$dir"
    install -m 644 "$module" "$dir/"

    say "installed $dir/ngx_http_seckill_module.so; put this at the top of" \
        "nginx.conf:"
    say "    load_module $(printf %s "${dir#"${DESTDIR:-}"}")/ngx_http_seckill_module.so;"
}


cd "$top"

command=${1:-build}
[ $# -eq 0 ] || shift

case $command in
    build)          need_build; build_module ;;
    run)            run_demo ;;
    test)           run_tests "$@" ;;
    rush)           need_perl
                    case " $* " in *" --help "*) exec tools/rush --help ;; esac
                    tools/rush --check "$@"
                    need_build; need wrk wrk  sqlite3 sqlite3
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
    install)        install_module ;;
    clean)          rm -rf "$build" t/servroot ;;
    help|-h|--help) usage ;;
    *)              usage >&2; exit 2 ;;
esac
