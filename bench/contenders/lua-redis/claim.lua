-- One script a request in Redis, connections kept in a pool.

local cjson = require "cjson"
local redis = require "nginx.redis"

local args = ngx.req.get_uri_args()
local sale, user = args.sale, args.user
local ask = ngx.req.get_method() == "GET"

local function say(code, result, order)
    ngx.print(cjson.encode { code = code, result = result, sale = sale,
                             user = user, order = order }, "\n")
end

local r = redis:new()
r:set_timeout(10000)

local ok, err = r:connect("127.0.0.1", @REDIS_PORT@,
                          { pool_size = 256, backlog = 4096 })
if not ok then
    ngx.log(ngx.ERR, "redis: ", err)
    return ngx.exit(503)
end

local res

if ask then
    res, err = r:hget("winners:" .. sale, user)
else
    res, err = r:evalsha("@CLAIM_SHA@", 2, "stock:" .. sale,
                         "winners:" .. sale, user)
end

if not res then
    ngx.log(ngx.ERR, "redis: ", err)
    return ngx.exit(503)
end

r:set_keepalive(60000, 256)

if ask then
    return res ~= ngx.null and say(0, "won", tonumber(res)) or say(6, "none")
end

local results = { [0] = "won", "already", "sold_out" }

say(res[1], results[res[1]], res[2])
