-- Tells a room that one of its users came online or went offline, unless it is too large.
--
-- KEYS  1 channelUsers
-- ARGV  1 pub/sub channel  2 '1' for online  3 body of the event  4 most users for whom names are told
local users = redis.call('HLEN', KEYS[1])
if users <= tonumber(ARGV[4]) then
  redis.call('PUBLISH', ARGV[1], 'p ' .. users .. ' ' .. ARGV[2] .. '\n' .. ARGV[3])
end
return users
