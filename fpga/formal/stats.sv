// What the counters are stepped by, against the events two cycles before.
`default_nettype none

module stats #(
    parameter int LANES = 1
) (
    input wire               clk,
    input wire               rst,
    input wire [LANES-1:0]   taken,
    input wire [LANES-1:0]   given,
    input wire [8*LANES-1:0] verdicts,
    input wire               source_stalled,
    input wire               sink_stalled
);

  localparam int STEP_BITS = $clog2(LANES + 1);

  wire [12*STEP_BITS-1:0] steps;

  exposed_stats #(
      .LANES(LANES)
  ) u_exposed (
      .clk(clk),
      .rst(rst),
      .taken(taken),
      .given(given),
      .verdicts(verdicts),
      .source_stalled(source_stalled),
      .sink_stalled(sink_stalled),
      .steps(steps)
  );

  logic [LANES-1:0] taken_q;
  logic [LANES-1:0] given_q;
  logic [8*LANES-1:0] verdicts_q;
  logic [1:0] stalled_q;
  logic [95:0] events_q;
  logic [1:0] is_known_q = 2'b00;
  // Twelve numbers of a byte.
  logic [95:0] events_d;

  always_comb begin
    events_d = 0;
    for (int i = 0; i < LANES; i = i + 1) begin
      events_d[7:0] = events_d[7:0] + {7'd0, taken_q[i]};
      events_d[15:8] = events_d[15:8] + {7'd0, given_q[i]};
      if (given_q[i]) begin
        case (verdicts_q[8*i+:8] >> 5)
          8'd1: events_d[39:32] = events_d[39:32] + 8'd1;
          8'd2: events_d[47:40] = events_d[47:40] + 8'd1;
          8'd3: events_d[55:48] = events_d[55:48] + 8'd1;
          8'd4: events_d[63:56] = events_d[63:56] + 8'd1;
          default: ;
        endcase
        case (verdicts_q[8*i+:8] & 8'd3)
          8'd0: events_d[71:64] = events_d[71:64] + 8'd1;
          8'd1: events_d[79:72] = events_d[79:72] + 8'd1;
          8'd2: events_d[87:80] = events_d[87:80] + 8'd1;
          default: events_d[95:88] = events_d[95:88] + 8'd1;
        endcase
      end
    end
    events_d[23:16] = {7'd0, stalled_q[0]};
    events_d[31:24] = {7'd0, stalled_q[1]};
  end

  always_ff @(posedge clk) begin
    taken_q <= rst ? 0 : taken;
    given_q <= rst ? 0 : given;
    stalled_q <= rst ? 0 : {sink_stalled, source_stalled};
    verdicts_q <= verdicts;
    events_q <= events_d;
    is_known_q <= {is_known_q[0], 1'b1};
  end

  wire [11:0] is_right;

  generate
    for (genvar i = 0; i < 12; i = i + 1) begin : gen_counter
      assign is_right[i] = steps[STEP_BITS*i+:STEP_BITS] == events_q[8*i+:8];
    end
  endgenerate

  always_comb begin
    if (is_known_q[1]) begin
      assert (&is_right);
      // A verdict has one decision.
      assert (events_q[15:8] == events_q[71:64] + events_q[79:72] + events_q[87:80]
          + events_q[95:88]);
    end
  end

  always_comb cover (is_known_q[1] & events_q[15:8] == LANES & events_q[55:48] == LANES);

endmodule

`default_nettype wire
