-- For HAProxy 2.5 or newer: asks nginx whether a request may pass, as
-- conf/haproxy.cfg has it do.  Sets txn.seckill_status, 204 if it may, and 0 if
-- nginx has not answered; what becomes of the request is for haproxy.cfg.

-- what nginx is told of the request: who it is, and which site's page made it
local told = { "cookie", "authorization", "host", "origin", "sec-fetch-site" }

-- what is told of the answer
local heard = { user = "x-seckill-user", order = "x-seckill-order",
                sale = "x-seckill-sale", result = "x-seckill-result",
                challenge = "www-authenticate" }

core.register_action("seckill", { "http-req" }, function(txn, url, button)
    local sent = txn.http:req_get_headers()
    local headers = {}

    for _, name in ipairs(told) do
        headers[name] = sent[name]
    end

    -- longer than nginx waits for a decision
    local request = { url = url, headers = headers, timeout = 5000 }
    local client = core.httpclient()
    local response

    -- a POST of the button claims, all else asks
    if txn.f:method() == "POST" and txn.f:path() == button then
        response = client:post(request)
    else
        response = client:get(request)
    end

    for name, header in pairs(heard) do
        local value = response.headers and response.headers[header]
        if value then
            txn:set_var("txn.seckill_" .. name, value[0])
        end
    end

    txn:set_var("txn.seckill_status", response.status)
end, 2)
