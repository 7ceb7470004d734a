-- Takes in a message with a poll, or an edit or a deletion of a message. What deletes a message also
-- ends its reactions and votes, and nothing changes it any more.
--
-- KEYS  1 channelMeta  2 messages stream  3 era  4 channelTallies  5 channelChanges  6 talliesDue
--       7 channelVotes and 8 channelReactions of the message  [9 messageSeen, when the client named it]
--       [last: channelSlow, for a poll in slow mode]
-- ARGV  1 channel  2 body  3 most entries the stream may hold  4 an epoch nobody has had
--       5 uuid of this message or change  6 seconds to remember messageSeen
--       7 era as far as the caller knows ('')  8 pub/sub channel
--       9 'poll', 'edit' or 'delete'  10 uuid of the message
--       11 of a poll: its kind, as in channelTallies  12 ms when it closes, or 0
--       13 JSON of its results  [14 ms until the user may write again, in slow mode]
-- Gives 'm <epoch> <seq> <ms>' for what is new, 'd <epoch> <seq> <ms> <uuid>' for what was seen
--       before, 'f' when the stream is full, 'x' when the message is deleted, 's <ms>' when the user
--       may write again after that time.
local slow_key, seen_key = nil, KEYS[9]
if ARGV[14] then
  slow_key = KEYS[#KEYS]
  if #KEYS == 9 then
    seen_key = nil
  end
end
if seen_key then
  local seen = redis.call('GET', seen_key)
  if seen then
    -- A write, so that who waits for replicas or the disk waits for what was seen before as well.
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
if redis.call('HGET', KEYS[4], ARGV[10]) == 'deleted' then
  return 'x'
end
if redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[3]) then
  return 'f'
end
local position, seq = take_in(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[8], ARGV[2], ARGV[4], ARGV[7])
local due = ARGV[1] .. ' ' .. ARGV[10]
if ARGV[9] == 'poll' then
  redis.call('HSET', KEYS[4], ARGV[10], seq .. ' 0 0 ' .. ARGV[11] .. ' ' .. ARGV[12] .. ' 0\n' .. ARGV[13])
  if ARGV[12] ~= '0' then
    redis.call('ZADD', KEYS[6], ARGV[12], due)
  end
else
  redis.call('ZADD', KEYS[5], seq, seq)
end
if ARGV[9] == 'delete' then
  redis.call('HSET', KEYS[4], ARGV[10], 'deleted')
  redis.call('ZREM', KEYS[6], due)
  redis.call('UNLINK', KEYS[7], KEYS[8])
end
if slow_key then
  redis.call('SET', slow_key, '1', 'PX', ARGV[14])
end
if seen_key then
  redis.call('SET', seen_key, position .. ' ' .. ARGV[5], 'EX', ARGV[6])
end
return 'm ' .. position
