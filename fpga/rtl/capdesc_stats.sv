// Twelve performance counters. What is counted comes from registers, is sorted, then added up over
// the lanes, then counted: four cycles behind the stream, all alike, so that a copy is consistent
// in itself: the decisions add up to the verdicts given.
`default_nettype none

module capdesc_stats #(
    parameter int LANES = 1
) (
    input  wire                clk,
    input  wire                rst,
    // Lanes of the beat that was taken, and of the beat that was given, in the cycle before.
    input  wire  [LANES-1:0]   taken,
    input  wire  [LANES-1:0]   given,
    input  wire  [8*LANES-1:0] verdicts,
    input  wire                source_stalled,
    input  wire                sink_stalled,
    input  wire  [2:0]         snapshot,
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
  logic counter_rst_q;

  assign read_chain[31:0] = read_head;
  assign high_chain[0] = select_high;
  assign read_word = read_chain[32*COUNTERS+:32];

  // A bit for each lane, where the lane's byte begins, so that a simulator sorts all lanes at once.
  localparam int BITS = 8 * LANES;
  wire [BITS-1:0] taken_at;
  wire [BITS-1:0] given_at;
  wire [BITS-1:0] unused_risk = verdicts >> 2;
  wire [BITS-1:0] decision0 = verdicts;
  wire [BITS-1:0] decision1 = verdicts >> 1;
  wire [BITS-1:0] fault0 = verdicts >> 5;
  wire [BITS-1:0] fault1 = verdicts >> 6;
  wire [BITS-1:0] fault2 = verdicts >> 7;
  wire [BITS*COUNTERS-1:0] hits_d;

  generate
    for (genvar lane = 0; lane < LANES; lane = lane + 1) begin : gen_lane
      assign taken_at[8*lane+:8] = {7'd0, taken[lane]};
      assign given_at[8*lane+:8] = {7'd0, given[lane]};
    end
  endgenerate

  assign hits_d[0*BITS+:BITS] = taken_at;
  assign hits_d[1*BITS+:BITS] = given_at;
  // Cycles, not descriptors.
  assign hits_d[2*BITS+:BITS] = {{(BITS - 1) {1'b0}}, source_stalled};
  assign hits_d[3*BITS+:BITS] = {{(BITS - 1) {1'b0}}, sink_stalled};
  assign hits_d[4*BITS+:BITS] = given_at & ~fault2 & ~fault1 & fault0;
  assign hits_d[5*BITS+:BITS] = given_at & ~fault2 & fault1 & ~fault0;
  assign hits_d[6*BITS+:BITS] = given_at & ~fault2 & fault1 & fault0;
  assign hits_d[7*BITS+:BITS] = given_at & fault2 & ~fault1 & ~fault0;
  assign hits_d[8*BITS+:BITS] = given_at & ~decision1 & ~decision0;
  assign hits_d[9*BITS+:BITS] = given_at & ~decision1 & decision0;
  assign hits_d[10*BITS+:BITS] = given_at & decision1 & ~decision0;
  assign hits_d[11*BITS+:BITS] = given_at & decision1 & decision0;

  generate
    for (genvar i = 0; i < COUNTERS; i = i + 1) begin : gen_counter
      logic [BITS-1:0] hits_q;
      logic [STEP_BITS-1:0] step_d;
      logic [STEP_BITS-1:0] step_q;

      always_comb begin
        step_d = '0;
        for (int lane = 0; lane < LANES; lane = lane + 1) begin
          step_d = step_d + {{(STEP_BITS - 1) {1'b0}}, hits_q[8*lane]};
        end
      end

      always_ff @(posedge clk) begin
        hits_q <= hits_d[i*BITS+:BITS];
        if (rst) hits_q <= '0;
        step_q <= step_d;
      end

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
  end

endmodule

`default_nettype wire
