/**
 * The scripts that Redis runs: each one is a call of the transport, whole or not at all.
 *
 * A log is a stream. Its ids are the microseconds of the time of Redis, and `-0`: so an offset is a number, and
 * a log that was restored from an old copy never uses an id again. The epoch is a key of its own; a log whose
 * epoch or whose stream is missing begins anew, with one empty entry, so that each position is that of an
 * entry. A message is known by the sequences of the last call of its producer, which are kept for a while with
 * their offsets: a call that is repeated gets the same offsets.
 *
 * A queue is a stream with one group and one consumer: the number of deliveries names a delivery.
 *
 * Each change adds an entry to the bell, the stream that tells all processes of news.
 *
 * `redis.ts` calls these.
 *
 * @module
 */

/** A script, and the number of its arguments that are keys. */
export interface RedisScript {
  readonly keys: number;
  readonly text: string;
}

/** Opens the log of the keys 1 (stream) and 2 (epoch), and keeps both for a while. */
const OPEN_LOG = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function id(offset, part) return string.format('%.0f-%d', offset, part or 0) end
local function offsetOf(entry) return tonumber(string.match(entry[1], '^%d+')) end
local epoch = redis.call('GET', KEYS[2])
if not epoch or redis.call('EXISTS', KEYS[1]) == 0 then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[1])
  redis.call('XADD', KEYS[1], id(now), 'm', '')
  redis.call('SET', KEYS[2], epoch)
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local first = offsetOf(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1])
local last = offsetOf(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1])
`;

/**
 * Keys: stream, epoch, sequence, bell. Arguments: new epoch, retention, name, trim, count, epoch and offset of the
 * confirmed message, mark of a gap, messages.
 */
export const APPEND: RedisScript = {
  keys: 4,
  text: `${OPEN_LOG}
local known, offsets = 0, {}
for sequence, offset in string.gmatch(redis.call('GET', KEYS[3]) or '', '(%d+) (%d+)') do
  known = tonumber(sequence)
  offsets[known] = tonumber(offset)
end
local function add(text)
  last = math.max(now, last + 1)
  redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[4], ARGV[5], id(last), 'm', text)
end
local confirmed = tonumber(ARGV[7])
if ARGV[6] == epoch and confirmed >= first then
  if #redis.call('XRANGE', KEYS[1], id(confirmed), id(confirmed)) == 0 then add(ARGV[8]) end
end
local reply, sent = { epoch }, {}
for index = 9, #ARGV, 2 do
  local sequence = tonumber(ARGV[index])
  if sequence > known then
    add(ARGV[index + 1])
    offsets[sequence] = last
  end
  local offset = offsets[sequence] or last
  reply[#reply + 1] = offset
  sent[#sent + 1] = string.format('%.0f %.0f', sequence, offset)
end
redis.call('SET', KEYS[3], table.concat(sent, ' '), 'PX', 600000)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', 1000, '*', 'n', ARGV[3])
return reply
`,
};

/** Keys: stream, epoch. Arguments: new epoch, retention, start|end|at, epoch, offset, count, length. */
export const PAGE: RedisScript = {
  keys: 2,
  text: `${OPEN_LOG}
local isGap, from = 0, '-'
if ARGV[3] == 'end' then
  from = nil
elseif ARGV[3] == 'at' and ARGV[4] ~= epoch then
  isGap = 1
elseif ARGV[3] == 'at' then
  local offset = tonumber(ARGV[5])
  local found = redis.call('XRANGE', KEYS[1], id(offset), id(offset))
  if #found == 0 and offset ~= first - 1 then isGap = 1 end
  from = id(offset, 1)
end
local reply = { epoch, isGap, last }
if from then
  local length = 0
  for index, entry in ipairs(redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', ARGV[6])) do
    length = length + #entry[2][2]
    if index > 1 and length > tonumber(ARGV[7]) then break end
    reply[#reply + 1] = offsetOf(entry)
    reply[#reply + 1] = entry[2][2]
  end
end
return reply
`,
};

/** Keys: stream, sequence, bell. Arguments: name, largest number of jobs, messages. */
export const PUT: RedisScript = {
  keys: 3,
  text: `
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XGROUP', 'CREATE', KEYS[1], 'cogen', '0', 'MKSTREAM')
end
local known = tonumber(redis.call('GET', KEYS[2]) or '0')
local size = redis.call('XLEN', KEYS[1])
local taken = 0
for index = 3, #ARGV, 2 do
  local sequence = tonumber(ARGV[index])
  if sequence > known then
    if size >= tonumber(ARGV[2]) then break end
    redis.call('XADD', KEYS[1], '*', 'm', ARGV[index + 1])
    size = size + 1
    known = sequence
  end
  taken = taken + 1
end
redis.call('SET', KEYS[2], string.format('%.0f', known), 'PX', 600000)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 1000, '*', 'n', ARGV[1])
return taken
`,
};

/** Gives the time of Redis in milliseconds. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Keys: stream, delayed. Arguments: count, lease. The reply has id, delivery and text of each job.
 *
 * A job that was given back with a delay longer than its lease looks as if its lease had ended. Such a job is made
 * busy anew, so that no jobs behind it are held up.
 */
export const TAKE: RedisScript = {
  keys: 2,
  text: `${NOW}
local reply = {}
if redis.call('EXISTS', KEYS[1]) == 0 then return reply end
local function add(entry, delivery)
  reply[#reply + 1] = entry[1]
  reply[#reply + 1] = delivery
  reply[#reply + 1] = entry[2][2]
end
local count, lease = tonumber(ARGV[1]), tonumber(ARGV[2])
local function take(id, delivery)
  local due = tonumber(redis.call('ZSCORE', KEYS[2], id) or 0)
  if due > now then
    local idle = string.format('%.0f', math.max(0, lease - (due - now)))
    redis.call('XCLAIM', KEYS[1], 'cogen', 'all', 0, id, 'IDLE', idle, 'JUSTID')
    return
  end
  redis.call('ZREM', KEYS[2], id)
  local claimed = redis.call('XCLAIM', KEYS[1], 'cogen', 'all', lease, id)
  if claimed[1] and claimed[1][2] then
    add(claimed[1], delivery)
  else
    redis.call('XACK', KEYS[1], 'cogen', id)
  end
end
local room = count
repeat
  local ended = redis.call('XPENDING', KEYS[1], 'cogen', 'IDLE', lease, '-', '+', room)
  for _, pending in ipairs(ended) do take(pending[1], pending[4] + 1) end
  room = count - #reply / 3
until #ended == 0 or room == 0
if room > 0 then
  local read = redis.call(
    'XREADGROUP', 'GROUP', 'cogen', 'all', 'COUNT', room, 'STREAMS', KEYS[1], '>')
  if read then
    for _, entry in ipairs(read[1][2]) do add(entry, 1) end
  end
end
return reply
`,
};

/** Keys: stream, bell, delayed. Arguments: id, delivery, done|again|extend, idle time, name, delay. */
export const SETTLE: RedisScript = {
  keys: 3,
  text: `${NOW}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local pending = redis.call('XPENDING', KEYS[1], 'cogen', ARGV[1], ARGV[1], 1)[1]
if not pending or pending[4] ~= tonumber(ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[3], ARGV[1])
if ARGV[3] == 'done' then
  redis.call('XACK', KEYS[1], 'cogen', ARGV[1])
  redis.call('XDEL', KEYS[1], ARGV[1])
  if redis.call('XLEN', KEYS[1]) == 0 then redis.call('DEL', KEYS[1], KEYS[3]) end
  return 1
end
redis.call('XCLAIM', KEYS[1], 'cogen', 'all', 0, ARGV[1], 'IDLE', ARGV[4], 'JUSTID')
if ARGV[3] == 'again' then
  if tonumber(ARGV[6]) > 0 then
    redis.call('ZADD', KEYS[3], string.format('%.0f', now + ARGV[6]), ARGV[1])
  end
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*', 'n', ARGV[5])
end
return 1
`,
};
