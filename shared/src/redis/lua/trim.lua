-- Drops the oldest entries of a room, which the caller found too old or too many, if none of them
-- went since.
--
-- KEYS  1 historyLease  2 channelMessages  3 channels of the partition  4 channelTallies
--       5 channelChanges  6 talliesDue  7 photosGone
-- ARGV  1 fencing token  2 the room's oldest entry as the caller saw it
--       3 how many entries to drop  4 channel  5 what channelVotes begins with  6 and channelReactions
-- Gives the number dropped, or -1 when the lease is not the caller's any more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -1
end
if redis.call('LINDEX', KEYS[2], 0) ~= ARGV[2] then
  return 0
end
local before = redis.call('LLEN', KEYS[2])
forget(KEYS[2], tonumber(ARGV[3]), KEYS[4], KEYS[5], KEYS[6], KEYS[7], ARGV[4], ARGV[5], ARGV[6])
local left = redis.call('LLEN', KEYS[2])
if left == 0 then
  redis.call('ZREM', KEYS[3], ARGV[4])
end
return before - left
