-- Reacts to a message or votes in its poll, closes the poll, or tells the room what has changed since
-- it was last told. What users have chosen is a set, so whatever is repeated counts once. The room is
-- told at once or, if it was told a moment ago, later, by whoever calls this with 'flush'.
--
-- KEYS  1 channelMeta  2 messages stream  3 era  4 channelTallies  5 channelChanges  6 talliesDue
--       7 channelVotes and 8 channelReactions of the message
-- ARGV  1 channel  2 uuid and 3 seq of the message  4 an epoch nobody has had
--       5 era as far as the caller knows ('')  6 most entries the stream may hold
--       7 ms between two changes that are told  8 how many users are named; of more a quarter of it
--       9 pub/sub channel  10 'react', 'vote', 'close' or 'flush'  11 user ('' for 'flush')
--       12 emoji; or the digits of the options, '' to withdraw
--       13 '1' to put the emoji there, '0' to take it away
--       14 most different emoji  15 '1' if the caller knows that the message is there
-- Gives 't <ms until the room is to be told, or -1>', then a line with the digits of the user's
--       options, then a line for each of their emoji.
--       Or 'x' no such message, 'u' not known here, 'l' the poll is closed, 'p' it is no poll or has
--       no such option, 'k' too many different emoji.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local uuid, act, user = ARGV[2], ARGV[10], ARGV[11]
local names = tonumber(ARGV[8])
local due = ARGV[1] .. ' ' .. uuid
local state = redis.call('HGET', KEYS[4], uuid)
if act == 'flush' and (not state or state == 'deleted') then
  redis.call('ZREM', KEYS[6], due)
  return 't -1'
end
if state == 'deleted' then
  return 'x'
end
if not state then
  if act ~= 'react' then
    return 'u'
  end
  if ARGV[15] ~= '1' then
    return 'u'
  end
  state = ARGV[3] .. ' 0 0 - 0 0\n'
end
local seq, told, told_at, kind, closes, closed = string.match(state, '^(%d+) (%d+) (%d+) (%S+) (%d+) (%d)\n')
if act ~= 'flush' and seq ~= ARGV[3] then
  return 'x'
end
told, told_at, closes = tonumber(told), tonumber(told_at), tonumber(closes)
local options = tonumber(string.match(kind, '^%d+'))

-- How many members begin with a prefix, and the first users among them. Members are compared byte by
-- byte, and what follows the prefix is a UUID.
local function count(key, prefix)
  return redis.call('ZLEXCOUNT', key, '[' .. prefix, '(' .. prefix .. '\255')
end
local function users(key, prefix)
  -- Nobody reads so many names, and each member of the room is sent them a few times a second.
  local most = count(key, prefix) > names and math.ceil(names / 4) or names
  local members = redis.call('ZRANGE', key, '[' .. prefix, '(' .. prefix .. '\255', 'BYLEX', 'LIMIT', 0, most)
  for at, member in ipairs(members) do
    members[at] = '"' .. string.sub(member, #prefix + 1) .. '"'
  end
  return '[' .. table.concat(members, ',') .. ']'
end
local function emojis()
  local found, from = {}, '-'
  while true do
    local member = redis.call('ZRANGE', KEYS[8], from, '+', 'BYLEX', 'LIMIT', 0, 1)[1]
    if not member then
      return found
    end
    local emoji = string.match(member, '^[^%z]+')
    found[#found + 1] = emoji
    from = '(' .. emoji .. '\1'
  end
end

local changed = false
if act == 'vote' then
  if not options then
    return 'p'
  end
  if closed == '1' or (closes > 0 and now >= closes) then
    return 'l'
  end
  local chosen = ARGV[12]
  for digit in string.gmatch(chosen, '%d') do
    if tonumber(digit) >= options then
      return 'p'
    end
  end
  if #chosen > 1 and not string.find(kind, 'm', 1, true) then
    return 'p'
  end
  local function set(member, on)
    local touched = on and redis.call('ZADD', KEYS[7], 0, member) or redis.call('ZREM', KEYS[7], member)
    changed = changed or touched == 1
  end
  for option = 0, options - 1 do
    set(option .. ':' .. user, string.find(chosen, tostring(option), 1, true) ~= nil)
  end
  set('v:' .. user, chosen ~= '')
elseif act == 'react' then
  local member = ARGV[12] .. '\0' .. user
  if ARGV[13] == '0' then
    changed = redis.call('ZREM', KEYS[8], member) == 1
  else
    if count(KEYS[8], ARGV[12] .. '\0') == 0 and #emojis() >= tonumber(ARGV[14]) then
      return 'k'
    end
    changed = redis.call('ZADD', KEYS[8], 0, member) == 1
  end
elseif act == 'close' then
  if not options then
    return 'p'
  end
  changed = closed == '0'
  closed = '1'
end

local function snapshot()
  local reactions = {}
  for _, emoji in ipairs(emojis()) do
    local prefix = emoji .. '\0'
    reactions[#reactions + 1] = '{"Emoji":' .. cjson.encode(emoji) .. ',"Count":' .. count(KEYS[8], prefix)
      .. ',"Users":' .. users(KEYS[8], prefix) .. '}'
  end
  local told_of = '"reactions":[' .. table.concat(reactions, ',') .. ']'
  if options then
    local counts, who = {}, {}
    for option = 0, options - 1 do
      counts[#counts + 1] = count(KEYS[7], option .. ':')
      who[#who + 1] = users(KEYS[7], option .. ':')
    end
    told_of = told_of .. ',"results":{"Counts":[' .. table.concat(counts, ',') .. '],"Voters":' .. count(KEYS[7], 'v:')
      .. ',"Closed":' .. (closed == '1' and 'true' or 'false')
    if string.find(kind, 'n', 1, true) then
      told_of = told_of .. ',"Who":[' .. table.concat(who, ',') .. ']'
    end
    told_of = told_of .. '}'
  end
  return told_of
end

local waits = -1
-- The more often it was told, the rarer: a poll of a week must not fill the room's history.
local interval = math.min(tonumber(ARGV[7]) * (1 + math.floor(told / 64)), 5000)
local tell = false
if act == 'flush' then
  local at = tonumber(redis.call('ZSCORE', KEYS[6], due) or '-1')
  if at > now then
    -- Later than any interval is when a poll closes: that is seen to by others.
    waits = at - now <= 5000 and at - now or -1
  elseif at >= 0 then
    tell = true
    if closes > 0 and now >= closes then
      closed = '1'
    end
  end
elseif changed then
  tell = act == 'close' or now >= told_at + interval
  if not tell then
    -- Who makes it due has it told in time; everybody else finds it due already.
    if redis.call('ZADD', KEYS[6], 'LT', 'CH', told_at + interval, due) == 1 then
      waits = told_at + interval - now
    end
  end
end
if tell and redis.call('XLEN', KEYS[2]) >= tonumber(ARGV[6]) then
  -- What was chosen stands. It is told when there is room again.
  tell = false
  redis.call('ZADD', KEYS[6], now + interval, due)
  waits = interval
end
if tell then
  local told_of = snapshot()
  local body = '{"Change":{"change":"tally","uuid":"' .. uuid .. '","targetSeq":' .. seq .. ',' .. told_of .. '}}'
  local _, number = take_in(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[9], body, ARGV[4], ARGV[5])
  redis.call('ZADD', KEYS[5], number, number)
  told, told_at = told + 1, now
  state = '\n{' .. told_of .. '}'
  if closes > 0 and closed == '0' then
    redis.call('ZADD', KEYS[6], closes, due)
  else
    redis.call('ZREM', KEYS[6], due)
  end
end
if tell or changed then
  redis.call('HSET', KEYS[4], uuid, seq .. ' ' .. told .. ' ' .. string.format('%.0f', told_at) .. ' ' .. kind .. ' '
    .. string.format('%.0f', closes) .. ' ' .. closed .. string.sub(state, (string.find(state, '\n', 1, true))))
end
local own, mine = {}, ''
if user ~= '' then
  for option = 0, (options or 0) - 1 do
    if redis.call('ZSCORE', KEYS[7], option .. ':' .. user) then
      mine = mine .. option
    end
  end
  for _, emoji in ipairs(emojis()) do
    if redis.call('ZSCORE', KEYS[8], emoji .. '\0' .. user) then
      own[#own + 1] = emoji
    end
  end
end
return 't ' .. string.format('%.0f', waits) .. '\n' .. mine .. '\n' .. table.concat(own, '\n')
