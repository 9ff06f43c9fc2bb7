// Twelve performance counters. Everything that is counted is registered first, then added up over
// the lanes, then counted: three cycles behind the stream, all alike, so that a snapshot is
// consistent in itself: the decisions add up to the verdicts given.
`default_nettype none

module capdesc_stats #(
    parameter int LANES = 1
) (
    input  wire                clk,
    input  wire                rst,
    // Lanes of the beat that was taken, and of the beat that was given, in this cycle.
    input  wire  [LANES-1:0]   taken,
    input  wire  [LANES-1:0]   given,
    input  wire  [8*LANES-1:0] verdicts,
    input  wire                source_stalled,
    input  wire                sink_stalled,
    input  wire  [5:0]         snapshot,
    input  wire  [31:0]        read_head,
    // One bit for each counter. All of this is constant while a word is on its way.
    input  wire  [capdesc_pkg::COUNTER_COUNT-1:0] select,
    input  wire                select_high,
    output logic [31:0]        read_word
);

  localparam int COUNTERS = capdesc_pkg::COUNTER_COUNT;
  localparam int STEP_BITS = $clog2(LANES + 1);

  wire [32*(COUNTERS+1)-1:0] read_chain;
  wire [COUNTERS:0] high_chain;
  wire unused_high = high_chain[COUNTERS];
  wire [COUNTERS*LANES-1:0] hits_d;
  logic [COUNTERS*LANES-1:0] hits_q;
  logic counter_rst_q;

  assign read_chain[31:0] = read_head;
  assign high_chain[0] = select_high;
  assign read_word = read_chain[32*COUNTERS+:32];

  generate
    for (genvar lane = 0; lane < LANES; lane = lane + 1) begin : gen_lane
      wire [2:0] fault = verdicts[8*lane+5+:3];
      wire [2:0] unused_risk = verdicts[8*lane+2+:3];
      wire [1:0] decision = verdicts[8*lane+:2];
      assign hits_d[0*LANES+lane] = taken[lane];
      assign hits_d[1*LANES+lane] = given[lane];
      // Cycles, not descriptors: lane 0 counts for all.
      assign hits_d[2*LANES+lane] = source_stalled & (lane == 0);
      assign hits_d[3*LANES+lane] = sink_stalled & (lane == 0);
      for (genvar i = 0; i < 4; i = i + 1) begin : gen_kind
        assign hits_d[(4+i)*LANES+lane] = given[lane] & (fault == i + 1);
        assign hits_d[(8+i)*LANES+lane] = given[lane] & (decision == i);
      end
    end

    for (genvar i = 0; i < COUNTERS; i = i + 1) begin : gen_counter
      logic [STEP_BITS-1:0] step_q;
      always_ff @(posedge clk) step_q <= $countones(hits_q[i*LANES+:LANES]);

      capdesc_counter #(
          .STEP_BITS(STEP_BITS)
      ) u_counter (
          .clk(clk),
          .rst(counter_rst_q),
          .step(step_q),
          .snapshot(snapshot),
          .select(select[i]),
          .high_in(high_chain[i]),
          .high_out(high_chain[i+1]),
          .read_in(read_chain[32*i+:32]),
          .read_out(read_chain[32*(i+1)+:32])
      );
    end
  endgenerate

  always_ff @(posedge clk) begin
    // What is counted is cleared a cycle later, which is still before the first step.
    counter_rst_q <= rst;
    hits_q <= hits_d;
    if (rst) hits_q <= '0;
  end

endmodule

`default_nettype wire
