-- The giver's half. Moves all keys of a slot; then a mark, for which a client of the taker waits that claims the slot at once; and gives
-- the slot up only when the taker says that it was claimed. All in one moment of the giver, to whom nobody else speaks meanwhile.
--
-- Answers 1 if the slot was given away. Else the giver has it still: as it was, or open, with some or all of its keys at the taker.

local slot, taker_id, host, port, stall, mark, mark_ms, keys_max = unpack(ARGV)
local greeting, proof = mark .. ':greeting', mark .. ':proof'

-- Just before, the giver brought the greeting to the taker, and with it who we are: MIGRATE goes over the same connection as the last one,
-- which is kept for ten seconds. Who we are cannot be said here: what a script is told is shown to whoever reads the slow log or MONITOR.
local function migrate(...)
  return redis.pcall('MIGRATE', host, port, '', 0, stall, ...)
end

if redis.call('DEL', greeting) == 1 then
  return 0
end
local keys = redis.call('CLUSTER', 'GETKEYSINSLOT', slot, keys_max + 1)
if #keys > tonumber(keys_max) then
  return 0
end

-- A key that is not there cannot be made any more once the slot is open.
redis.call('DEL', mark, proof)
redis.call('RPUSH', mark, 1, 2)
redis.call('SET', proof, '')
local opened = redis.pcall('CLUSTER', 'SETSLOT', slot, 'MIGRATING', taker_id)
local failed = opened.err
if not failed and #keys > 0 then
  -- The giver is in the run in which it began: what it holds is newer than any copy that the taker has.
  failed = migrate('REPLACE', 'KEYS', unpack(keys)).err
end
if not failed and redis.call('CLUSTER', 'COUNTKEYSINSLOT', slot) == 2 then
  -- Should nobody wait for them any more, they go by themselves.
  redis.call('PEXPIRE', mark, mark_ms)
  redis.call('PEXPIRE', proof, mark_ms)
  failed = migrate('KEYS', mark).err
  if not failed then
    -- Whoever claims the slot leaves a proof, over which another is refused. What cannot be told of leaves the slot with its giver.
    local refused = migrate('KEYS', proof).err
    if refused and string.find(refused, 'BUSYKEY', 1, true) then
      redis.call('DEL', proof)
      redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', taker_id)
      return 1
    end
  end
end
redis.call('DEL', mark)
redis.call('DEL', proof)
return 0
