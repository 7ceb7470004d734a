-- Deletes a key that still has a value: gives up one's own lease or reservation, nobody else's.
--
-- KEYS  1 the key
-- ARGV  1 the value
-- Gives 1 if it was deleted.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
