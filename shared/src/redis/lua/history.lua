-- Reads a page of a room's persisted entries. Numbers in the list are without gaps, so an entry's
-- place follows from its number and the last one's.
--
-- KEYS  1 channelMessages  2 channelMeta  3 channelTallies
-- ARGV  1 'last', 'before' or 'after'  2 a seq (not for 'last')  3 how many
-- Gives {epoch, seq, begun, older, newer, newest, tallies, ...entries}: where the room stands, the last
--       number from before its epoch, how many persisted entries lie before and after the page, the
--       last number that is persisted, whether any message has reactions or votes, and the page,
--       oldest first.
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'seq', 'begun')
local epoch, seq, begun = meta[1] or '', tonumber(meta[2] or '0'), tonumber(meta[3] or '0')
local count = tonumber(ARGV[3])
local length = redis.call('LLEN', KEYS[1])
local tallies = redis.call('EXISTS', KEYS[3])
local newest = length > 0 and cjson.decode(redis.call('LINDEX', KEYS[1], -1)).Seq or 0
if length == 0 or count <= 0 then
  return { epoch, seq, begun, length, 0, newest, tallies }
end
local first, last = length - count, length - 1
if ARGV[1] ~= 'last' then
  -- Where the entry with the given number is, or would be.
  local at = length - 1 - (newest - tonumber(ARGV[2]))
  if ARGV[1] == 'before' then
    last = math.min(at - 1, length - 1)
    first = last - count + 1
  else
    first = math.max(at + 1, 0)
    last = first + count - 1
  end
end
first = math.max(first, 0)
last = math.min(last, length - 1)
if last < first then
  first = math.min(first, length)
  return { epoch, seq, begun, first, length - first, newest, tallies }
end
local page = redis.call('LRANGE', KEYS[1], first, last)
return { epoch, seq, begun, first, length - 1 - last, newest, tallies, unpack(page) }
