-- Takes in one message: numbers it, adds it to the partition's stream and tells who listens.
-- All in one step, so that live order, stored order and seq are the same.
--
-- KEYS  1 channelMeta  2 messages stream  3 era  [4 messageSeen, when the client named the message]
--       [last: channelSlow, in slow mode]
-- ARGV  1 channel  2 body  3 most entries the stream may hold  4 an epoch nobody has had
--       5 message uuid  6 seconds to remember messageSeen  7 era as far as the caller knows ('')
--       [8 ms until the user may write again, in slow mode]
-- Gives 'm <epoch> <seq> <ms>' for a new message, 'd <epoch> <seq> <ms> <uuid>' for one seen
--       before, 'f' when the stream is full, 's <ms>' when the user may write again after that time.
local slow_key, seen_key = nil, KEYS[4]
if ARGV[8] then
  slow_key = KEYS[#KEYS]
  if #KEYS == 4 then
    seen_key = nil
  end
end
if seen_key then
  local seen = redis.call('GET', seen_key)
  if seen then
    -- A write, so that who waits for replicas or the disk waits for the message seen before as well.
    redis.call('EXPIRE', seen_key, ARGV[6])
    return 'd ' .. seen
  end
end
if slow_key then
  local wait = redis.call('PTTL', slow_key)
  if wait > 0 then
    return 's ' .. wait
  end
end
if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[3]) then
  return 'f'
end
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
local epoch = redis.call('HGET', KEYS[1], 'epoch')
-- The era is looked up only when the room's is not the one that the caller knows.
if not epoch or string.sub(epoch, 9) ~= ARGV[7] then
  local era = redis.call('GET', KEYS[3])
  if not era then
    era = string.sub(ARGV[4], 9)
    redis.call('SET', KEYS[3], era)
  end
  if not epoch or string.sub(epoch, 9) ~= era then
    epoch = string.sub(ARGV[4], 1, 8) .. era
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'begun', seq - 1)
  end
end
local now = redis.call('TIME')
local position = epoch .. ' ' .. seq .. ' ' .. now[1] .. string.format('%03d', math.floor(now[2] / 1000))
local event = 'm ' .. position .. '\n' .. ARGV[2]
redis.call('XADD', KEYS[2], '*', 'c', ARGV[1], 'm', event)
redis.call('PUBLISH', ARGV[1], event)
if slow_key then
  redis.call('SET', slow_key, '1', 'PX', ARGV[8])
end
if seen_key then
  redis.call('SET', seen_key, position .. ' ' .. ARGV[5], 'EX', ARGV[6])
end
return 'm ' .. position
