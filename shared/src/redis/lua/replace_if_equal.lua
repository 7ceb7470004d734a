-- Replaces a value that is still what the caller saw: takes over a stale reservation.
--
-- KEYS  1 the key
-- ARGV  1 the value seen  2 the new value  3 its time to live in seconds
-- Gives 1 if it was replaced.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1
end
return 0
