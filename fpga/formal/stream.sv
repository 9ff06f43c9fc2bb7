// The stream of beats through the whole top, its classifier replaced by a delay of one byte a lane.
//
// With IS_REAL, with the classifier as it is, for 16 descriptors. Nothing is assumed of either
// side, nor of resets after the first. All properties are inductive, together with what `exposed`
// states, so that they hold without a bound. Order, no loss and no duplication: any one beat is
// marked when it is taken, and the number of beats ahead of it counted down; it must be the one
// given when none is ahead, and at any time lie at the place this says.
`default_nettype none

module stream #(
    parameter int LANES = 1,
    // To reach what is to be reached: a source that always offers, a sink that stops for a while.
    parameter int IS_DIRECTED = 0,
    // With the classifier as it is: the source chooses among 16 descriptors of known verdicts.
    parameter int IS_REAL = 0
) (
    input wire                 clk,
    input wire                 rst,
    input wire [192*LANES-1:0] any_tdata,
    input wire [3:0]           choice,
    input wire [24*LANES-1:0]  s_axis_tkeep,
    input wire                 s_axis_tvalid,
    input wire                 s_axis_tlast,
    input wire                 m_axis_tready,
    input wire                 do_mark
);

  localparam int LATENCY = capdesc_pkg::LATENCY;
  localparam int DEPTH = LATENCY - 1;
  localparam int SIDE_BITS = LANES + 1;
  localparam int WIDTH = 9 * LANES + 1;

  wire [192*LANES-1:0] s_axis_tdata;
  // What comes out for it: a byte for each lane.
  wire [8*LANES-1:0] bytes_in;
  wire s_axis_tready;
  wire [8*LANES-1:0] m_axis_tdata;
  wire [LANES-1:0] m_axis_tkeep;
  wire m_axis_tvalid;
  wire m_axis_tlast;
  wire [DEPTH-1:0] valid;
  wire [DEPTH*SIDE_BITS-1:0] side;
  wire [15:0] counted;
  wire [15:0] fill;
  wire [3:0] read_index;
  wire [16*WIDTH-1:0] memory;
  wire [8:0] inside;
  wire holds;

  exposed #(
      .LANES(LANES)
  ) u_exposed (
      .clk(clk),
      .rst(rst),
      .s_axis_tdata(s_axis_tdata),
      .s_axis_tkeep(s_axis_tkeep),
      .s_axis_tvalid(s_axis_tvalid),
      .s_axis_tlast(s_axis_tlast),
      .s_axis_tready(s_axis_tready),
      .m_axis_tdata(m_axis_tdata),
      .m_axis_tkeep(m_axis_tkeep),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tlast(m_axis_tlast),
      .m_axis_tready(m_axis_tready),
      .inject_lanes({LANES{1'b0}}),
      .inject_index(9'd0),
      .valid(valid),
      .side(side),
      .counted(counted),
      .fill(fill),
      .read_index(read_index),
      .memory(memory),
      .inside(inside),
      .holds(holds)
  );

  // Of the payload, the stage that a beat of age i + 1 is in.
  wire [8*LANES*DEPTH-1:0] payload;
  generate
    for (genvar lane = 0; lane < LANES; lane = lane + 1) begin : gen_lane
      for (genvar i = 0; i < DEPTH; i = i + 1) begin : gen_stage
        logic [7:0] byte_q;
        if (i == 0) begin : gen_first
          always_ff @(posedge clk) byte_q <= bytes_in[8*lane+:8];
        end else begin : gen_next
          always_ff @(posedge clk) byte_q <= gen_lane[lane].gen_stage[i-1].byte_q;
        end
        assign payload[8*(LANES*i+lane)+:8] = byte_q;
      end
    end
  endgenerate

  // Seen from outside.

  wire taken = s_axis_tvalid & s_axis_tready;
  wire given = m_axis_tvalid & m_axis_tready;
  wire [LANES-1:0] kept;
  generate
    for (genvar lane = 0; lane < LANES; lane = lane + 1) begin : gen_in
      assign kept[lane] = s_axis_tkeep[24*lane+23];
      if (IS_REAL) begin : gen_real
        capdesc_samples u_samples (
            .choice(choice),
            .descriptor(s_axis_tdata[192*lane+:192]),
            .verdict(bytes_in[8*lane+:8])
        );
      end else begin : gen_any
        assign s_axis_tdata[192*lane+:192] = any_tdata[192*lane+:192];
        assign bytes_in[8*lane+:8] = s_axis_tdata[192*lane+:8];
      end
    end
  endgenerate
  wire [WIDTH-1:0] beat_in = {s_axis_tlast, kept, bytes_in};
  wire [WIDTH-1:0] beat_out = {m_axis_tlast, m_axis_tkeep, m_axis_tdata};

  logic is_reset_q = 1'b0;
  // Beats inside, the cycles in which there are some and none is offered, and whether the sink has
  // held nothing back since the last time that none was inside.
  logic [8:0] inside_q;
  logic [7:0] silent_q;
  logic is_free_q;
  // Since the reset.
  logic is_always_free_q;
  logic was_reset_q;
  logic [LATENCY-1:0] taken_q;
  logic held_q;
  logic [WIDTH-1:0] held_beat_q;
  logic is_marked_q;
  logic [8:0] ahead_q;
  logic [WIDTH-1:0] marked_q;

  always_ff @(posedge clk) begin
    was_reset_q <= rst;
    inside_q <= inside_q + {8'd0, taken} - {8'd0, given};
    silent_q <= inside_q != 0 & !m_axis_tvalid ? silent_q + 8'd1 : 8'd0;
    if (inside_q == 0) is_free_q <= 1'b1;
    if (m_axis_tvalid & !m_axis_tready) is_free_q <= 1'b0;
    if (m_axis_tvalid & !m_axis_tready) is_always_free_q <= 1'b0;
    taken_q <= {taken_q[LATENCY-2:0], taken};
    held_q <= m_axis_tvalid & !m_axis_tready;
    held_beat_q <= beat_out;
    if (is_marked_q) begin
      if (given) ahead_q <= ahead_q - 9'd1;
      if (given & ahead_q == 0) is_marked_q <= 1'b0;
    end else if (taken & do_mark) begin
      is_marked_q <= 1'b1;
      ahead_q <= inside_q - {8'd0, given};
      marked_q <= beat_in;
    end
    if (rst) begin
      is_reset_q <= 1'b1;
      inside_q <= 0;
      silent_q <= 0;
      is_free_q <= 1'b1;
      is_always_free_q <= 1'b1;
      taken_q <= 0;
      held_q <= 1'b0;
      is_marked_q <= 1'b0;
    end
  end

  // Where the marked beat must lie.

  wire [WIDTH*DEPTH-1:0] stages;
  wire [DEPTH-1:0] is_astray;
  wire [8:0] in_queue = inside - in_pipeline(valid, DEPTH);

  // Beats in the lowest `count` stages, those that came last.
  function automatic logic [8:0] in_pipeline(input logic [DEPTH-1:0] bits, input int count);
    in_pipeline = 0;
    for (int i = 0; i < DEPTH; i = i + 1)
      if (i < count) in_pipeline = in_pipeline + {8'd0, bits[i]};
  endfunction

  generate
    for (genvar i = 0; i < DEPTH; i = i + 1) begin : gen_stage
      assign stages[WIDTH*i+:WIDTH] = {
        side[SIDE_BITS*i+:SIDE_BITS], payload[8*LANES*i+:8*LANES]
      };
      // This stage's beat has all but itself and the later ones ahead of it.
      assign is_astray[i] = valid[i] & ahead_q == inside - in_pipeline(valid, i + 1)
          & stages[WIDTH*i+:WIDTH] != marked_q;
    end
  endgenerate

  wire [3:0] place = read_index + ahead_q[3:0] - 4'd1;
  wire [WIDTH-1:0] stored = memory[WIDTH*place+:WIDTH];

  always_comb begin
    if (!is_reset_q) assume (rst);
    if (is_reset_q) begin
      // Handshake: what is offered stays until it is given.
      if (held_q) assert (m_axis_tvalid & beat_out == held_beat_q);
      // No loss, no duplication: as many inside as were taken and not given, none from nothing.
      assert (inside == inside_q);
      assert (!(given & inside_q == 0));
      // A beat inside is offered, whether or not the sink is ready.
      assert (silent_q <= LATENCY - 1 & (inside_q != 0 | silent_q == 0));
      // Order and content.
      if (is_marked_q & m_axis_tvalid & ahead_q == 0) assert (beat_out == marked_q);
      // Latency, from edge to edge, where none waits; and never is the source held back then.
      if (is_free_q) assert (m_axis_tvalid == taken_q[LATENCY-1]);
      if (is_always_free_q & !was_reset_q) assert (s_axis_tready);

      // What makes these inductive.
      assert (holds);
      assert (taken_q[DEPTH-1:0] == valid);
      if (is_free_q) assert (fill == 0);
      if (is_always_free_q) assert (is_free_q);
      if (is_always_free_q) assert (counted[15:LATENCY+1] == 0);
      if (is_marked_q) assert (ahead_q < inside_q);
      if (is_marked_q & ahead_q != 0 & ahead_q < in_queue) assert (stored == marked_q);
      if (is_marked_q) assert (is_astray == 0);
      if (inside_q != 0 & !m_axis_tvalid) assert (valid >> silent_q != 0 | silent_q == 0);
    end
  end

  // The properties above are about something.
  logic [5:0] cycle_q = 6'd0;
  always_ff @(posedge clk) cycle_q <= cycle_q + 6'd1;

  always_comb begin
    if (IS_DIRECTED) begin
      assume (s_axis_tvalid);
      assume (m_axis_tready == (cycle_q < 12 | cycle_q > 30));
      assume (rst == (cycle_q == 0));
    end
    if (is_reset_q & !rst) begin
      cover (inside == 16);
      cover (fill[14]);
      cover (s_axis_tvalid & !s_axis_tready & inside_q == 16);
      cover (&taken_q & given);
      cover (is_marked_q & given & ahead_q == 0 & !is_free_q);
      cover (is_marked_q & given & ahead_q == 0 & is_free_q & m_axis_tlast);
      cover (given & fill != 0 & fill != 16'h7FFF);
    end
  end

endmodule

`default_nettype wire
