-- Adds members to a sorted set with Redis' own time, so that nobody's clock has to agree.
--
-- KEYS  1 the sorted set
-- ARGV  members
-- Gives the time in ms.
local now = redis.call('TIME')
local ms = now[1] .. string.format('%03d', math.floor(now[2] / 1000))
for _, member in ipairs(ARGV) do
  redis.call('ZADD', KEYS[1], ms, member)
end
return ms
