// Tests one lane of the top as a netlist of mutants, of which `mutsel` picks one, 0 the original.
//
// Arguments: numbers of mutants. Prints a line for each: its number, and `survived` or where, in
// which cycle and why it was killed.
//
// The model knows what the outside may rely on, cycle by cycle: order, content, latency, what is
// held while it waits, when the source is held back, what is counted, and what an injected upset
// does. It was written from the specification and shares nothing with the RTL.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "Vcapdesc_axis.h"
#include "Vcapdesc_axis___024root.h"
#include "verilated.h"
// Written by scripts/mutate-rtl: LATENCY, INJECT_DELAY, WRITE_CYCLES, READ_CYCLES, BEAT_LAG,
// STALL_LAG, and `bool preload(Vcapdesc_axis___024root *, int counter, uint64_t value)`.
#include "facts.h"

namespace {

constexpr int COUNTERS = 12;

struct Killed {
  const char* why;
};

struct Random {
  uint64_t state;
  explicit Random(uint64_t seed) : state(seed * 0x9E3779B97F4A7C15ull + 1) {}
  uint32_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<uint32_t>(state >> 16);
  }
  uint32_t below(uint32_t limit) { return next() % limit; }
  bool one_in(uint32_t n) { return below(n) == 0; }
};

using Record = std::vector<uint8_t>;

uint16_t checksum(const Record& record, size_t length) {
  uint16_t sum = 0xFFFF;
  for (size_t i = 0; i < length; i++) {
    sum ^= static_cast<uint16_t>(record[i] << 8);
    for (int bit = 0; bit < 8; bit++)
      sum = static_cast<uint16_t>(sum & 0x8000 ? sum << 1 ^ 0x1021 : sum << 1);
  }
  return sum;
}

uint16_t remainder_of(const Record& record) {
  return static_cast<uint16_t>(checksum(record, 22) ^ (record[22] << 8 | record[23]));
}

// Verdict of a record, with an upset of what the classifier has worked out of it: -1 or 0 to 71.
uint8_t verdict_of(const Record& record, int upset) {
  static const uint8_t start[6] = {0x54, 0x43, 0x50, 0x02, 0x00, 0x02};
  bool high = memcmp(&record[0], start, 2) != 0;
  bool low = memcmp(&record[2], start + 2, 2) != 0;
  bool version = memcmp(&record[4], start + 4, 2) != 0;
  uint16_t remainder = remainder_of(record);
  uint8_t flags = record[13] & 31;
  if (upset >= 0 && upset < 64) {
    uint32_t power = 1;
    for (int i = 0; i < upset; i++) power = power & 0x8000 ? (power << 1 ^ 0x11021) : power << 1;
    remainder ^= static_cast<uint16_t>(power);
  }
  if (upset == 64) low = !low;
  if (upset == 65) high = !high;
  if (upset == 66) version = !version;
  // A header that seems right by an upset only: the network has taken the right one for granted.
  if (upset >= 64 && upset <= 66) {
    Record right = record;
    memcpy(&right[0], start, 6);
    remainder = remainder_of(right);
  }
  if (upset >= 67) flags ^= static_cast<uint8_t>(1 << (upset - 67));
  if (high || low) return 0x3F;
  if (version) return 0x5F;
  if (remainder) return 0x7F;
  if (!flags) return 0x9F;
  int risk = 0;
  for (int i = 0; i < 5; i++)
    if (flags >> i & 1) risk = i;
  static const uint8_t decision[5] = {0, 0, 1, 2, 3};
  return static_cast<uint8_t>(risk << 2 | decision[risk]);
}

Record sealed(Record record) {
  uint16_t sum = checksum(record, 22);
  record[22] = static_cast<uint8_t>(sum >> 8);
  record[23] = static_cast<uint8_t>(sum);
  return record;
}

Record valid_record(Random& random) {
  Record record(24);
  for (auto& byte : record) byte = static_cast<uint8_t>(random.next());
  static const uint8_t start[6] = {0x54, 0x43, 0x50, 0x02, 0x00, 0x02};
  memcpy(record.data(), start, 6);
  record[13] = static_cast<uint8_t>((record[13] & 0xE0) |
                                    (random.one_in(3) ? 1u << random.below(5) : random.below(32)));
  return sealed(record);
}

Record any_record(Random& random) {
  Record record = valid_record(random);
  switch (random.below(8)) {
    case 0:  // One wrong bit, anywhere.
    case 1: {
      uint32_t bit = random.below(192);
      record[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      break;
    }
    case 2: {  // One wrong bit of the header, with a right checksum.
      uint32_t bit = random.below(48);
      record[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      record = sealed(record);
      break;
    }
    case 3:  // No risk level.
      record[13] &= 0xE0;
      record = sealed(record);
      break;
    case 4:
      record[22 + random.below(2)] ^= static_cast<uint8_t>(1 << random.below(8));
      break;
    default:
      break;
  }
  return record;
}

class Bench {
 public:
  Vcapdesc_axis top;
  Random random;
  const char* where = "";
  uint64_t cycle = 0;
  // Knobs: one in so many cycles without; 0 never.
  uint32_t idle = 0, stall = 0;
  bool is_source_on = true, is_sink_on = true, is_reset = false;
  std::deque<Record> directed;
  int inject = -1;

  Bench(int mutant, uint64_t seed) : random(seed) {
    top.mutsel = static_cast<uint16_t>(mutant);
    top.clk = 0;
    reset(3);
  }

  void reset(int cycles) {
    is_reset = true;
    for (int i = 0; i < cycles; i++) step();
    is_reset = false;
  }

  uint64_t inside() const { return beats.size(); }

  // Cumulative events of all cycles up to and with this one.
  uint64_t counted(int counter, uint64_t upto) const {
    uint64_t lag = counter == 2 || counter == 3 ? STALL_LAG : BEAT_LAG;
    return counted_exactly(counter, upto < lag ? 0 : upto - lag);
  }
  uint64_t counted_exactly(int counter, uint64_t upto) const {
    if (upto < first_cycle) return base[counter];
    size_t index = static_cast<size_t>(upto - first_cycle);
    if (index >= history.size()) index = history.size() - 1;
    return base[counter] + history[index][static_cast<size_t>(counter)];
  }

  void step() {
    top.rst = is_reset;
    drive_source();
    top.m_axis_tready = is_sink_on && !(stall && random.one_in(stall));
    top.inject_lanes = inject >= 0;
    top.inject_index = static_cast<uint16_t>(inject >= 0 ? inject : random.below(512));
    top.clk = 0;
    top.eval();
    check();
    top.clk = 1;
    top.eval();
    cycle++;
  }

  // AXI4-Lite.

  struct Response {
    uint32_t data;
    uint32_t code;
  };

  // In the cycle that ends with the return of this the write was taken.
  uint64_t write(uint32_t address, uint32_t data, uint32_t strobe, uint32_t wait, uint32_t& code) {
    top.s_axil_bready = 0;
    uint32_t skew = random.below(4);
    bool is_data_first = random.one_in(2);
    for (uint32_t i = 0; i < skew; i++) {
      (is_data_first ? top.s_axil_wvalid : top.s_axil_awvalid) = 1;
      top.s_axil_awaddr = static_cast<uint8_t>(address);
      top.s_axil_wdata = data;
      top.s_axil_wstrb = static_cast<uint8_t>(strobe);
      if (top.s_axil_awready || top.s_axil_wready) throw Killed{"half a write is taken"};
      step();
    }
    top.s_axil_awvalid = 1;
    top.s_axil_awaddr = static_cast<uint8_t>(address);
    top.s_axil_wvalid = 1;
    top.s_axil_wdata = data;
    top.s_axil_wstrb = static_cast<uint8_t>(strobe);
    for (int i = 0;; i++) {
      if (i > 3) throw Killed{"a write is not taken"};
      bool is_ready = top.s_axil_awready;
      if (is_ready != static_cast<bool>(top.s_axil_wready)) throw Killed{"half a write is taken"};
      step();
      if (is_ready) break;
    }
    uint64_t taken_at = cycle - 1;
    bool is_next = random.one_in(2);
    top.s_axil_awvalid = is_next;
    top.s_axil_wvalid = is_next;
    top.s_axil_awaddr = static_cast<uint8_t>(random.next());
    top.s_axil_wdata = random.next();
    for (int i = 1; i < WRITE_CYCLES; i++) {
      if (top.s_axil_bvalid) throw Killed{"an answer to a write too soon"};
      if (top.s_axil_awready) throw Killed{"a second write is taken"};
      step();
    }
    for (uint32_t i = 0; i <= wait; i++) {
      top.s_axil_bready = i == wait;
      if (!top.s_axil_bvalid) throw Killed{"no answer to a write"};
      if (top.s_axil_awready) throw Killed{"a second write is taken"};
      code = top.s_axil_bresp;
      if (i == wait) {
        top.s_axil_awvalid = 0;
        top.s_axil_wvalid = 0;
      }
      step();
      if (i < wait && code != top.s_axil_bresp) throw Killed{"an answer to a write changes"};
    }
    top.s_axil_bready = 0;
    if (top.s_axil_bvalid) throw Killed{"two answers to a write"};
    return taken_at;
  }

  Response read(uint32_t address, uint32_t wait) {
    top.s_axil_rready = 0;
    top.s_axil_arvalid = 1;
    top.s_axil_araddr = static_cast<uint8_t>(address);
    for (int i = 0;; i++) {
      if (i > 3) throw Killed{"a read is not taken"};
      bool is_ready = top.s_axil_arready;
      step();
      if (is_ready) break;
    }
    top.s_axil_arvalid = random.one_in(2);
    top.s_axil_araddr = static_cast<uint8_t>(random.next());
    for (int i = 1; i < READ_CYCLES; i++) {
      if (top.s_axil_rvalid) throw Killed{"an answer to a read too soon"};
      if (top.s_axil_arready) throw Killed{"a second read is taken"};
      step();
    }
    Response response{};
    for (uint32_t i = 0; i <= wait; i++) {
      top.s_axil_rready = i == wait;
      if (!top.s_axil_rvalid) throw Killed{"no answer to a read"};
      if (top.s_axil_arready) throw Killed{"a second read is taken"};
      if (i && (response.data != top.s_axil_rdata || response.code != top.s_axil_rresp))
        throw Killed{"an answer to a read changes"};
      response = {top.s_axil_rdata, top.s_axil_rresp};
      if (i == wait) top.s_axil_arvalid = 0;
      step();
    }
    top.s_axil_rready = 0;
    if (top.s_axil_rvalid) throw Killed{"two answers to a read"};
    return response;
  }

  uint64_t copy() {
    uint32_t code = 0;
    uint64_t at =
        write(0x08 + random.below(4), random.next() | 1, random.next() | 1, random.below(3), code);
    if (code) throw Killed{"a copy is refused"};
    return at;
  }

  uint64_t read_counter(int counter) {
    Response low =
        read(0x40 + 8 * static_cast<uint32_t>(counter) + random.below(4), random.below(3));
    Response high =
        read(0x44 + 8 * static_cast<uint32_t>(counter) + random.below(4), random.below(3));
    if (low.code || high.code) throw Killed{"a counter is refused"};
    if (high.data >> 16) throw Killed{"a counter has more than 48 bits"};
    return static_cast<uint64_t>(high.data) << 32 | low.data;
  }

  void check_counters(uint64_t copied_at, bool are_all) {
    for (int i = 0; i < COUNTERS; i++) {
      if (!are_all && !random.one_in(3)) continue;
      if (read_counter(i) != (counted(i, copied_at) & 0xFFFFFFFFFFFFull)) {
        static char text[64];
        snprintf(text, sizeof text, "counter %d", i);
        throw Killed{text};
      }
    }
  }

  // For the counters: the total until now becomes this.
  void set_counter(int counter, uint64_t value) {
    if (preload(top.rootp, counter, value))
      base[counter] += value - counted_exactly(counter, ~0ull >> 1);
  }

  void drain() {
    is_source_on = false;
    is_sink_on = true;
    uint32_t before_stall = stall;
    stall = 0;
    for (int i = 0; i < 40; i++) step();
    if (inside()) throw Killed{"beats are lost"};
    stall = before_stall;
    is_source_on = true;
  }

 private:
  struct Beat {
    Record record;
    bool is_last, is_kept;
    uint64_t taken_at;
  };
  std::deque<Beat> beats;
  std::vector<std::vector<uint64_t>> history;
  uint64_t first_cycle = 0;
  uint64_t base[COUNTERS] = {};
  std::vector<int> requests;
  std::vector<bool> taken_log;
  bool is_offering = false;
  Beat offered;
  bool is_held = false, is_free = true, is_always_free = true, is_known = false;
  bool after_reset = false;
  uint32_t held = 0;
  uint64_t inside_before = 0;

  int request(uint64_t at) const {
    return at < requests.size() ? requests[static_cast<size_t>(at)] : -1;
  }

  void drive_source() {
    if (!is_offering && is_source_on && !(idle && random.one_in(idle))) {
      is_offering = true;
      if (directed.empty()) {
        offered.record = any_record(random);
      } else {
        offered.record = directed.front();
        directed.pop_front();
      }
      offered.is_last = random.one_in(4);
      offered.is_kept = !random.one_in(6);
      uint32_t words[6];
      for (int i = 0; i < 6; i++) {
        words[i] = 0;
        for (int j = 0; j < 4; j++)
          words[i] |= static_cast<uint32_t>(offered.record[static_cast<size_t>(4 * i + j)])
                      << 8 * j;
        top.s_axis_tdata[i] = words[i];
      }
      top.s_axis_tkeep = (random.next() & 0x7FFFFF) | (offered.is_kept ? 0x800000 : 0);
      top.s_axis_tlast = offered.is_last;
    }
    top.s_axis_tvalid = is_offering;
  }

  uint8_t expected(const Beat& beat) const {
    Record record = beat.record;
    auto at = [&](uint64_t stage) {
      uint64_t flip = beat.taken_at + stage;
      return flip < INJECT_DELAY ? -1 : request(flip - INJECT_DELAY);
    };
    int in = at(0), folded = at(1), out = at(LATENCY - 1);
    if (in >= 0 && in < 192)
      record[static_cast<size_t>(in / 8)] ^= static_cast<uint8_t>(1 << in % 8);
    uint8_t verdict = verdict_of(record, folded >= 192 && folded < 264 ? folded - 192 : -1);
    if (out >= 272 && out < 280) verdict ^= static_cast<uint8_t>(1 << (out - 272));
    return verdict;
  }

  void check() {
    requests.push_back(is_reset ? -1 : inject);
    uint64_t now = cycle;
    std::vector<uint64_t> events =
        history.empty() ? std::vector<uint64_t>(COUNTERS) : history.back();
    if (is_reset) {
      if (after_reset && (top.m_axis_tvalid || top.s_axis_tready || top.s_axil_bvalid ||
                          top.s_axil_rvalid || top.s_axil_awready || top.s_axil_arready))
        throw Killed{"not reset"};
      beats.clear();
      history.clear();
      first_cycle = now + 1;
      memset(base, 0, sizeof base);
      is_held = false;
      is_free = is_always_free = true;
      after_reset = true;
      inside_before = 0;
      is_offering = false;
      // Nothing that was taken before a reset comes out of it.
      taken_log.assign(taken_log.size() + 1, false);
      return;
    }
    bool is_valid = top.m_axis_tvalid, is_ready = top.s_axis_tready;
    uint32_t beat =
        static_cast<uint32_t>(top.m_axis_tlast << 9 | top.m_axis_tkeep << 8 | top.m_axis_tdata);
    // The source: held back only when the queue might overflow, a cycle late.
    if (is_ready != (!after_reset && inside_before < 15)) throw Killed{"ready"};
    if (is_held && (!is_valid || beat != held)) throw Killed{"a beat is not held"};
    if (is_free) {
      bool is_due = now >= LATENCY && taken_log[static_cast<size_t>(now - LATENCY)];
      if (is_valid != is_due) throw Killed{"latency"};
    }
    uint8_t verdict = 0;
    if (is_valid) {
      if (beats.empty()) throw Killed{"a beat from nowhere"};
      const Beat& first = beats.front();
      verdict = expected(first);
      if (top.m_axis_tdata != verdict) throw Killed{"verdict"};
      if (static_cast<bool>(top.m_axis_tlast) != first.is_last) throw Killed{"tlast"};
      if (static_cast<bool>(top.m_axis_tkeep) != first.is_kept) throw Killed{"tkeep"};
    }
    // A beat at the output or in memory does not disappear.
    if (!is_valid && !beats.empty() && beats.front().taken_at + LATENCY <= now)
      throw Killed{"a beat is late"};
    bool is_taken = top.s_axis_tvalid && is_ready, is_given = is_valid && top.m_axis_tready;
    if (is_valid && !top.m_axis_tready) is_free = is_always_free = false;
    inside_before = beats.size();
    if (is_given) {
      if (beats.front().is_kept) {
        events[1]++;
        if (verdict >> 5 >= 1 && verdict >> 5 <= 4) events[3 + (verdict >> 5)]++;
        events[8 + (verdict & 3)]++;
      }
      beats.pop_front();
    }
    if (is_taken) {
      offered.taken_at = now;
      beats.push_back(offered);
      events[0] += offered.is_kept;
      is_offering = false;
    }
    events[2] += top.s_axis_tvalid && !is_ready;
    events[3] += is_valid && !top.m_axis_tready;
    is_held = is_valid && !top.m_axis_tready;
    held = beat;
    if (beats.empty()) is_free = true;
    history.push_back(events);
    taken_log.push_back(is_taken);
    after_reset = false;
  }
};

// Every single wrong bit, and every set of risk flags.
void add_directed(Bench& bench) {
  for (uint32_t bit = 0; bit < 192; bit++) {
    Record record = valid_record(bench.random);
    record[13] = static_cast<uint8_t>((record[13] & 0xE0) | 1);
    record = sealed(record);
    record[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    bench.directed.push_back(record);
    if (bit < 48) {
      bench.directed.push_back(sealed(record));
    }
  }
  for (uint32_t flags = 0; flags < 32; flags++) {
    Record record = valid_record(bench.random);
    record[13] = static_cast<uint8_t>((record[13] & 0xE0) | flags);
    bench.directed.push_back(sealed(record));
  }
}

void run(int mutant) {
  Bench bench(mutant, 1);
  try {
    bench.where = "directed";
    add_directed(bench);
    for (int i = 0; i < 330; i++) bench.step();
    bench.drain();

    bench.where = "injection";
    for (int pass = 0; pass < 4; pass++) {
      bench.idle = pass == 3 ? 4 : 0;
      for (int index = 0; index < 512; index++) {
        bench.directed.clear();
        if (pass < 2) bench.directed.push_back(valid_record(bench.random));
        bench.inject = pass == 1   ? 511 - index
                       : pass == 2 ? static_cast<int>(bench.random.below(280))
                                   : index;
        bench.step();
        bench.inject = -1;
        if (pass == 3) bench.step();
      }
    }
    // An upset that repairs what was wrong: it is the only bit that flips, or the verdict shows it.
    bench.idle = 0;
    for (int index = 0; index < 256; index++) {
      Record record = valid_record(bench.random);
      record[13] = static_cast<uint8_t>((record[13] & 0xE0) | 1);
      record = sealed(record);
      Record right = record;
      if (index >= 192) {
        uint32_t power = 1;
        for (int i = 192; i < index; i++)
          power = power & 0x8000 ? (power << 1 ^ 0x11021) : power << 1;
        record[22] ^= static_cast<uint8_t>(power >> 8);
        record[23] ^= static_cast<uint8_t>(power);
      } else {
        record[static_cast<size_t>(index / 8)] ^= static_cast<uint8_t>(1 << index % 8);
      }
      // Among others like it, and among right ones, of which a second upset would show.
      for (bool is_alone : {false, true}) {
        bench.directed.assign(8, is_alone ? right : record);
        bench.step();
        bench.inject = index;
        bench.step();
        bench.inject = -1;
        for (int i = 0; i < 5; i++) bench.step();
      }
    }
    bench.directed.clear();
    bench.drain();
    uint64_t at = bench.copy();
    bench.check_counters(at, true);

    bench.where = "stalls";
    static const uint32_t mixes[][2] = {{0, 0}, {2, 0}, {0, 2}, {3, 3}, {0, 1}, {1, 0}, {8, 8}};
    for (const auto& mix : mixes) {
      bench.idle = mix[0] == 1 ? 5 : mix[0];
      bench.stall = mix[1] == 1 ? 5 : mix[1];
      for (int burst = 0; burst < 3; burst++) {
        if (burst == 1) {
          bench.is_sink_on = false;
          for (int i = 0; i < 30; i++) bench.step();
          bench.is_sink_on = true;
        }
        for (int i = 0; i < 60; i++) bench.step();
        at = bench.copy();
        bench.check_counters(at, false);
      }
      bench.drain();
      at = bench.copy();
      bench.check_counters(at, true);
    }

    bench.where = "registers";
    for (uint32_t address = 0; address < 256; address++) {
      if (address % 4 && !bench.random.one_in(4)) continue;
      auto got = bench.read(address, bench.random.below(3));
      uint32_t word = address / 4;
      bool is_counter = word >= 16 && word < 40;
      if ((got.code == 0) != (word < 2 || is_counter) || (got.code && got.code != 2))
        throw Killed{"read response"};
      if (word == 0 && got.data != 0x43415044) throw Killed{"name"};
      if (word == 1 && got.data != (0x01000001u | LATENCY << 8)) throw Killed{"facts"};
      uint32_t code = 0;
      // Asks for a copy at the right address only; no change is seen otherwise.
      uint32_t data = word == 2 ? bench.random.next() & ~1u : bench.random.next() | 1;
      bench.write(address, data, 15, bench.random.below(3), code);
      if (code != (word == 2 ? 0u : 2u)) throw Killed{"write response"};
    }
    bench.check_counters(at, true);
    uint32_t code = 0;
    bench.write(0x08, 1, 14, 0, code);
    if (code) throw Killed{"write response"};
    bench.check_counters(at, true);

    // A copy does not change an answer that waits.
    bench.where = "held answer";
    bench.idle = bench.stall = 2;
    for (int i = 0; i < 24; i++) {
      bench.top.s_axil_arvalid = 1;
      bench.top.s_axil_araddr = static_cast<uint8_t>(0x40 + 4 * i);
      bench.step();
      bench.step();
      bench.top.s_axil_arvalid = 0;
      for (int j = 0; j < READ_CYCLES; j++) bench.step();
      uint32_t data = bench.top.s_axil_rdata;
      bench.copy();
      for (int j = 0; j < 20; j++) bench.step();
      if (!bench.top.s_axil_rvalid || bench.top.s_axil_rdata != data)
        throw Killed{"an answer to a read changes"};
      bench.top.s_axil_rready = 1;
      bench.step();
      bench.top.s_axil_rready = 0;
    }

    bench.where = "carries";
    for (int segment = 1; segment <= 6; segment++) {
      for (uint64_t pattern : {0x00ull, 0x55ull, 0xAAull, 0xFFull}) {
        bench.drain();
        for (int i = 0; i < COUNTERS; i++) {
          uint64_t value = segment == 6 ? ~0ull : pattern * 0x010101010101ull << 8 * segment;
          uint64_t below = (1ull << 8 * segment) - 1;
          // A few below the carry, for the counters that see few events.
          bench.set_counter(
              i, ((value & ~below) | (below - bench.random.below(3))) & 0xFFFFFFFFFFFFull);
        }
        bench.idle = 0;
        bench.stall = 3;
        add_directed(bench);
        for (int i = 0; i < 24; i++) bench.directed.push_front(any_record(bench.random));
        bench.is_sink_on = false;
        for (int i = 0; i < 30; i++) bench.step();
        bench.is_sink_on = true;
        for (int i = 0; i < 90; i++) bench.step();
        bench.directed.clear();
        uint64_t copied = bench.copy();
        bench.check_counters(copied, true);
      }
    }

    // Past 256 events, without setting anything.
    bench.where = "counts";
    bench.idle = 0;
    bench.stall = 2;
    for (int i = 0; i < 3000; i++) bench.step();
    bench.drain();
    at = bench.copy();
    bench.check_counters(at, true);

    bench.where = "reset";
    for (int pass = 0; pass < 12; pass++) {
      bench.idle = pass % 3 ? 2 : 0;
      bench.stall = pass % 2 ? 2 : 0;
      bench.is_sink_on = pass % 4 != 3;
      for (uint32_t i = 0; i < 20 + bench.random.below(30); i++) {
        bench.inject = bench.random.one_in(3) ? static_cast<int>(bench.random.below(280)) : -1;
        bench.step();
      }
      // In the middle of accesses of all ages too.
      bench.top.s_axil_awvalid = bench.top.s_axil_wvalid = bench.top.s_axil_arvalid = 1;
      bench.top.s_axil_awaddr = 8;
      bench.top.s_axil_araddr = 0x40;
      bench.top.s_axil_wdata = 1;
      bench.top.s_axil_wstrb = 1;
      bench.top.s_axil_bready = bench.top.s_axil_rready = 0;
      for (int i = 0; i < 2 * pass + pass / 11 * 4; i++) bench.step();
      bench.inject = 0;
      bench.reset(pass % 3 == 0 ? 2 : 1);
      bench.inject = -1;
      bench.top.s_axil_awvalid = bench.top.s_axil_wvalid = bench.top.s_axil_arvalid = 0;
      bench.is_sink_on = true;
      for (int i = 0; i < 30; i++) {
        bench.step();
        if (bench.top.s_axil_bvalid || bench.top.s_axil_rvalid)
          throw Killed{"an access outlives a reset"};
      }
      at = bench.copy();
      bench.check_counters(at, true);
      bench.drain();
    }
    bench.where = "every wrong checksum";
    bench.idle = bench.stall = 0;
    bench.inject = -1;
    bench.drain();
    Record record = valid_record(bench.random);
    record[13] = static_cast<uint8_t>((record[13] & 0xE0) | 1);
    record = sealed(record);
    for (uint32_t error = 1; error < 65536; error++) {
      Record wrong = record;
      wrong[22] ^= static_cast<uint8_t>(error >> 8);
      wrong[23] ^= static_cast<uint8_t>(error);
      bench.directed.push_back(wrong);
      bench.step();
    }
    bench.directed.clear();
    bench.drain();
    // For scripts/rtl-coverage: while the model is there.
#ifdef COVERAGE_FILE
    VerilatedCov::write(COVERAGE_FILE);
#endif
    printf("%d survived\n", mutant);
  } catch (const Killed& killed) {
    printf("%d killed in %s, cycle %llu: %s\n", mutant, bench.where,
           static_cast<unsigned long long>(bench.cycle), killed.why);
  }
  fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  for (int i = 1; i < count; i++) run(atoi(arguments[i]));
}
