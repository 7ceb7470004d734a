-- Takes a gateway for dead, unless its heart has beaten since the caller looked.
--
-- KEYS  1 gateways  2 the ZSET of dead ones
-- ARGV  1 gateway  2 ms of the last heartbeat, as the caller saw it
-- Gives 1 if it is taken for dead, 0 if it is not.
local heartbeat = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not heartbeat or tonumber(heartbeat) ~= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return 1
