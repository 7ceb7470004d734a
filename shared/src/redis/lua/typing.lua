-- Tells a room that somebody types or has stopped. Nothing is stored. A large room is told at most
-- once within a time, whoever types and whichever gateway asks: what comes in between is dropped.
--
-- KEYS  1 channelUsers  2 typingTold
-- ARGV  1 pub/sub channel  2 '1' for typing  3 body of the event  4 most users of a room that is not large
--       5 the time in ms
-- Gives 1 if the room is large, 0 if not.
if redis.call('HLEN', KEYS[1]) <= tonumber(ARGV[4]) then
  redis.call('PUBLISH', ARGV[1], 't ' .. ARGV[2] .. '\n' .. ARGV[3])
  return 0
end
if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[5]) then
  redis.call('PUBLISH', ARGV[1], 't ' .. ARGV[2] .. '\n' .. ARGV[3])
end
return 1
