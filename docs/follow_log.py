#!/usr/bin/python3
"""Follows the log that several machines share: prints a line for each order.

Needs python3-redis and python3-msgpack.  A consumer group of Redis remembers
what was read; the chain is checked from the first entry on that is read.
"""

import argparse
import hashlib
import json

import msgpack
import redis

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("server", help="redis://[user@]host[:port][/db], rediss://, "
                    "unix:///path")
parser.add_argument("--password-file", help="its first line is the password")
parser.add_argument("--zone", required=True)
parser.add_argument("--group", default="followers")
parser.add_argument("--name", default="one", help="of this reader in the group")
parser.add_argument("--until", type=int, help="end after this event")
args = parser.parse_args()

password = None

if args.password_file:
    with open(args.password_file) as f:
        password = f.readline().rstrip("\n")

r = redis.from_url(args.server, **({"password": password} if password else {}))

log = "seckill:{%s}:log" % args.zone

try:
    r.xgroup_create(log, args.group, id="0")
except redis.ResponseError as e:
    if "requires the key to exist" in str(e):
        raise SystemExit("there is no log of the zone \"%s\"" % args.zone)

    if not str(e).startswith("BUSYGROUP"):
        raise

chain, last, sales = None, 0, {}


def sale_name(number):
    """Of one that was added before what is read here."""

    if number not in sales:
        (_, fields), = r.xrange(log, min=number, count=1)

        for event in msgpack.unpackb(fields[b"commit"]):
            if event[0] == number:
                sales[number] = json.loads(event[8])["name"]

    return sales.get(number, number)


start = "0"                             # first what was read and not finished

while args.until is None or last < args.until:
    answer = r.xreadgroup(args.group, args.name, {log: start}, count=100,
                          block=1000)
    entries = answer[0][1] if answer else []

    if not entries:
        start = ">"
        continue

    for entry, fields in entries:
        commit = fields[b"commit"]
        told = bytes.fromhex(fields[b"chain"].decode())
        events = msgpack.unpackb(commit)

        if chain is None and events[0][0] == 1:
            chain = bytes(32)

        if chain is not None:
            chain = hashlib.blake2b(chain + commit, digest_size=32).digest()

            if chain != told:
                raise SystemExit("entry %s does not follow" % entry.decode())

        chain = told

        for (number, at, kind, sale, user, ticket, order, expires, detail,
             key, digest) in events:

            if kind in ("sale_added", "sale_edited"):
                sales[sale] = json.loads(detail)["name"]

            if kind == "won":
                print(number, sale_name(sale), user.decode(errors="replace"),
                      flush=True)

            last = number

        r.xack(log, args.group, entry)
