-- Drops the oldest entries of a room's list, and with each message what is kept beside it.
--
-- A function that other scripts begin with.
-- KEYS  none of its own: it takes channelMessages, and, behind how many entries, channelTallies,
--       channelChanges, talliesDue, photosGone
-- ARGV  none of its own: it takes how many entries, and last the channel and what channelVotes and
--       channelReactions begin with. Whose they are is learnt only here; they lie in the room's slot
--       as all else does.
local function forget(list, many, tallies, changes, dues, gone, channel, votes, reactions)
  local tallied = redis.call('EXISTS', tallies) == 1
  for from = 0, many - 1, 1000 do
    for _, entry in ipairs(redis.call('LRANGE', list, from, math.min(from + 999, many - 1))) do
      -- Within a text the quotes would stand behind backslashes.
      local photo = string.match(entry, '"Photo":{"Id":"([^"]+)"')
      if photo then
        redis.call('SADD', gone, photo)
      end
      local uuid = tallied and string.match(entry, '^{"UUID":"([^"]+)"')
      if uuid and redis.call('HDEL', tallies, uuid) == 1 then
        local of = ':' .. channel .. ':' .. uuid
        redis.call('UNLINK', votes .. of, reactions .. of)
        redis.call('ZREM', dues, channel .. ' ' .. uuid)
      end
    end
  end
  if redis.call('EXISTS', changes) == 1 then
    local read, last = pcall(cjson.decode, redis.call('LINDEX', list, many - 1) or 'null')
    if read and type(last) == 'table' then
      redis.call('ZREMRANGEBYSCORE', changes, '-inf', last.Seq)
    end
  end
  redis.call('LTRIM', list, many, -1)
end

