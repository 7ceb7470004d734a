-- Takes a session out of a room, and the user with the last of their sessions there.
-- Safe to repeat: only the call that takes the user out tells the room.
--
-- KEYS  1 channelSessions  2 channelUsers  the last two: webhookState, webhooks stream
-- ARGV  1 user  2 session  3 channel  4 body of the event  5 most users for whom names are told
--       6 pub/sub channel
-- Gives {gone, users}: whether the user is out of the room, and how many are left.
redis.call('ZREM', KEYS[1], ARGV[1] .. ':' .. ARGV[2])
local others = redis.call('ZRANGE', KEYS[1], '[' .. ARGV[1] .. ':', '(' .. ARGV[1] .. ';', 'BYLEX', 'LIMIT', 0, 1)
if #others > 0 then
  return { 0, redis.call('HLEN', KEYS[2]) }
end
local gone = redis.call('HDEL', KEYS[2], ARGV[1])
local users = redis.call('HLEN', KEYS[2])
if gone == 1 and users < tonumber(ARGV[5]) then
  redis.call('PUBLISH', ARGV[6], 'l ' .. users .. '\n' .. ARGV[4])
end
local hooks = gone == 1 and redis.call('HMGET', KEYS[#KEYS - 1], 'leave', 'most') or {}
if hooks[1] then
  if redis.call('XLEN', KEYS[#KEYS]) < tonumber(hooks[2]) then
    redis.call('XADD', KEYS[#KEYS], '*', 'e', 'leave', 'c', ARGV[3], 'b', ARGV[4], 'u', users)
  else
    redis.call('HINCRBY', KEYS[#KEYS - 1], 'dropped', 1)
  end
end
return { gone, users }
