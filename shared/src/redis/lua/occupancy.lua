-- Tells a large room how many users it has, at most once within a time, whichever gateway asks.
--
-- KEYS  1 channelUsers  2 occupancyTold
-- ARGV  1 channel  2 the time in ms
-- Gives 1 if it was told, 0 if somebody told it within the time.
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then
  return 0
end
redis.call('PUBLISH', ARGV[1], 'o ' .. redis.call('HLEN', KEYS[1]) .. '\n')
return 1
