-- The giver's half. Moves all keys of some slots; then a mark, for which a client of the taker waits that claims the slots at once; and
-- gives them up only when the taker says that they were claimed. All in one moment of the giver, to whom nobody else speaks meanwhile.
--
-- Answers 1 if the slots were given away. Else the giver has them still: as they were, or open, with some or all of their keys at the taker.

local taker_id, host, port, stall, mark, mark_ms, keys_max = unpack(ARGV)
local greeting, proof = mark .. ':greeting', mark .. ':proof'

-- Just before, the giver brought the greeting to the taker, and with it who we are: MIGRATE goes over the same connection as the last one,
-- which is kept for ten seconds. Who we are cannot be said here: what a script is told is shown to whoever reads the slow log or MONITOR.
local function migrate(...)
  return redis.pcall('MIGRATE', host, port, '', 0, stall, ...)
end

if redis.call('DEL', greeting) == 1 then
  return 0
end
-- Behind the first arguments comes each slot, with the name of a key of it that nobody has. The mark is a key of the last one.
local slots, keys, count = {}, {}, 0
for index = 8, #ARGV, 2 do
  local slot = ARGV[index]
  -- Fails where the slot is open already, or another's.
  redis.call('EXISTS', ARGV[index + 1])
  keys[slot] = redis.call('CLUSTER', 'GETKEYSINSLOT', slot, keys_max + 1)
  count = count + #keys[slot]
  slots[#slots + 1] = slot
end
if count > tonumber(keys_max) then
  return 0
end

-- A key that is not there cannot be made any more once the slot is open.
redis.call('DEL', mark, proof)
redis.call('RPUSH', mark, 1, 2)
redis.call('SET', proof, '')
local failed
for _, slot in ipairs(slots) do
  failed = failed or redis.pcall('CLUSTER', 'SETSLOT', slot, 'MIGRATING', taker_id).err
end
for _, slot in ipairs(slots) do
  if not failed and #keys[slot] > 0 then
    -- The giver is in the run in which it began: what it holds is newer than any copy that the taker has.
    failed = migrate('REPLACE', 'KEYS', unpack(keys[slot])).err
  end
end
local left = 0
for _, slot in ipairs(slots) do
  left = left + redis.call('CLUSTER', 'COUNTKEYSINSLOT', slot)
end
-- The mark and the proof.
if not failed and left == 2 then
  -- Should nobody wait for them any more, they go by themselves.
  redis.call('PEXPIRE', mark, mark_ms)
  redis.call('PEXPIRE', proof, mark_ms)
  failed = migrate('KEYS', mark).err
  if not failed then
    -- Whoever claims the slots leaves a proof, over which another is refused. What cannot be told of leaves the slots with their giver.
    local refused = migrate('KEYS', proof).err
    if refused and string.find(refused, 'BUSYKEY', 1, true) then
      redis.call('DEL', proof)
      for _, slot in ipairs(slots) do
        redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', taker_id)
      end
      return 1
    end
  end
end
redis.call('DEL', mark)
redis.call('DEL', proof)
return 0
