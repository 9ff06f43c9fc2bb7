// The source and the sink around a simulated capdesc_axis, and a small master for its registers.
//
// Compiled once for each model. build.rs defines CAPDESC_MODEL, the class that Verilator wrote, of
// which CAPDESC_HEADER is the header; CAPDESC_TABLE, the name of the table to define;
// CAPDESC_LANES; and CAPDESC_CHECKED, 0 or 1.
//
// Order within a cycle: the outputs of the last edge are read, both sides decide, the clock rises.
// A beat is taken, or given, at the edge at the end of the cycle in which valid and ready are up.

#include "capdesc_sim.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "capdesc_report.h"
#include "verilated.h"
#include CAPDESC_HEADER
#if CAPDESC_CHECKED
#include "verilated_vcd_c.h"
#endif

namespace {

constexpr size_t RECORD_BYTES = 24;
constexpr size_t LANES = CAPDESC_LANES;
constexpr size_t BEAT_BYTES = RECORD_BYTES * LANES;
constexpr size_t NONE = SIZE_MAX;
// Beats that can be inside, rounded up to a power of two.
constexpr size_t INSIDE_MAX = 64;
constexpr int RESET_CYCLES = 4;
// Cycles that the master waits for an answer.
constexpr int REGISTER_CYCLES_MAX = 1000;
// Where the verdict's bits begin in the index of the fault-injection port, and how many cycles
// after its beat was taken the request must be made: see capdesc_inject.
constexpr uint32_t INJECT_VERDICT = 272;
constexpr uint64_t INJECT_AFTER_TAKEN = 2;


// Draws whether a side is willing, once for each cycle.
class Willing {
  public:
    explicit Willing(capdesc_pace pace) : permille_(pace.permille), state_(pace.seed | 1u) {}

    bool draw() {
        if (permille_ >= 1000) return true;
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return ((uint64_t{state_} * 1000) >> 32) < permille_;
    }

  private:
    uint32_t permille_;
    uint32_t state_;
};

// One for each simulation, without worker threads. What Verilator's library does not get handed it
// looks up by thread, and finds the context of whatever simulation came last there, which may be
// gone: so each call says which one it is about.
struct Context : VerilatedContext {
    Context() {
        enter();
        threads(1);
        traceEverOn(CAPDESC_CHECKED);
    }

    void enter() { Verilated::threadContextp(this); }
};

void count(capdesc_counts &counts, uint64_t cycles) {
    counts.place[std::min<uint64_t>(cycles, CAPDESC_PLACES - 1)] += 1;
}

}  // namespace

struct capdesc_sim {
    capdesc_sim() : top(&context) {
        top.rst = 1;
        for (int i = 0; i < RESET_CYCLES; ++i) step();
        top.rst = 0;
        step();
        // Ready is registered, so that it is down for a cycle.
        step();
    }

    ~capdesc_sim() {
        context.enter();
        top.final();
    }

    void step() {
        top.clk = 1;
        top.eval();
        dump();
        top.clk = 0;
        top.eval();
        dump();
        cycle += 1;
    }

    void dump() {
#if CAPDESC_CHECKED
        context.timeInc(1);
        if (trace) trace->dump(context.time());
#endif
    }

    // Also takes up what an assertion has said in the meantime.
    int outcome(int status) {
        if (const char *said = capdesc_report_take()) {
            message = said;
            return CAPDESC_ASSERTION;
        }
        return status;
    }

    int broken(const char *rule) {
        message = rule;
        return outcome(CAPDESC_BREAKS_RULE);
    }

    Context context;
    CAPDESC_MODEL top;
    uint64_t cycle = 0;
    std::string message;
#if CAPDESC_CHECKED
    std::unique_ptr<VerilatedVcdC> trace;
#endif
};

namespace {

void offer(CAPDESC_MODEL &top, const capdesc_batch &batch, size_t next) {
    const size_t left = batch.record_count - next;
    if (left > LANES) {
        std::memcpy(&top.s_axis_tdata, batch.records + RECORD_BYTES * next, BEAT_BYTES);
        std::memset(&top.s_axis_tkeep, 0xFF, BEAT_BYTES / 8);
    } else {
        uint8_t keep[BEAT_BYTES / 8] = {};
        std::memset(keep, 0xFF, RECORD_BYTES * left / 8);
        std::memcpy(&top.s_axis_tkeep, keep, sizeof keep);
        std::memcpy(&top.s_axis_tdata, batch.records + RECORD_BYTES * next, RECORD_BYTES * left);
    }
    top.s_axis_tlast = left <= LANES;
    top.s_axis_tvalid = 1;
}

// What is at the output.
struct Beat {
    uint64_t data;
    uint32_t keep;
    uint32_t last;

    bool operator==(const Beat &other) const {
        return data == other.data && keep == other.keep && last == other.last;
    }
};

Beat output(const CAPDESC_MODEL &top) {
    return {top.m_axis_tdata, top.m_axis_tkeep, top.m_axis_tlast};
}

// Streams a batch. See the head of this file for the order within a cycle.
int run(capdesc_sim &sim, const capdesc_batch &batch, capdesc_elapsed &elapsed,
        capdesc_observation &seen) {
    CAPDESC_MODEL &top = sim.top;
    Willing source(batch.source);
    Willing sink(batch.sink);
    uint64_t taken_at[INSIDE_MAX] = {};
    size_t next = 0, done = 0, beats_taken = 0, beats_given = 0;
    uint64_t first_taken = 0, last_taken = 0, last_given = 0, stalled_since = 0;
    bool is_stalled = false, is_held = false;
    Beat held = {};
    const uint64_t start = sim.cycle;
    const size_t upset_beat = batch.upset_index == NONE ? NONE : batch.upset_index / LANES;
    uint64_t upset_at = UINT64_MAX;
    elapsed = {};
    top.s_axis_tvalid = 0;
    while (done < batch.record_count) {
        const uint64_t now = sim.cycle;
        if (now - start >= batch.cycles_max) {
            sim.message = "no verdict came within " + std::to_string(batch.cycles_max) + " cycles";
            return sim.outcome(CAPDESC_HANGS);
        }
        const bool is_willing = source.draw();
        if (!top.s_axis_tvalid && is_willing && next < batch.record_count) offer(top, batch, next);
        top.m_axis_tready = sink.draw();
        top.inject_lanes = now == upset_at ? 1u << batch.upset_index % LANES : 0;
        top.inject_index = INJECT_VERDICT;
        const bool is_taken = top.s_axis_tvalid && top.s_axis_tready;
        const bool is_given = top.m_axis_tvalid && top.m_axis_tready;
        if (is_taken) {
            if (beats_taken == 0) first_taken = now;
            if (beats_taken > 0) count(seen.interval_in, now - last_taken);
            if (beats_taken == upset_beat) upset_at = now + INJECT_AFTER_TAKEN;
            if (is_stalled) count(seen.stall_runs, now - stalled_since);
            is_stalled = false;
            last_taken = now;
            taken_at[beats_taken % INSIDE_MAX] = now;
            beats_taken += 1;
            next += std::min(LANES, batch.record_count - next);
        } else if (top.s_axis_tvalid) {
            if (!is_stalled) stalled_since = now;
            is_stalled = true;
            elapsed.stalled += 1;
        }
        if (is_held && !top.m_axis_tvalid) {
            return sim.broken("valid fell before the beat was given");
        }
        if (is_held && !(output(top) == held)) {
            return sim.broken("a beat changed while it was held back");
        }
        is_held = top.m_axis_tvalid && !top.m_axis_tready;
        if (is_held) held = output(top);
        if (is_given) {
            if (beats_given == beats_taken) return sim.broken("a beat came out that never went in");
            const size_t kept = std::min(LANES, batch.record_count - done);
            if (top.m_axis_tkeep != (1u << kept) - 1) return sim.broken("wrong lanes are kept");
            if (top.m_axis_tlast != (done + kept == batch.record_count)) {
                return sim.broken("the end of the packet is at the wrong beat");
            }
            std::memcpy(batch.verdicts + done, &top.m_axis_tdata, kept);
            if (beats_given == 0) elapsed.latency = now - first_taken;
            if (beats_given > 0) count(seen.interval_out, now - last_given);
            count(seen.latency, now - taken_at[beats_given % INSIDE_MAX]);
            last_given = now;
            beats_given += 1;
            done += kept;
        }
        sim.step();
        if (is_taken) top.s_axis_tvalid = 0;
    }
    top.s_axis_tvalid = 0;
    top.m_axis_tready = 0;
    seen.beat_count += beats_given;
    if (beats_given > 0) elapsed.total = last_given - first_taken + 1;
    if (top.m_axis_tvalid) return sim.broken("a beat came out twice");
    return sim.outcome(CAPDESC_OK);
}

int stream(capdesc_sim *sim, const capdesc_batch *batch, capdesc_elapsed *elapsed,
           capdesc_observation *seen) {
    sim->context.enter();
    return run(*sim, *batch, *elapsed, *seen);
}

// Steps until `is_there` holds, or too long.
template <typename Condition>
bool wait(capdesc_sim &sim, Condition is_there) {
    for (int i = 0; i < REGISTER_CYCLES_MAX; ++i) {
        if (is_there()) return true;
        sim.step();
    }
    sim.message = "the register block does not answer";
    return false;
}

int write_register(capdesc_sim *sim, uint8_t address, uint32_t value, uint32_t *response) {
    sim->context.enter();
    CAPDESC_MODEL &top = sim->top;
    top.s_axil_awaddr = address;
    top.s_axil_wdata = value;
    top.s_axil_wstrb = 0xF;
    top.s_axil_awvalid = top.s_axil_wvalid = 1;
    if (!wait(*sim, [&] { return top.s_axil_awready && top.s_axil_wready; })) return CAPDESC_HANGS;
    sim->step();
    top.s_axil_awvalid = top.s_axil_wvalid = 0;
    top.s_axil_bready = 1;
    if (!wait(*sim, [&] { return top.s_axil_bvalid; })) return CAPDESC_HANGS;
    *response = top.s_axil_bresp;
    sim->step();
    top.s_axil_bready = 0;
    return sim->outcome(CAPDESC_OK);
}

int read_register(capdesc_sim *sim, uint8_t address, uint32_t *value, uint32_t *response) {
    sim->context.enter();
    CAPDESC_MODEL &top = sim->top;
    top.s_axil_araddr = address;
    top.s_axil_arvalid = 1;
    if (!wait(*sim, [&] { return top.s_axil_arready; })) return CAPDESC_HANGS;
    sim->step();
    top.s_axil_arvalid = 0;
    top.s_axil_rready = 1;
    if (!wait(*sim, [&] { return top.s_axil_rvalid; })) return CAPDESC_HANGS;
    *value = top.s_axil_rdata;
    *response = top.s_axil_rresp;
    sim->step();
    top.s_axil_rready = 0;
    return sim->outcome(CAPDESC_OK);
}

int trace_open(capdesc_sim *sim, const char *path) {
#if CAPDESC_CHECKED
    sim->context.enter();
    sim->trace = std::make_unique<VerilatedVcdC>();
    sim->top.trace(sim->trace.get(), 99);
    sim->trace->open(path);
    if (sim->trace->isOpen()) return CAPDESC_OK;
    sim->trace.reset();
    sim->message = std::string("cannot write ") + path;
#else
    sim->message = std::string("this model writes no waveforms: ") + path;
#endif
    return CAPDESC_NO_TRACE;
}

void trace_close(capdesc_sim *sim) {
#if CAPDESC_CHECKED
    sim->context.enter();
    if (sim->trace) sim->trace->close();
    sim->trace.reset();
#else
    (void)sim;
#endif
}

capdesc_sim *create() {
    capdesc_report_take();
    return new (std::nothrow) capdesc_sim();
}

void destroy(capdesc_sim *sim) {
    delete sim;
    Verilated::threadContextp(Verilated::defaultContextp());
}

const char *message(const capdesc_sim *sim) { return sim->message.c_str(); }

}  // namespace

extern "C" {
extern const capdesc_model CAPDESC_TABLE;
const capdesc_model CAPDESC_TABLE = {
    CAPDESC_LANES, CAPDESC_CHECKED, create,     destroy,     stream, write_register,
    read_register, trace_open,      trace_close, message,
};
}
