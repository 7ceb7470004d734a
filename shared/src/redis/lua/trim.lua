-- Drops the oldest messages of a room, which the caller found too old or too many, if none of them
-- went since.
--
-- KEYS  1 historyLease  2 channelMessages  3 channels of the partition
-- ARGV  1 fencing token  2 the room's oldest message as the caller saw it
--       3 how many messages to drop  4 channel
-- Gives the number dropped, or -1 when the lease is not the caller's any more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -1
end
if redis.call('LINDEX', KEYS[2], 0) ~= ARGV[2] then
  return 0
end
local before = redis.call('LLEN', KEYS[2])
redis.call('LTRIM', KEYS[2], tonumber(ARGV[3]), -1)
local left = redis.call('LLEN', KEYS[2])
if left == 0 then
  redis.call('ZREM', KEYS[3], ARGV[4])
end
return before - left
