-- What wrk does in a rush: see tools/rush.
--
--   claim FIRST LAST DIR SALE   every user from FIRST to LAST claims twice in
--                               a row; each answer is counted, and each that
--                               names an order is written to DIR/claim.N
--   win FIRST LAST DIR SALE     the same, but once
--   ask FILE LAST DIR SALE      asks for every user in FILE, a number a line;
--                               who has won is written to DIR/ask.N
--
-- Where there are several servers, each thread has one: RUSH_PORTS has their
-- ports, in the environment.
--
-- A thread that has all its answers stops, and makes a file DIR/MODE.N.done;
-- wrk itself waits for a signal.

local threads = 0
local ports = {}

for port in (os.getenv("RUSH_PORTS") or ""):gmatch("%d+") do
    ports[#ports + 1] = port
end

function setup(thread)
    if #ports > 1 then
        thread.addr = wrk.lookup("127.0.0.1", ports[threads % #ports + 1])[1]
    end

    thread:set("id", threads)
    thread:set("threads", 0)
    threads = threads + 1
end


local users, first, times
local tried = false
local sent, received, total = 0, 0, 0
local count = {}
local out, name, prefix, tail, method


function init(args)
    local mode, from, last, dir, sale, n = unpack(args)

    n = tonumber(n)
    method = mode == "ask" and "GET" or "POST"
    prefix = method .. " /seckill?sale=" .. sale .. "&user="
    tail = " HTTP/1.1\r\nHost: localhost\r\n\r\n"
    name = dir .. "/" .. mode .. "." .. id
    out = assert(io.open(name, "w"))

    if mode == "ask" then
        users, times = {}, 1
        local i = 0
        for line in io.lines(from) do
            if i % n == id then
                users[#users + 1] = line
            end
            i = i + 1
        end
        total = #users
    else
        local span = last - from + 1
        first = from + math.floor(span * id / n)
        times = mode == "claim" and 2 or 1
        total = times * (from + math.floor(span * (id + 1) / n) - first)
    end
end


function request()
    local user

    if not tried or sent >= total then
        -- wrk throws its first request away, to see whether it is one; at the
        -- end, connections that idle ask for something with another status
        tried = true
        return "GET /seckill?sale=none&user=idle" .. tail
    end

    if users then
        user = users[sent + 1]
    else
        user = string.format("%d", first + math.floor(sent / times))
    end

    sent = sent + 1

    return prefix .. user .. tail
end


function response(status, headers, body)

    if status == 404 then
        -- of an idle connection
        if received >= total then
            wrk.thread:stop()
        end
        return
    end

    received = received + 1

    local code = body:match('^{"code":(%d+)')
    local order = code and body:match('"order":(%d+)')
    code = code or status

    count[code] = (count[code] or 0) + 1

    if order or tonumber(code) > 6 then
        out:write(code, " ", body:match('"user":"(%d+)"') or "?", " ",
                  order or 0, "\n")
    end

    if received == total then
        for c, n in pairs(count) do
            out:write("count ", c, " ", n, "\n")
        end
        out:close()
        io.open(name .. ".done", "w"):close()
        wrk.thread:stop()
    end
end
