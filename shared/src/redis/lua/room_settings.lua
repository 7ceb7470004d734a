-- Makes a room with settings, or changes a room's settings, if whoever does it may; tells the room's
-- gateways.
--
-- KEYS  1 channelMeta  2 channelRoles  3 channelUsers  4 era
-- ARGV  1 'create' or 'update'  2 pub/sub channel  3 who does it ('' for the operator)
--       4 rank of their role on the site  5 room name ('' for General)  6 now (RFC 3339)
--       7 an epoch nobody has had  8 rank needed to update  9 most roles
--       then fields of channelMeta and their values
-- Gives {'ok', access before, access now}; or {'none'} there is no such room, {'exists'} there is one
--       already, {'forbidden'}.
local actor, name = ARGV[3], ARGV[5]
local owner = redis.call('HGET', KEYS[1], 'owner')
local before = redis.call('HGET', KEYS[1], 'access') or 'public'
if ARGV[1] == 'create' then
  if redis.call('HEXISTS', KEYS[1], 'name') == 1 then
    return { 'exists' }
  end
  redis.call('HSET', KEYS[1], 'name', name, 'createdAt', ARGV[6])
  if actor ~= '' then
    redis.call('HSET', KEYS[1], 'owner', actor)
    redis.call('HSET', KEYS[2], actor, 'owner')
  end
else
  if name ~= '' and redis.call('HEXISTS', KEYS[1], 'name') == 0 then
    return { 'none' }
  end
  local role = redis.call('HGET', KEYS[2], actor) or (owner == actor and 'owner') or ''
  local own = math.max(({ member = 1, moderator = 2, owner = 3 })[role] or 0, tonumber(ARGV[4]))
  if own < tonumber(ARGV[8]) then
    return { 'forbidden' }
  end
end
-- So that a room has its place in history from the start.
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  local era = redis.call('GET', KEYS[4])
  if not era then
    era = string.sub(ARGV[7], 9)
    redis.call('SET', KEYS[4], era)
  end
  redis.call('HSET', KEYS[1], 'epoch', string.sub(ARGV[7], 1, 8) .. era, 'begun', 0)
end
if #ARGV > 9 then
  redis.call('HSET', KEYS[1], unpack(ARGV, 10))
end
local version = redis.call('HINCRBY', KEYS[1], 'policy', 1)
local now = redis.call('HMGET', KEYS[1], 'access', 'write', 'slowSeconds', 'topic', 'historyMessages', 'historySeconds',
  'closed')
local access = now[1] or 'public'
if access == 'invite' and before ~= 'invite' then
  -- Who is in the room when its door is shut belongs to it.
  for _, user in ipairs(redis.call('HKEYS', KEYS[3])) do
    if redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[9]) then
      break
    end
    redis.call('HSETNX', KEYS[2], user, 'member')
  end
end
redis.call('PUBLISH', ARGV[2], 's ' .. version .. '\n' .. cjson.encode({
  access = access,
  write = now[2] or 'everyone',
  slowSeconds = tonumber(now[3] or '0'),
  topic = now[4] or '',
  historyMessages = tonumber(now[5] or '0'),
  historySeconds = tonumber(now[6] or '0'),
  closed = now[7] == '1',
}))
return { 'ok', before, access }
