-- For sysbench: claims of buyers, each "times" times in a row; or, with
-- ask=on, questions.

sysbench.cmdline.options = {
    sale = { "the sale's id", 1 },
    first = { "the first buyer", 1 },
    span = { "buyers of each thread", 1 },
    times = { "claims in a row for each buyer", 1 },
    ask = { "ask instead of claiming", false },
}

local con, statement, sale, buyer
local n = 0

function thread_init()
    con = sysbench.sql.driver():connect()

    statement = con:prepare(sysbench.opt.ask
        and "SELECT `order` FROM winner WHERE sale = ? AND buyer = ?"
        or "CALL claim(?, ?)")
    sale = statement:bind_create(sysbench.sql.type.INT)
    buyer = statement:bind_create(sysbench.sql.type.BIGINT)
    statement:bind_param(sale, buyer)

    sale:set(sysbench.opt.sale)
end

function event()
    buyer:set(sysbench.opt.first + sysbench.tid * sysbench.opt.span
              + math.floor(n / sysbench.opt.times))
    n = n + 1
    statement:execute()
end

function thread_done()
    statement:close()
    con:disconnect()
end
