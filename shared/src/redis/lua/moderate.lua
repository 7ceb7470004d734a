-- Does one thing to one user of a room, if whoever does it may, and tells the room's gateways.
--
-- KEYS  1 channelMeta  2 channelRoles  3 channelBans  4 channelMutes  5 channelUsers  6 channelSessions
-- ARGV  1 what: 'invite', 'role', 'kick', 'ban', 'unban', 'mute' or 'unmute'
--       2 pub/sub channel  3 who does it ('' for the operator)  4 rank of their role on the site
--       5 the user  6 rank of the user's role on the site
--       7 the new role ('' for none; role)  8 until in ms, 0 for ever (ban and mute)
--       9 the reason (kick and ban)  10 '1' for a room that needs a name
--       11 most entries of a list  12 body of the event that the user left
--       13 most users for whom names are told
-- Gives {'ok', version, role}: how often the room was moderated, and the user's role ('' for none);
--       or one of {'none'} there is no such room, {'forbidden'}, {'banned'} who is banned can't be
--       invited, {'full'} the list has no room.
local action, channel, actor, user = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
if ARGV[10] == '1' and redis.call('HEXISTS', KEYS[1], 'name') == 0 then
  return { 'none' }
end
local owner = redis.call('HGET', KEYS[1], 'owner')
local ranks = { member = 1, moderator = 2, owner = 3 }
local function role_of(who)
  return redis.call('HGET', KEYS[2], who) or (owner == who and 'owner') or ''
end
local function rank_of(who, site)
  return math.max(ranks[role_of(who)] or 0, tonumber(site))
end
local own, others = rank_of(actor, ARGV[4]), rank_of(user, ARGV[6])
if own < 2 then
  return { 'forbidden' }
end
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local most = tonumber(ARGV[11])
local function has_room(key)
  return redis.call('HEXISTS', key, user) == 1 or redis.call('HLEN', key) < most
end

local removal = nil
if action == 'invite' then
  local ban = redis.call('HGET', KEYS[3], user)
  if ban then
    ban = cjson.decode(ban)
    if ban.why == 'banned' and (ban['until'] == 0 or ban['until'] > now_ms) then
      return { 'banned' }
    end
  end
  if role_of(user) == '' then
    if not has_room(KEYS[2]) then
      return { 'full' }
    end
    redis.call('HSET', KEYS[2], user, 'member')
  end
elseif action == 'role' then
  local role = ARGV[7]
  -- An owner may give the room away; otherwise nobody gives a role as high as their own, nor takes one.
  local gives_away = role == 'owner' and own >= 3
  local steps_down = actor == user and (ranks[role] or 0) < (ranks[role_of(user)] or 0)
  if not gives_away and not steps_down and (own <= (ranks[role] or 0) or own <= others) then
    return { 'forbidden' }
  end
  if role == '' then
    redis.call('HDEL', KEYS[2], user)
    if owner == user then
      redis.call('HDEL', KEYS[1], 'owner')
    end
  else
    if not has_room(KEYS[2]) then
      return { 'full' }
    end
    if role == 'owner' then
      if owner and owner ~= user then
        redis.call('HSET', KEYS[2], owner, 'moderator')
      end
      redis.call('HSET', KEYS[1], 'owner', user)
    elseif owner == user then
      redis.call('HDEL', KEYS[1], 'owner')
    end
    redis.call('HSET', KEYS[2], user, role)
  end
elseif action == 'unban' then
  redis.call('HDEL', KEYS[3], user)
elseif action == 'unmute' then
  redis.call('HDEL', KEYS[4], user)
else
  if own <= others then
    return { 'forbidden' }
  end
  if not has_room(action == 'mute' and KEYS[4] or KEYS[3]) then
    return { 'full' }
  end
  if action == 'mute' then
    redis.call('HSET', KEYS[4], user, ARGV[8])
  else
    removal = { at = now_ms, reason = ARGV[9] }
    if actor ~= '' then
      removal.by = actor
    end
    if action == 'ban' then
      removal.why, removal['until'] = 'banned', tonumber(ARGV[8])
    else
      removal.why, removal['until'] = 'kicked', now_ms
    end
    -- Who is banned has no role any more; nor may who was kicked come back where one is invited.
    if action == 'ban' or redis.call('HGET', KEYS[1], 'access') == 'invite' then
      redis.call('HDEL', KEYS[2], user)
    end
  end
end

local version = redis.call('HINCRBY', KEYS[1], 'policy', 1)
local function tell(who, put_out)
  local change = { user = who }
  local role = redis.call('HGET', KEYS[2], who) or (redis.call('HGET', KEYS[1], 'owner') == who and 'owner')
  local muted = redis.call('HGET', KEYS[4], who)
  if role then
    change.role = role
  end
  if muted then
    change.muted = tonumber(muted)
  end
  if put_out then
    change.removed = put_out
  end
  redis.call('PUBLISH', channel, 'u ' .. version .. '\n' .. cjson.encode(change))
  return role or ''
end
if removal then
  removal.version = version
  redis.call('HSET', KEYS[3], user, cjson.encode(removal))
end
-- Gateways first hear that the user is out, then everybody that they left.
local role = tell(user, removal)
if action == 'role' and ARGV[7] == 'owner' and owner and owner ~= user then
  version = redis.call('HINCRBY', KEYS[1], 'policy', 1)
  tell(owner, nil)
end
if removal then
  local first, last = '[' .. user .. ':', '(' .. user .. ';'
  local sessions = redis.call('ZRANGE', KEYS[6], first, last, 'BYLEX')
  for _, session in ipairs(sessions) do
    redis.call('ZREM', KEYS[6], session)
  end
  if redis.call('HDEL', KEYS[5], user) == 1 then
    local users = redis.call('HLEN', KEYS[5])
    if users < tonumber(ARGV[13]) then
      redis.call('PUBLISH', channel, 'l ' .. users .. '\n' .. ARGV[12])
    end
  end
end
return { 'ok', version, role }
