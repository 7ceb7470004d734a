-- Adds members to a sorted set with Redis' own time, so that nobody's clock has to agree.
--
-- KEYS  1 the sorted set
-- ARGV  members
-- Gives the time in ms, and how many of the members are new.
local now = redis.call('TIME')
local ms = now[1] .. string.format('%03d', math.floor(now[2] / 1000))
local added = 0
for _, member in ipairs(ARGV) do
  added = added + redis.call('ZADD', KEYS[1], ms, member)
end
return {ms, added}
