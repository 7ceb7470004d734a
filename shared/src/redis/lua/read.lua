-- Moves a user's read cursor of one room, forward only within an epoch; a new epoch starts it over.
-- Safe to repeat.
--
-- KEYS  1 readCursors
-- ARGV  1 channel  2 epoch  3 seq  4 now in ms  5 how the user addresses the room
--       6 '1' to move the cursor, '0' only to make one where there is none  7 most cursors a user has
-- Gives {moved, epoch, seq}: whether this changed the cursor, and where it stands.
local cursor = redis.call('HGET', KEYS[1], ARGV[1])
if cursor then
  local epoch, seq = string.match(cursor, '^(%S+) (%d+) ')
  if epoch and (ARGV[6] == '0' or (epoch == ARGV[2] and tonumber(seq) >= tonumber(ARGV[3]))) then
    return { 0, epoch, tonumber(seq) }
  end
elseif redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[7]) then
  -- The one that was moved the longest ago goes. So many rooms are rare enough to look at them all.
  local all = redis.call('HGETALL', KEYS[1])
  local oldest, since
  for at = 1, #all, 2 do
    local ms = tonumber(string.match(all[at + 1], '^%S+ %d+ (%d+) ') or '0')
    if not since or ms < since then
      oldest, since = all[at], ms
    end
  end
  redis.call('HDEL', KEYS[1], oldest)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5])
return { 1, ARGV[2], tonumber(ARGV[3]) }
