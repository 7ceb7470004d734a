-- Tells a large room how many users it has, at most once within a time, whichever gateway asks.
--
-- KEYS  1 channelUsers  2 occupancyTold
-- ARGV  1 pub/sub channel  2 the time in ms, for each 1,000 users begun: what is told costs a frame a user
-- Gives 1 if it was told, 0 if somebody told it within the time.
local users = redis.call('HLEN', KEYS[1])
local time = ARGV[2] * math.max(1, math.ceil(users / 1000))
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', time) then
  return 0
end
redis.call('PUBLISH', ARGV[1], 'o ' .. users .. '\n')
return 1
