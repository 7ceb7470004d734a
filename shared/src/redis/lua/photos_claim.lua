-- Takes photos that are due, so that nobody else does for a while. Who dies over one leaves it due
-- again when that time is over.
--
-- KEYS  1 photosDue
-- ARGV  1 now in ms  2 until when they are taken, in ms  3 how many at most
-- Gives the photos.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, photo in ipairs(due) do
  redis.call('ZADD', KEYS[1], ARGV[2], photo)
end
return due
