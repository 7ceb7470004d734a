-- Puts a session into a room. Safe to repeat.
--
-- KEYS  1 channelSessions  2 channelUsers  3 channelMeta  4 era  5 channelRoles  6 channelBans
--       7 channelMutes
--       the last two: webhookState, webhooks stream
-- ARGV  1 user  2 session  3 now (RFC 3339)  4 an epoch nobody has had  5 channel
--       6 body of the event  7 most users for whom names are told
--       8 room name ('' for General and private rooms)  9 '1' if an unknown room is created
--       10 rank of the user's role on the site  11 pub/sub channel
-- Gives {first, users, epoch, seq, created, role, muted, policy, ...settings}: whether this is
--       the user's first session there, how many users the room has, where its history stands,
--       whether this made the room, the user's role ('' for none), until when they are muted in ms
--       ('' for not), how often the room was moderated, and the fields of the room's settings; or
--       {-1} when there is no such room and none is to be created, {-2, until, reason} for who is
--       banned, {-3} for who is not invited, {-4} when the room is closed.
-- What is decided about the room's users is looked at here, in the same step that lets one in: so a
-- ban comes either before, and is found, or after, and finds whom it puts out.
local created = 0
if ARGV[8] ~= '' and redis.call('HEXISTS', KEYS[3], 'name') == 0 then
  if ARGV[9] ~= '1' then
    return { -1 }
  end
  redis.call('HSET', KEYS[3], 'name', ARGV[8], 'owner', ARGV[1], 'createdAt', ARGV[3])
  redis.call('HSET', KEYS[5], ARGV[1], 'owner')
  created = 1
end
local meta = redis.call('HMGET', KEYS[3], 'epoch', 'seq', 'policy', 'owner', 'access', 'write', 'slowSeconds',
  'topic', 'historyMessages', 'historySeconds', 'closed')
local policy = tonumber(meta[3] or '0')
local role = meta[4] == ARGV[1] and 'owner' or ''
local muted = ''
if policy > 0 then
  role = redis.call('HGET', KEYS[5], ARGV[1]) or role
  local now = redis.call('TIME')
  local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
  local ban = redis.call('HGET', KEYS[6], ARGV[1])
  if ban then
    ban = cjson.decode(ban)
    if ban.why == 'banned' and (ban['until'] == 0 or ban['until'] > now_ms) then
      return { -2, ban['until'], ban.reason or '' }
    end
  end
  local rank = math.max(tonumber(ARGV[10]), ({ member = 1, moderator = 2, owner = 3 })[role] or 0)
  if meta[11] == '1' and rank < 2 then
    return { -4 }
  end
  if meta[5] == 'invite' and rank < 1 then
    return { -3 }
  end
  muted = redis.call('HGET', KEYS[7], ARGV[1]) or ''
end
local era = redis.call('GET', KEYS[4])
if not era then
  era = string.sub(ARGV[4], 9)
  redis.call('SET', KEYS[4], era)
end
local epoch, seq = meta[1], tonumber(meta[2] or '0')
if not epoch or string.sub(epoch, 9) ~= era then
  epoch = string.sub(ARGV[4], 1, 8) .. era
  redis.call('HSET', KEYS[3], 'epoch', epoch, 'begun', seq)
end
redis.call('ZADD', KEYS[1], 0, ARGV[1] .. ':' .. ARGV[2])
local first = redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[3])
local users = redis.call('HLEN', KEYS[2])
if first == 1 and users <= tonumber(ARGV[7]) then
  redis.call('PUBLISH', ARGV[11], 'j ' .. users .. '\n' .. ARGV[6])
end
local hooks = first == 1 and redis.call('HMGET', KEYS[#KEYS - 1], 'join', 'most') or {}
if hooks[1] then
  if redis.call('XLEN', KEYS[#KEYS]) < tonumber(hooks[2]) then
    redis.call('XADD', KEYS[#KEYS], '*', 'e', 'join', 'c', ARGV[5], 'b', ARGV[6], 'u', users)
  else
    redis.call('HINCRBY', KEYS[#KEYS - 1], 'dropped', 1)
  end
end
return { first, users, epoch, seq, created, role, muted, policy, meta[5], meta[6], meta[7], meta[8], meta[9], meta[10],
  meta[11] }
