-- Begins a partition's new era if Redis has gone back: if it does not have a message any more that
-- the caller has seen, or is in an era that the caller has seen the end of.
--
-- KEYS  1 era  [2 channelMeta  3 channelMessages  4 messages stream, of the message seen]
-- ARGV  1 an era nobody has had  2 how many eras are over, then these
--       then, if a message was seen: channel, epoch, seq, ms, the same as RFC 3339
-- Gives {era, begun}: the era now ('' for none), and whether this began it.
local era = redis.call('GET', KEYS[1])
if not era then
  return { '', 0 }
end

-- Whether a message in the place of the one seen is another. What history has trimmed tells nothing.
local function is_another(channel, epoch, seq, ms, time)
  if tonumber(redis.call('HGET', KEYS[2], 'seq') or '0') < seq then
    return true
  end
  local read, newest = pcall(cjson.decode, redis.call('LINDEX', KEYS[3], -1) or 'null')
  if not read then
    return false
  end
  if type(newest) == 'table' and newest.Seq >= seq then
    local at = redis.call('LLEN', KEYS[3]) - 1 - (newest.Seq - seq)
    local there, message = pcall(cjson.decode, at >= 0 and redis.call('LINDEX', KEYS[3], at) or 'null')
    if not there or type(message) ~= 'table' or message.Seq ~= seq then
      return false
    end
    return message.Epoch ~= epoch or message.CreatedAt ~= time
  end
  -- Not persisted yet. Others may have published since, but hardly more than this.
  local last = '+'
  for _ = 1, 10 do
    local entries = redis.call('XREVRANGE', KEYS[4], last, '-', 'COUNT', 1000)
    for _, entry in ipairs(entries) do
      if entry[2][2] == channel then
        local found = { string.match(entry[2][4], '^m (%S+) (%d+) (%d+)\n') }
        if tonumber(found[2]) == seq then
          return found[1] ~= epoch or found[3] ~= ms
        end
      end
    end
    if #entries < 1000 then
      return false
    end
    last = '(' .. entries[#entries][1]
  end
  return false
end

local over = tonumber(ARGV[2])
local gone_back = false
for at = 3, 2 + over do
  gone_back = gone_back or ARGV[at] == era
end
if not gone_back and KEYS[2] and string.sub(ARGV[4 + over], 9) == era then
  gone_back = is_another(ARGV[3 + over], ARGV[4 + over], tonumber(ARGV[5 + over]), ARGV[6 + over], ARGV[7 + over])
end
if gone_back then
  redis.call('SET', KEYS[1], ARGV[1])
  return { ARGV[1], 1 }
end
return { era, 0 }
