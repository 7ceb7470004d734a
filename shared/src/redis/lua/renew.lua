-- Begins a room's new epoch if its partition is in another era than the room's epoch is of.
--
-- KEYS  1 channelMeta  2 era
-- ARGV  1 an epoch nobody has had
-- Gives {epoch, seq}: where the room's history stands; {'', 0} for a room that is not there.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
local epoch, seq = meta[1], tonumber(meta[2] or '0')
if not epoch then
  return { '', 0 }
end
local era = redis.call('GET', KEYS[2])
if era and string.sub(epoch, 9) ~= era then
  epoch = string.sub(ARGV[1], 1, 8) .. era
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'begun', seq)
end
return { epoch, seq }
