-- Puts a session into a room. Safe to repeat.
--
-- KEYS  1 channelSessions  2 channelUsers  3 channelMeta  4 era
--       the last two: webhookState, webhooks stream
-- ARGV  1 user  2 session  3 now (RFC 3339)  4 an epoch nobody has had  5 channel
--       6 body of the event  7 most users for whom names are told
--       8 room name ('' for General and private rooms)  9 '1' if an unknown room is created
-- Gives {first, users, epoch, seq, created}: whether this is the user's first session there, how
--       many users the room has, where its history stands, whether this made the room; or
--       {-1} when there is no such room and none is to be created.
local created = 0
if ARGV[8] ~= '' and redis.call('HEXISTS', KEYS[3], 'name') == 0 then
  if ARGV[9] ~= '1' then
    return { -1 }
  end
  redis.call('HSET', KEYS[3], 'name', ARGV[8], 'owner', ARGV[1], 'createdAt', ARGV[3])
  created = 1
end
local era = redis.call('GET', KEYS[4])
if not era then
  era = string.sub(ARGV[4], 9)
  redis.call('SET', KEYS[4], era)
end
local meta = redis.call('HMGET', KEYS[3], 'epoch', 'seq')
local epoch, seq = meta[1], tonumber(meta[2] or '0')
if not epoch or string.sub(epoch, 9) ~= era then
  epoch = string.sub(ARGV[4], 1, 8) .. era
  redis.call('HSET', KEYS[3], 'epoch', epoch, 'begun', seq)
end
redis.call('ZADD', KEYS[1], 0, ARGV[1] .. ':' .. ARGV[2])
local first = redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[3])
local users = redis.call('HLEN', KEYS[2])
if first == 1 and users <= tonumber(ARGV[7]) then
  redis.call('PUBLISH', ARGV[5], 'j ' .. users .. '\n' .. ARGV[6])
end
local hooks = first == 1 and redis.call('HMGET', KEYS[#KEYS - 1], 'join', 'most') or {}
if hooks[1] then
  if redis.call('XLEN', KEYS[#KEYS]) < tonumber(hooks[2]) then
    redis.call('XADD', KEYS[#KEYS], '*', 'e', 'join', 'c', ARGV[5], 'b', ARGV[6], 'u', users)
  else
    redis.call('HINCRBY', KEYS[#KEYS - 1], 'dropped', 1)
  end
end
return { first, users, epoch, seq, created }
