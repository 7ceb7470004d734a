-- Moves messages of one partition from its stream to their rooms' lists, each exactly once.
-- XDEL tells whether an entry was still there: what another run persisted is passed over.
--
-- KEYS  1 historyLease  2 messages stream  3 channels of the partition
--       then, for each room in the batch, channelMessages, channelMeta
--       the last two: webhookState, webhooks stream
-- ARGV  1 fencing token  2 most messages a room keeps (0 for no limit); a room may be set to less
--       3 how many rooms, then for each: channel, ms of its newest message
--       then, for each entry in order: stream id, number of its room (from 1; 0 for an entry that
--       nobody can read, which is only removed), JSON
-- Gives {persisted, discarded, trimmed}, or {-1, 0, 0} when the lease is not the caller's any more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return { -1, 0, 0 }
end
local keep = tonumber(ARGV[2])
local rooms = tonumber(ARGV[3])
local first = 4 + 2 * rooms
local lists, persisted, discarded, trimmed = {}, 0, 0, 0
-- A script is not undone when it fails half-way. A key of a wrong type has to show before anything
-- is deleted from the stream.
redis.call('ZCARD', KEYS[3])
for room = 1, rooms do
  redis.call('LLEN', KEYS[2 + 2 * room])
  lists[room] = {}
end
-- A webhook hears of each message exactly when it is persisted, so of each once.
local hooks = redis.call('HMGET', KEYS[#KEYS - 1], 'message', 'most')
local hooks_free = hooks[1] and tonumber(hooks[2]) - redis.call('XLEN', KEYS[#KEYS]) or 0
local hooks_dropped = 0
for at = first, #ARGV, 3 do
  if redis.call('XDEL', KEYS[2], ARGV[at]) == 1 then
    local list = lists[tonumber(ARGV[at + 1])]
    if list then
      list[#list + 1] = ARGV[at + 2]
      persisted = persisted + 1
      if hooks_free > 0 then
        local channel = ARGV[2 + 2 * tonumber(ARGV[at + 1])]
        redis.call('XADD', KEYS[#KEYS], '*', 'e', 'message', 'c', channel, 'b', ARGV[at + 2])
        hooks_free = hooks_free - 1
      elseif hooks[1] then
        hooks_dropped = hooks_dropped + 1
      end
    else
      discarded = discarded + 1
    end
  end
end
for room = 1, rooms do
  local list = lists[room]
  if #list > 0 then
    local key = KEYS[2 + 2 * room]
    local length = 0
    -- unpack has room for some thousand values only.
    for from = 1, #list, 1000 do
      length = redis.call('RPUSH', key, unpack(list, from, math.min(from + 999, #list)))
    end
    local most = keep
    local own = tonumber(redis.call('HGET', KEYS[3 + 2 * room], 'historyMessages') or '0')
    if own > 0 and (keep == 0 or own < keep) then
      most = own
    end
    if most > 0 and length > most then
      redis.call('LTRIM', key, -most, -1)
      trimmed = trimmed + length - most
    end
    redis.call('ZADD', KEYS[3], ARGV[3 + 2 * room], ARGV[2 + 2 * room])
  end
end
if hooks_dropped > 0 then
  redis.call('HINCRBY', KEYS[#KEYS - 1], 'dropped', hooks_dropped)
end
return { persisted, discarded, trimmed }
