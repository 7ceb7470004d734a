-- Takes in one message.
--
-- KEYS  1 channelMeta  2 messages stream  3 era  [4 messageSeen, when the client named the message]
-- ARGV  1 channel  2 body  3 most entries the stream may hold  4 an epoch nobody has had
--       5 message uuid  6 seconds to remember messageSeen  7 era as far as the caller knows ('')
-- Gives 'm <epoch> <seq> <ms>' for a new message, 'd <epoch> <seq> <ms> <uuid>' for one seen
--       before, 'f' when the stream is full.
if KEYS[4] then
  local seen = redis.call('GET', KEYS[4])
  if seen then
    -- A write, so that who waits for replicas or the disk waits for the message seen before as well.
    redis.call('EXPIRE', KEYS[4], ARGV[6])
    return 'd ' .. seen
  end
end
if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[3]) then
  return 'f'
end
local position = take_in(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2], ARGV[4], ARGV[7])
if KEYS[4] then
  redis.call('SET', KEYS[4], position .. ' ' .. ARGV[5], 'EX', ARGV[6])
end
return 'm ' .. position
