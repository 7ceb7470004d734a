-- Takes in one entry of a room: numbers it, adds it to the partition's stream and tells who listens.
-- All in one step, so that live order, stored order and seq are the same.
--
-- A function that other scripts begin with.
-- KEYS  none of its own: it takes channelMeta, messages stream, era
-- ARGV  none of its own: it takes then the channel, its pub/sub channel, the body, an epoch nobody has
--       had, and the era as far as the caller knows ('')
-- Gives '<epoch> <seq> <ms>', and the seq.
local function take_in(meta, stream, era_key, channel, published, body, fresh, known)
  local seq = redis.call('HINCRBY', meta, 'seq', 1)
  local epoch = redis.call('HGET', meta, 'epoch')
  -- The era is looked up only when the room's is not the one that the caller knows.
  if not epoch or string.sub(epoch, 9) ~= known then
    local era = redis.call('GET', era_key)
    if not era then
      era = string.sub(fresh, 9)
      redis.call('SET', era_key, era)
    end
    if not epoch or string.sub(epoch, 9) ~= era then
      epoch = string.sub(fresh, 1, 8) .. era
      redis.call('HSET', meta, 'epoch', epoch, 'begun', seq - 1)
    end
  end
  local now = redis.call('TIME')
  local position = epoch .. ' ' .. seq .. ' ' .. now[1] .. string.format('%03d', math.floor(now[2] / 1000))
  local event = 'm ' .. position .. '\n' .. body
  redis.call('XADD', stream, '*', 'c', channel, 'm', event)
  redis.call('PUBLISH', published, event)
  return position, seq
end

