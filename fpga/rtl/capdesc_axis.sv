// Capability descriptors in, verdicts out: AXI4-Stream both ways, LANES descriptors a beat.
//
// Initiation interval: 1 cycle. Latency: capdesc_pkg::LATENCY cycles from the edge that takes a
// beat to the edge that can give its verdicts, for every beat that finds no other waiting.
//
// A descriptor is 24 bytes in wire order, the first in the lowest bits; its verdict is the byte at
// the same place. A packet is a whole number of descriptors, packed from lane 0; its last beat may
// hold fewer than LANES. s_axis_tkeep is looked at once for each descriptor, at its last byte, so
// that a truncated descriptor gets no verdict rather than a wrong one.
//
// Nothing stops inside: the source is held back while the queue behind the pipeline might overflow.
// All outputs are registered. Input data is registered before anything else.
`default_nettype none

module capdesc_axis #(
    parameter int LANES = 1
) (
    input wire clk,
    input wire rst,

    input  wire  [192*LANES-1:0] s_axis_tdata,
    input  wire  [24*LANES-1:0]  s_axis_tkeep,
    input  wire                  s_axis_tvalid,
    input  wire                  s_axis_tlast,
    output logic                 s_axis_tready,

    output logic [8*LANES-1:0] m_axis_tdata,
    output logic [LANES-1:0]   m_axis_tkeep,
    output logic               m_axis_tvalid,
    output logic               m_axis_tlast,
    input  wire                m_axis_tready,

    // Performance counters: see capdesc_registers.
    input  wire  [7:0]  s_axil_awaddr,
    input  wire         s_axil_awvalid,
    output logic        s_axil_awready,
    input  wire  [31:0] s_axil_wdata,
    input  wire  [3:0]  s_axil_wstrb,
    input  wire         s_axil_wvalid,
    output logic        s_axil_wready,
    output logic [1:0]  s_axil_bresp,
    output logic        s_axil_bvalid,
    input  wire         s_axil_bready,
    input  wire  [7:0]  s_axil_araddr,
    input  wire         s_axil_arvalid,
    output logic        s_axil_arready,
    output logic [31:0] s_axil_rdata,
    output logic [1:0]  s_axil_rresp,
    output logic        s_axil_rvalid,
    input  wire         s_axil_rready,

    // Fault injection: see capdesc_inject. A bit of inject_lanes asks for an upset in its lane.
    input wire [LANES-1:0] inject_lanes,
    input wire [8:0]       inject_index
);

  localparam int DEPTH = capdesc_pkg::LATENCY - 1;
  // Twice what a source and a sink at full pace keep inside, as a power of two.
  localparam int BEATS = 16;
  localparam int SIDE_BITS = LANES + 1;

  initial begin
    if (LANES != 1 && LANES != 2 && LANES != 4 && LANES != 8) $fatal(1, "LANES: 1, 2, 4 or 8");
  end

  wire taken = s_axis_tvalid & s_axis_tready;
  wire given = m_axis_tvalid & m_axis_tready;

  // What travels beside the data: valid, the lanes that hold a descriptor, and the packet's end.

  wire [LANES-1:0] kept;
  logic [DEPTH-1:0] valid_q;
  // What happened in the cycle before, and what was at the output then.
  logic given_q;
  logic source_stalled_q;
  logic sink_stalled_q;
  logic [9*LANES-1:0] was_out_q;
  logic [DEPTH*SIDE_BITS-1:0] side_q;
  wire [SIDE_BITS-1:0] side_end = side_q[(DEPTH-1)*SIDE_BITS+:SIDE_BITS];

  generate
    for (genvar lane = 0; lane < LANES; lane = lane + 1) begin : gen_kept
      assign kept[lane] = s_axis_tkeep[24*lane+23];
      wire unused_keep = ^s_axis_tkeep[24*lane+:23];
    end
  endgenerate

  always_ff @(posedge clk) begin
    valid_q <= {valid_q[DEPTH-2:0], taken};
    side_q <= {side_q[(DEPTH-1)*SIDE_BITS-1:0], s_axis_tlast, kept};
    given_q <= given;
    source_stalled_q <= s_axis_tvalid & !s_axis_tready;
    sink_stalled_q <= m_axis_tvalid & !m_axis_tready;
    was_out_q <= {m_axis_tkeep, m_axis_tdata};
    if (rst) begin
      valid_q <= '0;
      given_q <= 1'b0;
      source_stalled_q <= 1'b0;
      sink_stalled_q <= 1'b0;
    end
  end

  // The classifier, once for each lane.

  wire [8*LANES-1:0] verdicts;

  generate
    for (genvar lane = 0; lane < LANES; lane = lane + 1) begin : gen_lane
      wire [capdesc_pkg::INJECT_BITS-1:0] flips;

      capdesc_inject u_inject (
          .clk(clk),
          .rst(rst),
          .request(inject_lanes[lane]),
          .index(inject_index),
          .flips(flips)
      );

      capdesc_lane u_lane (
          .clk(clk),
          .flips(flips),
          .descriptor(s_axis_tdata[192*lane+:192]),
          .verdict(verdicts[8*lane+:8])
      );
    end
  endgenerate

  // Room, and the queue that makes use of it.

  capdesc_credit #(
      .BEATS(BEATS)
  ) u_credit (
      .clk(clk),
      .rst(rst),
      .was_taken(valid_q[0]),
      .was_given(given_q),
      .ready(s_axis_tready)
  );

  capdesc_queue #(
      .WIDTH(8 * LANES + SIDE_BITS),
      .BEATS(BEATS)
  ) u_queue (
      .clk(clk),
      .rst(rst),
      .in_valid(valid_q[DEPTH-1]),
      .in_data({side_end, verdicts}),
      .out_valid(m_axis_tvalid),
      .out_data({m_axis_tlast, m_axis_tkeep, m_axis_tdata}),
      .out_ready(m_axis_tready)
  );

  // Performance counters.

  wire [2:0] snapshot;
  wire [capdesc_pkg::COUNTER_COUNT-1:0] select;
  wire select_high;
  wire [31:0] read_head;
  wire [31:0] read_word;

  capdesc_stats #(
      .LANES(LANES)
  ) u_stats (
      .clk(clk),
      .rst(rst),
      .taken(side_q[LANES-1:0] & {LANES{valid_q[0]}}),
      .given(was_out_q[8*LANES+:LANES] & {LANES{given_q}}),
      .verdicts(was_out_q[8*LANES-1:0]),
      .source_stalled(source_stalled_q),
      .sink_stalled(sink_stalled_q),
      .snapshot(snapshot),
      .read_head(read_head),
      .select(select),
      .select_high(select_high),
      .read_word(read_word)
  );

  capdesc_registers #(
      .LANES(LANES)
  ) u_registers (
      .clk(clk),
      .rst(rst),
      .s_axil_awaddr(s_axil_awaddr),
      .s_axil_awvalid(s_axil_awvalid),
      .s_axil_awready(s_axil_awready),
      .s_axil_wdata(s_axil_wdata),
      .s_axil_wstrb(s_axil_wstrb),
      .s_axil_wvalid(s_axil_wvalid),
      .s_axil_wready(s_axil_wready),
      .s_axil_bresp(s_axil_bresp),
      .s_axil_bvalid(s_axil_bvalid),
      .s_axil_bready(s_axil_bready),
      .s_axil_araddr(s_axil_araddr),
      .s_axil_arvalid(s_axil_arvalid),
      .s_axil_arready(s_axil_arready),
      .s_axil_rdata(s_axil_rdata),
      .s_axil_rresp(s_axil_rresp),
      .s_axil_rvalid(s_axil_rvalid),
      .s_axil_rready(s_axil_rready),
      .snapshot(snapshot),
      .read_head(read_head),
      .select(select),
      .select_high(select_high),
      .read_word(read_word)
  );

`ifndef SYNTHESIS
  capdesc_rules #(
      .WIDTH(8 * LANES + SIDE_BITS)
  ) u_output_rules (
      .clk(clk),
      .rst(rst),
      .valid(m_axis_tvalid),
      .ready(m_axis_tready),
      .beat({m_axis_tlast, m_axis_tkeep, m_axis_tdata})
  );

  capdesc_rules #(
      .WIDTH(2)
  ) u_write_rules (
      .clk(clk),
      .rst(rst),
      .valid(s_axil_bvalid),
      .ready(s_axil_bready),
      .beat(s_axil_bresp)
  );

  capdesc_rules #(
      .WIDTH(34)
  ) u_read_rules (
      .clk(clk),
      .rst(rst),
      .valid(s_axil_rvalid),
      .ready(s_axil_rready),
      .beat({s_axil_rresp, s_axil_rdata})
  );
`endif

endmodule

`default_nettype wire
