-- Stock and winners in shared memory of nginx's workers, as OpenResty's users
-- write it.  Gone with a restart; and a full dictionary forgets winners.

local cjson = require "cjson"

local stock, winners = ngx.shared.stock, ngx.shared.winners
local args = ngx.req.get_uri_args()
local sale, user = args.sale, args.user

local function say(code, result, order)
    ngx.print(cjson.encode { code = code, result = result, sale = sale,
                             user = user, order = order }, "\n")
end

local key = sale .. ":" .. user
local order = winners:get(key)

if ngx.req.get_method() == "GET" then
    return order and say(0, "won", order) or say(6, "none")
end

if order then
    return say(1, "already", order)
end

if (stock:get(sale) or 0) <= 0 then
    return say(2, "sold_out")
end

-- one of several claims of a user gets through here

if not winners:add(key, 0) then
    return say(1, "already", winners:get(key))
end

local left = stock:incr(sale, -1)

if left < 0 then
    stock:incr(sale, 1)
    winners:delete(key)
    return say(2, "sold_out")
end

order = stock:incr("orders", 1, 0)
winners:set(key, order)
say(0, "won", order)
