-- Sends what is in the file named after `--`, byte for byte. Made once, so that Lua costs nothing a
-- request. At the end it prints the figures that wrk's own report rounds or leaves out.

function wrk.init(args)
  local file = assert(io.open(args[1], "rb"))
  local request = file:read("*a")
  file:close()
  wrk.request = function() return request end
end

-- wrk corrects its counts for what it could not send, and then may not find a percentile among them: it
-- gives 0. Then they are counted here.
local function percentile(latency, share)
  local found = latency:percentile(share)
  if found > 0 then return found end
  local total, seen = 0, 0
  local values = {}
  for index = 1, #latency do
    local value, count = latency(index)
    values[index] = { value, count }
    total = total + count
  end
  for _, pair in ipairs(values) do
    seen = seen + pair[2]
    if seen * 100 >= total * share then return pair[1] end
  end
  return 0
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "FIGURES requests=%d microseconds=%d p50=%d p99=%d p999=%d connect=%d read=%d write=%d status=%d\n",
    summary.requests, summary.duration,
    percentile(latency, 50), percentile(latency, 99), percentile(latency, 99.9),
    errors.connect, errors.read, errors.write, errors.status
  ))
end
