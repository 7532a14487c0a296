-- The log that machines share, and who they are: all that is changed in Redis
-- for them, each call as a whole.  Names, numbers and chains are text; a chain
-- is 64 hex digits.
--
--   tail      reign, last, chain, at: the reign in which the log was opened
--             last, the number and chain of its last commit, its last event's
--             time in ms
--   log       a stream, one entry a commit: its id is the number of its last
--             event, its fields "commit", in MessagePack, and "chain"
--   members   name -> number of its event machine_joined ":" store
--   machines  name -> "store seen last chain reign last chain confirms
--             members": when it was seen, in ms of Redis' clock; what its
--             ledger ends with; up to where, and in which reign, it has found
--             the log to be what its ledger is the beginning of; whether it has
--             seen that all have found so; who were members at its ledger's
--             end.
--             "!" name -> somebody has said that it is to be forgotten.
--
-- A reign is the server's replication id, which changes with each promotion and
-- each restart.  While the log is open in it, commits are appended; before,
-- they are put back by those who have them.

local tail_key, log_key, members_key, machines_key =
    KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local op, me, store, gone = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local my_reign, my_last, my_chain = ARGV[5], ARGV[6], ARGV[7]

local zeros = string.rep('0', 64)

local info = redis.call('INFO', 'replication')
local replid = string.match(info, 'master_replid:(%x+)')

if not string.find(info, 'role:master', 1, true) then

    -- it has the replication id of its primary

    return redis.error_reply('READONLY this server is a replica')
end

local t = redis.call('HMGET', tail_key, 'reign', 'last', 'chain', 'at')
local reign, last, chain, at =
    t[1] or '', t[2] or '0', t[3] or zeros, t[4] or '0'

local function at_tail()
    return my_reign == replid and my_last == last and my_chain == chain
end

-- ARGV: 8 last, 9 chain, 10 at, 11 commit, 12 who joined, 13 with which store,
-- 14 who left, 15 the first number to be kept

local function add()
    last, chain, at = ARGV[8], ARGV[9], ARGV[10]

    redis.call('XADD', log_key, last .. '-0', 'commit', ARGV[11],
               'chain', chain)
    redis.call('HSET', tail_key, 'last', last, 'chain', chain, 'at', at)

    if ARGV[12] ~= '' then
        redis.call('HSET', members_key, ARGV[12], last .. ':' .. ARGV[13])
    end

    if ARGV[14] ~= '' then
        redis.call('HDEL', members_key, ARGV[14])

        -- put back is what was so once: it says nothing of how it is now

        if op ~= 'restore' then
            redis.call('HDEL', machines_key, ARGV[14], '!' .. ARGV[14])
        end
    end

    if ARGV[15] ~= '' then
        redis.call('XTRIM', log_key, 'MINID', '~', ARGV[15])
    end
end

if op == 'append' then

    -- 16: what "members" has to say of this machine; without a commit nothing
    -- is added, it is asked whether this is the tail

    if reign == replid and at_tail()
        and redis.call('HGET', members_key, me) == ARGV[16]
    then
        if ARGV[11] ~= '' then
            add()
        end

        return { 'ok' }
    end

elseif op == 'restore' then

    if reign ~= replid and at_tail() then
        add()
        return { 'ok' }
    end

elseif op == 'seed' then

    -- a log that is empty is to begin after a commit: 8, 9, 10 as above, and
    -- pairs of names and what "members" has of those who were members there

    if reign ~= replid and at_tail() and last == '0' then
        last, chain, at = ARGV[8], ARGV[9], ARGV[10]
        redis.call('HSET', tail_key, 'last', last, 'chain', chain, 'at', at)

        for i = 11, #ARGV, 2 do
            redis.call('HSET', members_key, ARGV[i], ARGV[i + 1])
        end

        return { 'ok' }
    end

elseif op == 'join' then

    -- 16: "1": this machine may open a log that has no members

    if redis.call('HLEN', members_key) >= 64 then
        return { 'full' }
    end

    local founds = reign ~= replid and ARGV[16] == '1'
                   and redis.call('HLEN', members_key) == 0

    if at_tail() and (reign == replid or founds)
        and not redis.call('HGET', members_key, me)
    then
        if founds then
            redis.call('HSET', tail_key, 'reign', replid)
        end

        add()
        return { 'ok' }
    end

elseif op == 'forget' then

    -- unless it has been heard of since somebody said so

    local known = redis.call('HGET', machines_key, ARGV[8]) or ''
    local seen = tonumber(string.match(known, '^%S+ (%d+)')) or 0
    local t = redis.call('TIME')

    if t[1] * 1000 - seen < gone then
        return { 'alive' }
    end

    redis.call('HSET', machines_key, '!' .. ARGV[8], '1')
    return { 'ok' }

elseif op == 'look' then

    -- the chain where a commit of the ledger ends, if one of the log does, and
    -- where the log begins

    local e = redis.call('XRANGE', log_key, ARGV[8], ARGV[8])
    local first = redis.call('XRANGE', log_key, '-', '+', 'COUNT', 1)
    return { 'ok', e[1] and e[1][2][4] or '', first[1] and first[1][1] or '' }
end

-- How things are.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local member = redis.call('HGET', members_key, me) or ''
local joined, holder = string.match(member, '^(%d+):(%x*)$')

local standing, waiting, machines, members = '0', '', {}, {}
local status, count = 'state', 0

-- what "machines" has, and a name's words of it

local known = {}

local function words(name)
    local w = {}

    for word in string.gmatch(known[name] or '', '%S+') do
        w[#w + 1] = word
    end

    return w
end

local function forgotten(name)
    return known['!' .. name] ~= nil
end

-- A report.  8 reign, 9 number and 10 chain up to which the log was found to be
-- what the ledger is the beginning of; 11: who were members at the ledger's
-- end; 12: the number of its event machine_joined that it knows another one to
-- hold; 13: how many commits are wanted; 14: until when, by this clock,
-- somebody waits for the answer: later, he may have gone on to another reign

local late = op == 'report' and now > (tonumber(ARGV[14]) or now)

local function tell(confirms)
    known[me] = table.concat({ store, string.format('%.0f', now), my_last,
                               my_chain,
                               (late or ARGV[8] == '') and '-' or ARGV[8],
                               ARGV[9], ARGV[10], confirms,
                               ARGV[11] == '' and '-' or ARGV[11] }, ' ')
    redis.call('HSET', machines_key, me, known[me])
end

-- Whether one that was a member when this machine joined holds that: its ledger
-- has as much of this log, or more.

local function stands()
    local others = ''

    if joined == ARGV[12] then
        return true
    end

    for i = 1, #members, 2 do
        local name, number = members[i], string.match(members[i + 1], '^%d+')

        if tonumber(number) < tonumber(joined) and not forgotten(name) then
            local w = words(name)
            local holds = (tonumber(w[3]) or -1) >= tonumber(joined)

            if holds and w[3] == last then
                holds = w[4] == chain

            elseif holds then
                local e = redis.call('XRANGE', log_key, w[3], w[3])
                holds = e[1] and e[1][2][4] == w[4]
            end

            if holds then
                return true
            end

            others = others .. ' ' .. name
        end
    end

    waiting = others

    return others == ''
end

-- The log is open when all members have found that it goes on from their
-- ledgers, and then have seen that all have.  Members are those at the tail,
-- and those at the end of the longest of these ledgers.

local function found(name)
    local w = words(name)

    return w[5] == replid and w[6] == last and w[7] == chain
           and (tonumber(w[3]) or -1) <= tonumber(last), w
end

local function wanted()
    local longest, list, names = -1, '-', {}

    for name in pairs(known) do
        local is, w = found(name)

        if is and tonumber(w[3]) > longest then
            longest, list = tonumber(w[3]), w[9] or '-'
        end
    end

    for i = 1, #members, 2 do
        names[members[i]] = true
    end

    for name in string.gmatch(list == '-' and '' or list, '[^,]+') do
        names[name] = true
    end

    for name in pairs(names) do
        if forgotten(name) then
            names[name] = false
        end
    end

    return names
end

local function all(names, is)
    waiting = ''

    for name, counts in pairs(names) do
        if counts and not is(name) then
            waiting = waiting .. ' ' .. name
        end
    end

    return waiting == ''
end

local function open()
    local names = wanted()

    if not all(names, found) or next(names) == nil or late then
        return
    end

    tell('1')

    if all(names, function(name) return words(name)[8] == '1' end) then
        reign = replid
        redis.call('HSET', tail_key, 'reign', reign)
    end
end

local function report()
    machines = redis.call('HGETALL', machines_key)
    members = redis.call('HGETALL', members_key)

    for i = 1, #machines, 2 do
        known[machines[i]] = machines[i + 1]
    end

    -- one store a machine: another one of its name waits until it has left

    local before = words(me)

    if (joined and holder ~= store)
        or (not joined and before[1] and before[1] ~= store
            and now - (tonumber(before[2]) or 0) < gone)
    then
        return false
    end

    tell('0')

    if forgotten(me) then
        redis.call('HDEL', machines_key, '!' .. me)
        known['!' .. me] = nil
    end

    if joined and stands() then
        standing = '1'
    end

    if reign ~= replid then
        open()
    end

    return true
end

if op == 'report' then

    if not report() then
        return { 'twin' }
    end

    count = tonumber(ARGV[13])
    machines = redis.call('HGETALL', machines_key)

elseif op == 'append' then

    -- 16, again: who is a member as he was knows that he may follow; 17: how
    -- many commits are wanted

    standing = member == ARGV[16] and '1' or '0'
    count = tonumber(ARGV[17])
end

-- what the log says where the ledger ends, and where it begins

local mine, first, entries = '', '', {}

if tonumber(last) > tonumber(my_last) then
    local e = redis.call('XRANGE', log_key, my_last, my_last)

    mine = e[1] and e[1][2][4] or ''
    e = redis.call('XRANGE', log_key, '-', '+', 'COUNT', 1)
    first = e[1] and string.match(e[1][1], '^%d+') or ''

    -- who may not follow sees by the first of them whether it goes on

    if standing ~= '1' or reign ~= replid then
        count = mine == '' and 1 or 0
    end

    -- not more than can be sent in the time: in parts, up to a megabyte

    local size, after = 0, my_last

    while #entries < count and size < 1e6 do
        local some = redis.call('XRANGE', log_key, '(' .. after, last, 'COUNT',
                                math.min(count - #entries, 16))
        if #some == 0 then
            break
        end

        for _, entry in ipairs(some) do
            entries[#entries + 1] = entry
            size, after = size + #entry[2][2], entry[1]
        end
    end
end

return { status, replid, reign, last, chain, at, string.format('%.0f', now),
         member, standing, waiting, mine, first, entries, machines, members }
