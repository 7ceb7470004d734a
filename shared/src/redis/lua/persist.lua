-- Moves messages of one partition from its stream to their rooms' lists, each exactly once.
-- XDEL tells whether an entry was still there: what another run persisted is passed over.
--
-- KEYS  1 historyLease  2 messages stream  3 channels of the partition
--       then, for each room in the batch, channelMessages
-- ARGV  1 fencing token  2 most messages a room keeps (0 for no limit)
--       3 how many rooms, then for each: channel, ms of its newest message
--       then, for each message in order: stream id, number of its room (from 1), JSON
-- Gives the number persisted, or -1 when the lease is not the caller's any more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -1
end
local keep = tonumber(ARGV[2])
local rooms = tonumber(ARGV[3])
local first = 4 + 2 * rooms
local lists, persisted = {}, 0
for room = 1, rooms do
  lists[room] = {}
end
for at = first, #ARGV, 3 do
  if redis.call('XDEL', KEYS[2], ARGV[at]) == 1 then
    local list = lists[tonumber(ARGV[at + 1])]
    list[#list + 1] = ARGV[at + 2]
    persisted = persisted + 1
  end
end
for room = 1, rooms do
  local list = lists[room]
  if #list > 0 then
    local key = KEYS[3 + room]
    local length = 0
    -- unpack has room for some thousand values only.
    for from = 1, #list, 1000 do
      length = redis.call('RPUSH', key, unpack(list, from, math.min(from + 999, #list)))
    end
    if keep > 0 and length > keep then
      redis.call('LTRIM', key, -keep, -1)
    end
    redis.call('ZADD', KEYS[3], ARGV[3 + 2 * room], ARGV[2 + 2 * room])
  end
end
return persisted
