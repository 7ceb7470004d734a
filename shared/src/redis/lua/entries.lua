-- Reads persisted entries of a room by their numbers.
--
-- KEYS  1 channelMessages
-- ARGV  numbers
-- Gives {newest, ...entries}: the last number that is persisted, and for each number its entry, ''
--       where there is none.
local last = redis.call('LINDEX', KEYS[1], -1)
if not last then
  return { 0 }
end
local newest = cjson.decode(last).Seq
local found = { newest }
for at, number in ipairs(ARGV) do
  local behind = newest - tonumber(number)
  found[at + 1] = behind >= 0 and redis.call('LINDEX', KEYS[1], -1 - behind) or ''
end
return found
