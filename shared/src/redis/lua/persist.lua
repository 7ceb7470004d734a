-- Moves entries of one partition from its stream to their rooms' lists, each exactly once.
-- XDEL tells whether an entry was still there: what another run persisted is passed over.
--
-- KEYS  1 historyLease  2 messages stream  3 channels of the partition  4 talliesDue
--       5 photosGone
--       then, for each room in the batch, channelMessages, channelTallies, channelChanges, channelMeta
--       the last two: webhookState, webhooks stream
-- ARGV  1 fencing token  2 most entries a room keeps (0 for no limit); a room may be set to less
--       3 what channelVotes begins with  4 and channelReactions
--       5 how many rooms, then for each: channel, ms of its newest entry
--       then how many entries change another, then for each: its number in the batch (from 1), seq and
--       uuid of the other, JSON of the other as it is now
--       then, for each entry in order: stream id, number of its room (from 1; 0 for an entry that
--       nobody can read, which is only removed), JSON
-- Gives {persisted, discarded, trimmed}, or {-1, 0, 0} when the lease is not the caller's any more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return { -1, 0, 0 }
end
local keep = tonumber(ARGV[2])
local rooms = tonumber(ARGV[5])
local changes = 6 + 2 * rooms
local first = changes + 1 + 4 * tonumber(ARGV[changes])
local lists, rewrites, most, persisted, discarded, trimmed = {}, {}, {}, 0, 0, 0
local change_of, counts = {}, {}
for at = changes + 1, first - 1, 4 do
  change_of[tonumber(ARGV[at])] = at
end
for at = first, #ARGV, 3 do
  local number = tonumber(ARGV[at + 1])
  counts[number] = (counts[number] or 0) + 1
end
-- A script is not undone when it fails half-way. A key of a wrong type has to show before anything
-- is deleted from the stream.
redis.call('ZCARD', KEYS[3])
redis.call('ZCARD', KEYS[4])
redis.call('SCARD', KEYS[5])
for room = 1, rooms do
  local length = redis.call('LLEN', KEYS[2 + 4 * room])
  local own = tonumber(redis.call('HGET', KEYS[5 + 4 * room], 'historyMessages') or '0')
  most[room] = keep
  if own > 0 and (keep == 0 or own < keep) then
    most[room] = own
  end
  if most[room] > 0 and length + (counts[room] or 0) > most[room] then
    -- They are touched only when something is forgotten.
    redis.call('HLEN', KEYS[3 + 4 * room])
    redis.call('ZCARD', KEYS[4 + 4 * room])
  end
  lists[room], rewrites[room] = {}, {}
end

-- Writes a message as a change has left it over what it was, if that is still in the list.
local function rewrite(key, newest, at)
  local behind = newest - tonumber(ARGV[at + 1])
  local there = redis.call('LINDEX', key, -1 - behind)
  if not there then
    return
  end
  local read, message = pcall(cjson.decode, there)
  -- Once deleted it stays so, however late a change comes.
  if read and type(message) == 'table' and message.UUID == ARGV[at + 2] and not message.Deleted then
    redis.call('LSET', key, -1 - behind, ARGV[at + 3])
    if message.Photo and not cjson.decode(ARGV[at + 3]).Photo then
      redis.call('SADD', KEYS[5], message.Photo.Id)
    end
  end
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
      local number = tonumber(ARGV[at + 1])
      local change = change_of[(at - first) / 3 + 1]
      if change then
        table.insert(rewrites[number], change)
      end
      -- A webhook hears of messages.
      if string.sub(ARGV[at + 2], 1, 10) ~= '{"Change":' then
        if hooks_free > 0 then
          local channel = ARGV[4 + 2 * number]
          redis.call('XADD', KEYS[#KEYS], '*', 'e', 'message', 'c', channel, 'b', ARGV[at + 2])
          hooks_free = hooks_free - 1
        elseif hooks[1] then
          hooks_dropped = hooks_dropped + 1
        end
      end
    else
      discarded = discarded + 1
    end
  end
end
local newest_of = {}
for room = 1, rooms do
  local list = lists[room]
  if #list > 0 then
    local key, channel = KEYS[2 + 4 * room], ARGV[4 + 2 * room]
    local length = 0
    -- unpack has room for some thousand values only.
    for from = 1, #list, 1000 do
      length = redis.call('RPUSH', key, unpack(list, from, math.min(from + 999, #list)))
    end
    if #rewrites[room] > 0 then
      local newest = cjson.decode(list[#list]).Seq
      for _, change in ipairs(rewrites[room]) do
        rewrite(key, newest, change)
      end
    end
    local too_many = length - most[room]
    if most[room] > 0 and too_many > 0 then
      local tallies, changed = KEYS[3 + 4 * room], KEYS[4 + 4 * room]
      forget(key, too_many, tallies, changed, KEYS[4], KEYS[5], channel, ARGV[3], ARGV[4])
      trimmed = trimmed + too_many
    end
    newest_of[#newest_of + 1] = ARGV[5 + 2 * room]
    newest_of[#newest_of + 1] = channel
  end
end
for from = 1, #newest_of, 1000 do
  redis.call('ZADD', KEYS[3], unpack(newest_of, from, math.min(from + 999, #newest_of)))
end
if hooks_dropped > 0 then
  redis.call('HINCRBY', KEYS[#KEYS - 1], 'dropped', hooks_dropped)
end
return { persisted, discarded, trimmed }
