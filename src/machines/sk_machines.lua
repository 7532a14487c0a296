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
--   machines  name -> "store seen last chain reign last chain": when it was
--             seen, in ms of Redis' clock; what its ledger ends with; and up to
--             where, in which reign, it has found the log to go on from that.
--             "!" name -> somebody has said that it is to be forgotten.
--
-- A reign is the server's replication id, which changes with each promotion and
-- each restart.  While the log is open in it, commits are appended; before, they
-- are put back by those who have them.

local tail_key, log_key, members_key, machines_key =
    KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local op, me, store, gone = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local my_reign, my_last, my_chain = ARGV[5], ARGV[6], ARGV[7]

local zeros = string.rep('0', 64)

local replid = string.match(redis.call('INFO', 'replication'),
                            'master_replid:(%x+)')

local t = redis.call('HMGET', tail_key, 'reign', 'last', 'chain', 'at')
local reign, last, chain, at =
    t[1] or '', t[2] or '0', t[3] or zeros, t[4] or '0'

local function at_tail()
    return my_reign == replid and my_last == last and my_chain == chain
end

-- ARGV: 8 last, 9 chain, 10 at, 11 commit, 12 who joined, 13 who left, 14 the
-- first number to be kept

local function add()
    local joined, left, keep = ARGV[12], ARGV[13], ARGV[14]

    last, chain, at = ARGV[8], ARGV[9], ARGV[10]

    redis.call('XADD', log_key, last .. '-0', 'commit', ARGV[11],
               'chain', chain)
    redis.call('HSET', tail_key, 'last', last, 'chain', chain, 'at', at)

    if joined ~= '' then
        redis.call('HSET', members_key, joined,
                   last .. ':' .. (joined == me and store or ''))
    end

    if left ~= '' then
        redis.call('HDEL', members_key, left)
        redis.call('HDEL', machines_key, left, '!' .. left)
    end

    if keep ~= '' then
        redis.call('XTRIM', log_key, 'MINID', '~', keep)
    end
end

if op == 'append' then

    -- 15: what "members" has to say of this machine; without a commit nothing
    -- is added, it is asked whether this is the tail

    if reign == replid and at_tail()
        and redis.call('HGET', members_key, me) == ARGV[15]
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
    -- pairs of names and numbers of those who were members there

    if reign ~= replid and at_tail() and last == '0' then
        last, chain, at = ARGV[8], ARGV[9], ARGV[10]
        redis.call('HSET', tail_key, 'last', last, 'chain', chain, 'at', at)

        for i = 11, #ARGV, 2 do
            redis.call('HSET', members_key, ARGV[i], ARGV[i + 1] .. ':')
        end

        return { 'ok' }
    end

elseif op == 'join' then

    if reign == replid and at_tail()
        and not redis.call('HGET', members_key, me)
    then
        add()
        return { 'ok' }
    end

elseif op == 'forget' then
    redis.call('HSET', machines_key, '!' .. ARGV[8], '1')
    return { 'ok' }

elseif op == 'look' then

    -- the chain where a commit of the ledger ends, if one of the log does

    local e = redis.call('XRANGE', log_key, ARGV[8], ARGV[8])
    return { 'ok', e[1] and e[1][2][4] or '' }
end

-- How things are.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local member = redis.call('HGET', members_key, me) or ''
local joined, holder = string.match(member, '^(%d+):(%x*)$')

local status, standing, waiting, machines, members = 'state', '0', '', {}, {}
local held, held_chain, count = my_last, my_chain, 0

if op == 'report' then

    -- 8 reign, 9 number and 10 chain up to which the log was found to go on
    -- from the ledger; 11: this machine may begin a log that has no members;
    -- 12: the number of its event machine_joined that it knows all others to
    -- hold; 13: how many commits are wanted

    count = ARGV[13]

    local known = {}

    machines = redis.call('HGETALL', machines_key)

    for i = 1, #machines, 2 do
        known[machines[i]] = machines[i + 1]
    end

    local function words(name)
        local w = {}

        for word in string.gmatch(known[name] or '', '%S+') do
            w[#w + 1] = word
        end

        return w
    end

    -- one machine a name, and one store a machine

    local before = words(me)
    local theirs = (holder and holder ~= '') and holder or before[1]

    if theirs and theirs ~= store
        and now - tonumber(before[2] or '0') < gone
    then
        return { 'twin' }
    end

    if joined and holder ~= store then
        member = joined .. ':' .. store
        redis.call('HSET', members_key, me, member)
    end

    known[me] = table.concat({ store, string.format('%.0f', now), held,
                               held_chain,
                               ARGV[8] == '' and '-' or ARGV[8], ARGV[9],
                               ARGV[10] }, ' ')

    redis.call('HSET', machines_key, me, known[me])
    redis.call('HDEL', machines_key, '!' .. me)
    known['!' .. me] = nil

    members = redis.call('HGETALL', members_key)

    -- whether all who were members when this machine joined hold that: they
    -- have as much of this log, or more

    if joined and joined == ARGV[12] then
        standing = '1'

    elseif joined then
        standing = '1'

        for i = 1, #members, 2 do
            local number = string.match(members[i + 1], '^%d+')

            if tonumber(number) < tonumber(joined)
                and not known['!' .. members[i]]
            then
                local w = words(members[i])
                local holds = w[3] and tonumber(w[3]) >= tonumber(joined)

                if holds and w[3] == last then
                    holds = w[4] == chain

                elseif holds then
                    local e = redis.call('XRANGE', log_key, w[3], w[3])
                    holds = e[1] and e[1][2][4] == w[4]
                end

                if not holds then
                    standing = '0'
                    waiting = waiting .. ' ' .. members[i]
                end
            end
        end
    end

    -- whether all members have found that the log goes on from their ledgers

    if reign ~= replid then
        local open = held == last and held_chain == chain

        if #members == 0 then
            open = open and ARGV[11] == '1'
        end

        for i = 1, #members, 2 do
            local w = words(members[i])

            if not known['!' .. members[i]]
                and not (w[5] == replid and w[6] == last and w[7] == chain)
            then
                open = false
                waiting = waiting .. ' ' .. members[i]
            end
        end

        if open then
            reign = replid
            redis.call('HSET', tail_key, 'reign', reign)
        end
    end

    machines = redis.call('HGETALL', machines_key)

elseif op == 'append' then

    -- 15, again: who is a member as he was knows that he may follow; 16: how
    -- many commits are wanted

    standing = member == ARGV[15] and '1' or '0'
    count = ARGV[16]
end

-- what the log says where the ledger ends, and where it begins

local mine, first, entries = '', '', {}

if tonumber(last) > tonumber(held) then
    local e = redis.call('XRANGE', log_key, held, held)

    mine = e[1] and e[1][2][4] or ''
    e = redis.call('XRANGE', log_key, '-', '+', 'COUNT', 1)
    first = e[1] and string.match(e[1][1], '^%d+') or ''

    -- who may not follow sees by the first of them whether it goes on

    if standing ~= '1' and mine == '' then
        count = 1
    elseif standing ~= '1' then
        count = 0
    end

    if tonumber(count) > 0 then
        entries = redis.call('XRANGE', log_key, '(' .. held, last, 'COUNT',
                             count)
    end
end

return { status, replid, reign, last, chain, at, string.format('%.0f', now),
         member, standing, waiting, mine, first, entries, machines, members }
