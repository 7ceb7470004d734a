-- Gives a photo to a message. A photo goes with one message; the same message may come again.
--
-- KEYS  1 photo:<id>
-- ARGV  1 the sender  2 the room's channel  3 what names the message
-- Gives {1, width, height} if the message has the photo now, {0, nil, nil} if there is no such
-- photo of the sender's in the room, {2, nil, nil} if another message has it.
local found = redis.call('HMGET', KEYS[1], 'owner', 'channel', 'message', 'width', 'height')
if found[1] ~= ARGV[1] or found[2] ~= ARGV[2] then
  return {0, false, false}
end
if found[3] and found[3] ~= ARGV[3] then
  return {2, false, false}
end
redis.call('HSET', KEYS[1], 'message', ARGV[3])
return {1, found[4], found[5]}
