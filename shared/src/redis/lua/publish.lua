-- Takes in one message.
--
-- KEYS  1 channelMeta  2 messages stream  3 era  [4 messageSeen, when the client named the message]
--       [last: channelSlow, in slow mode]
-- ARGV  1 channel  2 body  3 most entries the stream may hold  4 an epoch nobody has had
--       5 message uuid  6 seconds to remember messageSeen  7 era as far as the caller knows ('')
--       8 pub/sub channel  [9 ms until the user may write again, in slow mode]
-- Gives 'm <epoch> <seq> <ms>' for a new message, 'd <epoch> <seq> <ms> <uuid>' for one seen
--       before, 'f' when the stream is full, 's <ms>' when the user may write again after that time.
local slow_key, seen_key = nil, KEYS[4]
if ARGV[9] then
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
local position = take_in(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[8], ARGV[2], ARGV[4], ARGV[7])
if slow_key then
  redis.call('SET', slow_key, '1', 'PX', ARGV[9])
end
if seen_key then
  redis.call('SET', seen_key, position .. ' ' .. ARGV[5], 'EX', ARGV[6])
end
return 'm ' .. position
