-- Buyers, for wrk: users numbered from FIRST, each claims TIMES in a row.
--
--   METHOD FIRST SPAN TIMES SALES CLOSE PATH
--
--   SPAN: users of each thread; SALES: sale1 ... saleN take turns, or the name
--   of one; CLOSE: 1 for a new connection each time
--
-- Prints one line of JSON when done; "refused" are answers of 400 and above.

local threads = 0

function setup(thread)
    thread:set("id", threads)
    threads = threads + 1
end


local prefixes, n_prefixes = {}, 0
local tail, user, times
local sent = 0


function init(args)
    local method, first, span, per_user, sales, close, path = unpack(args)

    times = tonumber(per_user)
    user = tonumber(first) + id * tonumber(span)

    for i = 1, tonumber(sales) or 1 do
        local sale = tonumber(sales) and "sale" .. i or sales
        prefixes[i] = method .. " " .. path .. "?sale=" .. sale .. "&user="
    end

    n_prefixes = #prefixes
    tail = " HTTP/1.1\r\nHost: localhost\r\n"
           .. (close == "1" and "Connection: close\r\n" or "") .. "\r\n"
end


function request()
    sent = sent + 1

    return prefixes[sent % n_prefixes + 1]
           .. user + math.floor(sent / times) .. tail
end


function done(summary, latency, requests)
    local e = summary.errors

    io.write(string.format('{"n":%d,"us":%d,"errors":%d,"refused":%d,'
                           .. '"p50":%g,"p99":%g,"p999":%g}\n',
             summary.requests, summary.duration,
             e.connect + e.read + e.write + e.timeout, e.status,
             latency:percentile(50), latency:percentile(99),
             latency:percentile(99.9)))
end
