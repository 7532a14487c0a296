-- A claim in Redis, atomic: KEYS are the sale's stock and its winners, ARGV the
-- user.  Returns a code (0 won, 1 already, 2 sold out) and the order.

local order = redis.call("HGET", KEYS[2], ARGV[1])

if order then
    return { 1, order }
end

if tonumber(redis.call("GET", KEYS[1]) or "0") <= 0 then
    return { 2 }
end

redis.call("DECR", KEYS[1])
order = redis.call("INCR", "orders")
redis.call("HSET", KEYS[2], ARGV[1], order)

return { 0, order }
