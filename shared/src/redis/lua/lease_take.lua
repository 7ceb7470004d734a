-- Takes a lease or renews one's own.
--
-- KEYS  1 the lease
-- ARGV  1 fencing token  2 time to live in ms
-- Gives 1 if the lease is held by the token, 0 if by another.
local holder = redis.call('GET', KEYS[1])
if not holder then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
return 0
